/** Joins servers to their checks. */
import type { BackendSettings, ServerAddress, ServerSettings } from '../config/model.ts';
import { dialHost } from '../pool/address.ts';
import type { Server } from '../pool/server.ts';
import { checkTimeouts, type CheckAddress } from './check.ts';
import { GrpcCheck } from './grpc-check.ts';
import { HealthMonitor } from './monitor.ts';
import { checkReport } from './report.ts';
import { TcpCheck } from './tcp-check.ts';

/**
 * Checks `server` as its `check` keyword and its backend say, and sets its status.
 * @returns null when it cannot be checked: no `check`, or an address whose port depends on the client. One that is `disabled` is not
 * checked until an operator enables it.
 */
export function supervise(server: Server, address: ServerAddress, backend: BackendSettings): HealthMonitor | null {
  const { settings } = server;
  const target = checkAddress(address, settings);
  if (!settings.check || target === null) return null;
  const timeouts = checkTimeouts(settings.interMs, backend.connectTimeoutMs, backend.checkTimeoutMs);
  const tls = server.checkConnector;
  const check = backend.grpcCheck === null
    ? new TcpCheck(target, timeouts.connectMs, { sendProxy: settings.checkSendProxy, tls })
    : new GrpcCheck(target, backend.grpcCheck, timeouts.totalMs, tls);
  const monitor = new HealthMonitor(
    {
      rise: settings.rise,
      fall: settings.fall,
      interMs: settings.interMs,
      fastInterMs: settings.fastInterMs,
      downInterMs: settings.downInterMs,
      spreadPercent: backend.checkSpread.percent,
      firstWithinMs: backend.checkSpread.firstWithinMs,
      onFailure: () => {
        server.counters.checksFailed++;
      },
      onResult: ({ reason }, durationMs, points) => {
        server.check = { ...checkReport(reason), durationMs, points };
      },
    },
    check,
    (status, reason) => server.setStatus(status, reason),
  );
  if (!settings.disabled) monitor.start();
  return monitor;
}

function checkAddress(address: ServerAddress, { checkPort, checkAddr }: ServerSettings): CheckAddress | null {
  if (checkAddr !== null && checkPort !== null) return { host: checkAddr, port: checkPort };
  switch (address.kind) {
    case 'tcp': {
      const port = checkPort ?? (address.port.kind === 'fixed' ? address.port.port : null);
      return port === null ? null : { host: checkAddr ?? dialHost(address.host, ''), port };
    }
    case 'unix':
      return { path: address.path };
    case 'abstract':
      return { path: `\0${address.name}` };
  }
}
