/** The log: one JSON line per stream, by pino, on the targets of the configuration. */
import { pino, stdTimeFunctions } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel, LogTarget } from '../../config/model.ts';
import type { Observer } from '../../model/observer.ts';
import type { StreamRecord } from '../../model/records.ts';
import type { Report } from '../warning.ts';
import { descriptorDestination } from './destination.ts';
import type { Destination } from './destination.ts';
import { connectionFields, isFailure, isUsable, serverText, streamFields } from './lines.ts';
import { syslogDestination } from './syslog.ts';

export interface LogOptions {
  /** The `log` lines of `global`: operational events, and the streams of frontends that {@link frontends} does not name. */
  readonly targets: readonly LogTarget[];
  /** A frontend's own `log` lines, by its name. */
  readonly frontends: ReadonlyMap<string, readonly LogTarget[]>;
  /** The process id, for syslog's tag. */
  readonly pid: number;
  /** Told when lines cannot be written; must not lead back to this log. */
  readonly report: Report;
}

export type LogObserver = Observer & {
  /** Lines lost so far, all targets together. */
  readonly dropped: number;
  /**
   * Resolves with true when all lines so far are out, with false when they are not after `timeoutMs`. After a false the
   * process may not be able to end by itself: a write to a pipe that nobody reads holds a thread that Node.js waits for.
   */
  flush(timeoutMs: number): Promise<boolean>;
  close(): void;
};

/** pino's levels with syslog's `notice` between info and warn: what operators ask for when they want events but no traffic. */
type PillionLogger = Logger<'notice', false>;

/** pino's numbers by the least severe level that passes; lines are written at 30 info, 35 notice, 40 warn and 50 error. */
const LEAST: Readonly<Record<LogLevel, string>> = {
  emerg: 'fatal', alert: 'fatal', crit: 'fatal', err: 'error', warning: 'warn', notice: 'notice', info: 'info', debug: 'debug',
};

/** Syslog's numbers (RFC 5424 table 2). */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { emerg: 0, alert: 1, crit: 2, err: 3, warning: 4, notice: 5, info: 6, debug: 7 };

/** pino's method for a line of `set-log-level`. */
const METHODS = {
  emerg: 'fatal', alert: 'fatal', crit: 'fatal', err: 'error', warning: 'warn', notice: 'notice', info: 'info', debug: 'debug',
} as const;

/**
 * Makes the log. A target that cannot exist is an error here, and trouble later on is reported, never thrown.
 * Streams of frontends whose `log.enabled` is false cost one branch.
 */
export function createLogObserver(options: LogOptions): LogObserver {
  const destinations = new Map<string, Destination>();
  const destinationOf = (target: LogTarget): Destination => {
    // Streams to the same place share it, so that lines are whole.
    const key = `${target.target} ${target.target.startsWith('udp://') ? target.facility : ''} ${target.maxLength ?? ''}`;
    const known = destinations.get(key);
    if (known !== undefined) return known;
    const made = cut(openDestination(target, options), target);
    destinations.set(key, made);
    return made;
  };
  const loggersOf = (targets: readonly LogTarget[]): readonly PillionLogger[] =>
    targets.map((target) => openLogger(destinationOf(target), target));

  const general = loggersOf(options.targets);
  const byFrontend = new Map([...options.frontends].map(([name, targets]) => [name, loggersOf(targets)]));
  const loggersFor = (frontend: string): readonly PillionLogger[] => byFrontend.get(frontend) ?? general;
  const targetsFor = (frontend: string): readonly LogTarget[] => options.frontends.get(frontend) ?? options.targets;

  const logStream = (stream: StreamRecord): void => {
    const { frontend } = stream.connection;
    if (!frontend.log.enabled || stream.logLevel === 'silent') return;
    const level = stream.logLevel === null ? (isFailure(stream) ? 'warn' : 'info') : METHODS[stream.logLevel];
    if (stream.logLine !== null) {
      // As in HAProxy, a line of `log-format` is info, however the stream ended.
      const severity = SEVERITIES[stream.logLevel ?? 'info'];
      for (const target of targetsFor(frontend.name)) {
        if (severity <= SEVERITIES[target.maxLevel]) destinationOf(target).write(`${stream.logLine}\n`, Math.max(severity, leastOf(target)));
      }
      return;
    }
    const fields = streamFields(stream);
    for (const logger of loggersFor(frontend.name)) logger[level](fields, 'stream');
  };

  return {
    streamEnded(stream) {
      if (stream.logged) return;
      if (stream.connection.frontend.log.skipNull && stream.kind === 'tcp' && stream.bytesIn === 0 && stream.bytesOut === 0) return;
      logStream(stream);
    },
    streamAnswered: logStream,
    connectionEnded(connection, streams, reason) {
      const { frontend } = connection;
      if (!frontend.log.enabled || (streams > 0 && reason === '')) return;
      if (frontend.log.skipNull && streams === 0 && reason === '') return;
      const fields = connectionFields(connection, streams, reason);
      for (const logger of loggersFor(frontend.name)) logger.info(fields, 'connection');
    },
    protocolError(side, where, code, reason) {
      for (const logger of general) logger.warn({ side, where, code, cause: reason }, 'protocol error');
    },
    serverChanged(backend, server, from, reason) {
      const fields = { backend: backend.name, server: server.name, server_address: server.address, from, to: server.status };
      const text = serverText(backend, server, reason);
      const stranded = !backend.servers.some((other) => isUsable(other.status));
      for (const logger of general) {
        if (isUsable(server.status)) logger.notice(fields, text);
        else logger.warn(fields, text);
        if (stranded) logger.error({ backend: backend.name }, `backend ${backend.name} has no server available!`);
      }
    },
    event(level, message, details) {
      for (const logger of general) logger[level === 'info' ? 'notice' : level](details, message);
    },
    get dropped() {
      let sum = 0;
      for (const destination of destinations.values()) sum += destination.dropped;
      return sum;
    },
    async flush(timeoutMs) {
      const results = await Promise.all([...destinations.values()].map((destination) => destination.flush(timeoutMs)));
      return results.every(Boolean);
    },
    close() {
      for (const destination of destinations.values()) destination.close();
    },
  };
}

