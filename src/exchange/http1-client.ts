/** A client that speaks HTTP/1: each of its requests is an exchange, and what cannot be taken is answered with an error. */
import type { FrontendSettings } from '../config/model.ts';
import type { Half } from '../model/exchange.ts';
import { Http1ServerSession } from '../h1/server-session.ts';
import type { ServerHalf } from '../h1/server-half.ts';
import type { SessionTimeouts } from '../session/timeouts.ts';
import { GRPC_STATUS } from '../grpc/status.ts';
import type { SessionSocket } from '../transport/session-socket.ts';
import type { ExchangeContext } from './context.ts';
import { Exchange } from './exchange.ts';
import { RuledStream } from './ruled-stream.ts';

/** Octets of a body that may be under way to a server. */
const WINDOW = 64 * 1024;

/** The client's connection, as far as HTTP/1 needs it. */
export interface Http1Context extends ExchangeContext {
  readonly readyAt: number;
  readonly secure: boolean;
  streamBegan(): void;
  /** An exchange for a request that came on `client`. */
  open(client: Half): Exchange | RuledStream;
  malformed(reason: string): void;
  finished(reason: string): void;
}

export function serveHttp1(
  context: Http1Context, socket: SessionSocket, settings: FrontendSettings, timeouts: SessionTimeouts, first: Buffer | null,
): Http1ServerSession {
  const options = {
    scheme: context.secure ? 'https' as const : 'http' as const,
    limits: settings.httpLimits,
    keepAlive: settings.http.connection !== 'close',
    window: WINDOW,
    head: timeouts.firstStream,
    idle: timeouts.idle,
  };
  const begin = (half: ServerHalf): Exchange | RuledStream => {
    context.streamBegan();
    const exchange = context.open(half);
    half.sink = exchange;
    return exchange;
  };
  const session = new Http1ServerSession(socket, options, context.readyAt, {
    onRequest: begin,
    onRefused(half, refusal, cause) {
      if (cause === 'malformed') context.malformed(refusal.reason);
      const exchange = half.sink instanceof Exchange || half.sink instanceof RuledStream ? half.sink : begin(half);
      const error = { grpcStatus: GRPC_STATUS.INVALID_ARGUMENT, httpStatus: refusal.status, message: refusal.reason };
      exchange.refuse(null, true, error, termination(cause, half.request !== null));
    },
    onEnded: (reason) => context.finished(reason),
  });
  socket.start(session, first);
  return session;
}

/** HAProxy's termination state (manual 8.5): who ended it, and whether that was in the request's head or its body. */
function termination(cause: 'malformed' | 'timeout' | 'aborted', inBody: boolean): string {
  const who = cause === 'malformed' ? 'P' : cause === 'timeout' ? 'c' : 'C';
  return `${who}${inBody ? 'D' : 'R'}`;
}

