/** Joins servers to their checks. */
import type { BackendSettings, ServerAddress, ServerSettings } from '../config/model.ts';
import { dialHost } from '../pool/address.ts';
import type { Server } from '../pool/server.ts';
import { checkTimeouts, type CheckAddress } from './check.ts';
import { GrpcCheck } from './grpc-check.ts';
import { HttpCheck } from './http-check.ts';
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
  const connection = { sendProxy: settings.checkSendProxy, tls };
  const check = backend.grpcCheck !== null
    ? new GrpcCheck(target, backend.grpcCheck, timeouts.totalMs, tls)
    : backend.httpCheck !== null
      ? new HttpCheck(target, backend.httpCheck, timeouts, connection, () => describeState(server, backend))
      : new TcpCheck(target, timeouts.connectMs, connection);
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

/** `http-check send-state` (HAProxy manual 4.2): name, weight, load. */
function describeState({ name, status, weight, counters }: Server, backend: BackendSettings): string {
  return `${status === 'no check' ? 'UP' : status}; name=${backend.name}/${name}; weight=${weight}; scur=${counters.streamsCurrent}`;
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
