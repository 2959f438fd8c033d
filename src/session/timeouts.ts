/** How long HTTP/2 connections wait for what. One object serves all connections of a bind or server. */

/** A time and the directive that set it, which the log names. */
export interface TimeLimit {
  readonly ms: number;
  readonly name: string;
}

/** PING on quiet connections. */
export interface IdlePing {
  /** Nothing read for so long: the peer is asked. null: never. */
  readonly afterMs: number | null;
  /** How long the answer may take. */
  readonly timeoutMs: number;
  /** Also without streams. */
  readonly always: boolean;
}

/** Inactivity of clients, milliseconds; null: not set. */
export interface ClientLimits {
  readonly clientTimeoutMs: number | null;
  readonly httpRequestTimeoutMs: number | null;
  readonly keepAliveTimeoutMs: number | null;
}

export interface SessionTimeouts {
  /** Until the peer's SETTINGS have come. */
  readonly handshake: TimeLimit;
  /** A connection without streams is closed after this, before its first stream and after; null: never. */
  readonly firstStream: TimeLimit | null;
  readonly idle: TimeLimit | null;
  readonly ping: IdlePing;
  /** The peer acknowledges our SETTINGS within the time of {@link handshake} (RFC 9113 §6.5.3). */
  readonly acknowledges: boolean;
}

const DEFAULT_HANDSHAKE: TimeLimit = { ms: 10_000, name: 'no timeout is set' };

/**
 * Of a client's connection, with HAProxy's fall-backs (manual 4.2): `timeout http-request` until the first stream,
 * `timeout http-keep-alive` between streams, each the next wider one where it is not set, `timeout client` at last.
 */
export function clientTimeouts(frontend: ClientLimits, ping: IdlePing): SessionTimeouts {
  const client = limit(frontend.clientTimeoutMs, 'timeout client');
  const request = limit(frontend.httpRequestTimeoutMs, 'timeout http-request') ?? client;
  return {
    handshake: request ?? DEFAULT_HANDSHAKE,
    firstStream: request,
    idle: limit(frontend.keepAliveTimeoutMs, 'timeout http-keep-alive') ?? request,
    ping,
    acknowledges: true,
  };
}

/** Of a connection to a server, which is kept. */
export function serverTimeouts(connectMs: number, ping: IdlePing): SessionTimeouts {
  return { handshake: { ms: connectMs, name: 'timeout connect' }, firstStream: null, idle: null, ping, acknowledges: false };
}

function limit(ms: number | null, name: string): TimeLimit | null {
  return ms === null ? null : { ms, name };
}
