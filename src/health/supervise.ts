/** Joins servers to their checks. */
import type { BackendSettings, ServerAddress, ServerSettings } from '../config/model.ts';
import { dialHost } from '../pool/address.ts';
import type { CheckReport, Server } from '../pool/server.ts';
import { checkTimeouts, type CheckAddress } from './check.ts';
import { GrpcCheck } from './grpc-check.ts';
import { HttpCheck } from './http-check.ts';
import { HealthMonitor } from './monitor.ts';
import { checkReport } from './report.ts';
import { TcpCheck } from './tcp-check.ts';
import type { Word } from './verdict.ts';

/**
 * Checks `server` as its `check` keyword and its backend say, and sets its status.
 * @param log takes the lines of `option log-health-checks`
 * @returns null when it cannot be checked: no `check`, or an address whose port depends on the client. One that is `disabled` is not
 * checked until an operator enables it.
 */
export function supervise(
  server: Server, address: ServerAddress, backend: BackendSettings, log: (text: string) => void = () => {},
): HealthMonitor | null {
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
      onResult: ({ word, reason }, durationMs, points) => {
        const before = server.check;
        const report = { ...checkReport(reason), durationMs, points };
        server.check = report;
        if (backend.logHealthChecks !== true) return;
        if (report.status !== before?.status || report.code !== before.code || points !== before.points) log(describeCheck(server, backend, word, reason, report));
      },
    },
    check,
    (status, reason) => server.setStatus(status, reason),
  );
  if (!settings.disabled) monitor.start();
  return monitor;
}

/** In HAProxy's words. `status` is how far the next change is: up from `rise` on, at most rise + fall − 1. */
function describeCheck({ name, settings }: Server, backend: BackendSettings, word: Word, reason: string, { durationMs, points }: CheckReport): string {
  const { rise, fall } = settings;
  const up = points >= rise;
  const result = word === 'fail' ? 'failed' : word === 'pass' || word === 'serving' ? 'succeeded' : 'conditionally succeeded';
  const steps = up ? `${points - rise + 1}/${fall} UP` : `${points}/${rise} DOWN`;
  const who = `${settings.backup ? 'backup ' : ''}server ${backend.name}/${name}`;
  return `Health check for ${who} ${result}, reason: ${reason}, check duration: ${Math.round(durationMs)}ms, status: ${steps}.`;
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