function openDestination(target: LogTarget, options: LogOptions): Destination {
  const { target: text } = target;
  if (text === 'stdout') return descriptorDestination(1, text, options.report);
  if (text === 'stderr') return descriptorDestination(2, text, options.report);
  if (/^fd@\d{1,9}$/.test(text)) return descriptorDestination(Number(text.slice(3)), text, options.report);
  if (text.startsWith('udp://')) {
    const { host, port } = parseUdp(text);
    return syslogDestination({ host, port, facility: target.facility, pid: options.pid }, options.report);
  }
  if (text.startsWith('unix:')) {
    throw new Error(`log target '${text}': Node.js has no unix datagram sockets; use udp://host:port, stdout or stderr`);
  }
  throw new Error(`log target '${text}' is none of stdout, stderr, fd@N, udp://host:port`);
}

/** `udp://host:port`, the port 514 unless given. */
function parseUdp(text: string): { readonly host: string; readonly port: number } {
  const match = /^udp:\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^:/[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? 514 : Number(match[3]);
  if (host === undefined || port < 1 || port > 65_535) throw new Error(`log target '${text}' is not udp://host:port`);
  return { host, port };
}

/** Severities by pino's level numbers (RFC 5424 table 2). */
function severityOf(level: number): number {
  if (level >= 60) return 2;
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  if (level >= 35) return 5;
  return level >= 30 ? 6 : 7;
}

/** `<min-level>`: the smallest severity number that lines are sent with. */
function leastOf({ minLevel }: LogTarget): number {
  return minLevel === undefined ? 0 : SEVERITIES[minLevel];
}

/** `len` (HAProxy manual 4.2 "log"). Its default of 1024 is not ours: half a JSON line is of no use. */
function cut(destination: Destination, { maxLength: limit }: LogTarget): Destination {
  if (limit === undefined) return destination;
  return {
    get dropped() {
      return destination.dropped;
    },
    write(line, severity) {
      // A line of fewer characters than a third of the limit has no more octets than it (UTF-8, RFC 3629 §3).
      const long = line.length * 3 > limit && Buffer.byteLength(line) > limit;
      destination.write(long ? `${Buffer.from(line).subarray(0, limit - 1).toString().replace(/\uFFFD$/, '')}\n` : line, severity);
    },
    flush: (timeoutMs) => destination.flush(timeoutMs),
    close: () => destination.close(),
  };
}

function openLogger(destination: Destination, target: LogTarget): PillionLogger {
  const least = leastOf(target);
  const sink = {
    // pino leaves the current line's level here when the stream asks for metadata.
    [Symbol.for('pino.metadata')]: true as const,
    lastLevel: 30,
    write(line: string): void {
      destination.write(line, Math.max(severityOf(sink.lastLevel), least));
    },
  };
  return pino({
    base: null,
    level: LEAST[target.maxLevel],
    customLevels: { notice: 35 },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: stdTimeFunctions.isoTime,
  }, sink);
}
