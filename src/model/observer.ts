/**
 * What the data path tells whoever watches. Rooms know this interface only; src/proxy.ts composes the observers once.
 * No method may throw, block or keep a record beyond what it needs.
 */
import type { BackendRecord, ConnectionRecord, FrontendRecord, ServerRecord, ServerStatus, StreamRecord } from './records.ts';

export interface Observer {
  /** A stream or raw TCP connection ended. The record is final. */
  streamEnded(stream: StreamRecord): void;
  /** `option logasap`: the stream's response has begun, or its server is connected. {@link streamEnded} follows, with a record that says so. */
  streamAnswered(stream: StreamRecord): void;
  /** A connection ended; `streams` is how many it carried. `reason` is empty for an ordinary close. */
  connectionEnded(connection: ConnectionRecord, streams: number, reason: string): void;
  /** A peer broke its protocol: `side` says which, `where` names the connection, `reason` cites the rule. */
  protocolError(side: 'client' | 'server', where: string, code: number, reason: string): void;
  serverChanged(backend: BackendRecord, server: ServerRecord, from: ServerStatus, reason: string): void;
  /** An operational event worth a line: listening, draining, exporter down … */
  event(level: 'info' | 'warn' | 'error', message: string, details: Readonly<Record<string, string | number>>): void;
}

/** A silent observer; also the base from which tests and partial observers spread. */
export const SILENT: Observer = {
  streamEnded() {},
  streamAnswered() {},
  connectionEnded() {},
  protocolError() {},
  serverChanged() {},
  event() {},
};

/** Names of what can be scraped: everything that counters are read from. */
export interface Counted {
  readonly frontends: readonly FrontendRecord[];
  readonly backends: readonly BackendRecord[];
}
