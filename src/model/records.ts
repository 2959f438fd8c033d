/** What observers read: plain views of connections, streams, servers. The data path fills them in; observers never write. */
import type { FieldList, RequestFacts } from './fields.ts';
import type { TlsRecord } from './tls.ts';

/** One accepted connection. */
export interface ConnectionRecord {
  /** Unique in this process, counted from 1. */
  readonly id: number;
  readonly frontend: FrontendRecord;
  /** Empty for unix sockets. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** null: cleartext, or not known yet. */
  readonly tls: TlsRecord | null;
  /** Monotonic milliseconds (time/clock.ts). */
  readonly acceptedAt: number;
  /** 'unknown' until detection has ended. */
  readonly protocol: 'unknown' | 'h1' | 'h2' | 'tcp';
}

export interface FrontendRecord {
  readonly name: string;
  /** Which observers log its streams, and how: from `option httplog|tcplog|dontlognull` and `log`. */
  readonly log: LogSettings;
  readonly counters: FrontendCounters;
}

export interface LogSettings {
  readonly enabled: boolean;
  /** `option dontlognull`: connections that carried no data are not logged. */
  readonly skipNull: boolean;
  /** `option logasap`: streams are logged when their response begins, raw connections when their server is connected. Left out: at their end. */
  readonly asap?: boolean;
}

export interface FrontendCounters {
  connectionsTotal: number;
  connectionsCurrent: number;
  connectionsMax: number;
  streamsTotal: number;
  streamsCurrent: number;
  bytesIn: number;
  bytesOut: number;
  protocolErrors: number;
  /** Things that honest peers do rarely (tune.h2.fe.glitches-threshold). */
  glitches: number;
  /** Connections ended because there were too many of those, or because the client did not read. */
  floods: number;
  detectTimeouts: number;
  /** Done; among them those that resumed a session; and those that failed. */
  tlsHandshakes: number;
  tlsResumed: number;
  tlsFailures: number;
  /** PROXY protocol headers that were malformed, missing or late. */
  proxyHeaderErrors: number;
}

export interface BackendRecord {
  readonly name: string;
  readonly servers: readonly ServerRecord[];
  readonly counters: BackendCounters;
}

export interface BackendCounters {
  streamsTotal: number;
  /** Running, on the way to a server, or waiting for one: now, and at most so far. */
  streamsCurrent: number;
  streamsMax: number;
  /** Waiting for a server's slot: now, and at most so far. */
  queued: number;
  queuedMax: number;
  retries: number;
  /** Not made, for want of budget (`retry-budget`). */
  retriesRefused: number;
  redispatches: number;
  /** Streams that found no server. */
  unserved: number;
}

/**
 * A server's state as operators know it (HAProxy's stats page). NOLB and DRAIN take no new streams and keep running ones: the server
 * itself asked for the one, an operator for the other.
 */
export type ServerStatus = 'UP' | 'DOWN' | 'NOLB' | 'DRAIN' | 'MAINT' | 'no check';

export interface ServerRecord {
  readonly name: string;
  readonly backendName: string;
  /** For logs: `address:port` or the socket's path. */
  readonly address: string;
  readonly status: ServerStatus;
  readonly weight: number;
  readonly counters: ServerCounters;
}

export interface ServerCounters {
  streamsTotal: number;
  /** Streams (and raw TCP connections) running on the server now: what leastconn compares. */
  streamsCurrent: number;
  streamsMax: number;
  connectionsTotal: number;
  connectionsCurrent: number;
  connectFailures: number;
  refused: number;
  /** Rules of the protocol that the server broke, and what honest servers do rarely (tune.h2.be.glitches-threshold). */
  protocolErrors: number;
  glitches: number;
  bytesIn: number;
  bytesOut: number;
  checksFailed: number;
  transitionsDown: number;
}

/**
 * One stream, or one raw TCP connection, at its end (and, as far as known, while it runs).
 * Times are milliseconds, -1 where the phase was not reached.
 */
export interface StreamRecord {
  readonly kind: 'h1' | 'h2' | 'tcp';
  readonly connection: ConnectionRecord;
  readonly backend: BackendRecord | null;
  /** The last server tried. */
  readonly server: ServerRecord | null;
  /** TLS with it; null: none. Left out: not known. */
  readonly serverTls?: TlsRecord | null;
  /** Null for raw TCP. */
  readonly request: RequestFacts | null;
  /** HTTP status, -1 when no response header section was sent to the client. */
  readonly httpStatus: number;
  /** gRPC status sent to the client, -1 when none was (not gRPC, or reset). */
  readonly grpcStatus: number;
  /** Body bytes; from the client and to the client. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Complete gRPC messages; 0 for anything else. */
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Monotonic milliseconds at which the request's header section arrived. */
  readonly startedAt: number;
  /** Waiting for a server: queue, until the last attempt's connection was asked for. */
  readonly queueMs: number;
  /** From then until a connection took the stream. */
  readonly connectMs: number;
  /** From then until the response's header section. */
  readonly responseMs: number;
  /** Whole life of the stream. */
  readonly totalMs: number;
  readonly retries: number;
  /** What led to them, the first few; null when there were none. */
  readonly attempts: readonly Attempt[] | null;
  /** True when a retry went to another server. */
  readonly redispatched: boolean;
  /** HAProxy's two-character termination state (configuration manual 8.5), `--` when normal. */
  readonly termination: string;
  /** What went wrong, in words; empty when nothing did. */
  readonly cause: string;
  readonly span: TraceSpan | null;
  /** It was told by `streamAnswered` already. */
  readonly logged: boolean;
  /** What `log-format` makes of the stream; null: the line is JSON. */
  readonly logLine: string | null;
  /** Of `set-log-level`: the line's level, or none; null: as it comes. */
  readonly logLevel: 'emerg' | 'alert' | 'crit' | 'err' | 'warning' | 'notice' | 'info' | 'debug' | 'silent' | null;
}

/** A try that came to nothing and was followed by another. */
export interface Attempt {
  /** The server's name. */
  readonly server: string;
  /** What went wrong, in words. */
  readonly cause: string;
  /** When, monotonic milliseconds. */
  readonly at: number;
}

/** A sampled stream's span. Streams that are not sampled have none. */
export interface TraceSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Field whose incoming value {@link headers} replaces, e.g. `traceparent`. */
  readonly replaces: string;
  /** What the server is sent, so that it sees this span as its parent. */
  readonly headers: FieldList;
  /** Ends the span with what the record says. */
  end(record: StreamRecord): void;
}
