/**
 * Whom a stream waits for, which is what HAProxy's timeouts are about: `timeout client` and `timeout server` "apply when the client
 * (the server) is expected to acknowledge or send data" (manual 4.2). Pure.
 */

export type Party = 'client' | 'server';

/** A time and the directive that set it. */
export interface TimeLimit {
  readonly ms: number;
  readonly name: string;
}

/** What is known of a stream on its server. */
export interface StreamState {
  readonly grpc: boolean;
  /** CONNECT, answered with success: both sides may send whenever they like. */
  readonly tunnel: boolean;
  readonly requestEnded: boolean;
  readonly responseEnded: boolean;
  /** Octets that a side was handed and has not taken: its window is shut, or it does not read. */
  readonly heldForClient: number;
  readonly heldForServer: number;
  /** In the middle of a gRPC message. */
  readonly requestPartial: boolean;
  readonly responsePartial: boolean;
}

/**
 * Who has to do something now; null: nobody, since calls of gRPC may be quiet for as long as they like between messages. Whether
 * their peers are still there is asked by PING, and how long a call may take is the caller's deadline.
 */
export function whoseTurn(stream: StreamState): Party | null {
  if (stream.heldForClient > 0 || stream.responseEnded) return 'client';
  if (stream.heldForServer > 0) return 'server';
  if (stream.grpc) {
    if (stream.requestPartial) return 'client';
    return stream.responsePartial ? 'server' : null;
  }
  return stream.requestEnded && !stream.tunnel ? 'server' : 'client';
}

/** What the log says when the time of `party` is over. */
export function describeSilence(party: Party, limit: TimeLimit, held: number, server: string): string {
  const who = party === 'client' ? 'the client' : server;
  return held > 0 ? `${limit.name}: ${who} took nothing for ${limit.ms} ms` : `${limit.name}: nothing from ${who} for ${limit.ms} ms`;
}
