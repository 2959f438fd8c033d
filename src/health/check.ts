/** The seam between the health monitor and the kinds of check. */
import type { DialSettings } from '../pool/dial.ts';
import type { Word } from './verdict.ts';

/** Where a server is checked. `path` is that of a unix socket; it begins with a NUL for an abstract one. */
export type CheckAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** What precedes the protocol of a check's connection. */
export type CheckConnection = Pick<DialSettings, 'sendProxy' | 'tls'>;

export const CLEARTEXT: CheckConnection = { sendProxy: null, tls: null };

export interface CheckResult {
  readonly word: Word;
  /** For logs, in the terms of HAProxy's check statuses (management manual 9.1 "check_desc"). */
  readonly reason: string;
}

/** What the monitor is told. */
export interface CheckSink {
  /** Ends the running probe. */
  onResult(result: CheckResult): void;
  /** The server's status changed, or its loss was noticed, without a probe running. */
  onPush(result: CheckResult): void;
  /** Nothing is wrong, but a probe is wanted before the interval is over. */
  onProbeWanted(): void;
}

/** One kind of check of one server. */
export interface Check {
  /** Begins a probe: `sink.onResult` is called once, within the check's timeout, after this call returned. Not while one runs. */
  probe(sink: CheckSink): void;
  /** Ends everything that is open. Nothing is reported any more. */
  close(): void;
}

/** How long a probe may take, milliseconds. */
export interface CheckTimeouts {
  readonly connectMs: number;
  /** Connecting included. */
  readonly totalMs: number;
}

/**
 * HAProxy manual 4.2 "timeout check": without it a check may take `inter` in all; with it, connecting may take the smaller of
 * `timeout connect` and `inter`, and the answer `timeout check` more. All in milliseconds, null: not set.
 */
export function checkTimeouts(interMs: number, connectTimeoutMs: number | null, checkTimeoutMs: number | null): CheckTimeouts {
  if (checkTimeoutMs === null) return { connectMs: interMs, totalMs: interMs };
  const connectMs = Math.min(connectTimeoutMs ?? interMs, interMs);
  return { connectMs, totalMs: connectMs + checkTimeoutMs };
}
