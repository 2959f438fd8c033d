/** Errors that the proxy makes, as the client's protocol has them; and what peers did, in words. */
import { FieldList } from '../model/fields.ts';
import type { Half, ResetCause } from '../model/exchange.ts';
import { CANCEL, errorName, INTERNAL_ERROR } from '../h2/errors.ts';
import type { ErrorPage } from '../config/http-settings.ts';
import { encodeMessage, GRPC_STATUS, trailersOnly } from '../grpc/status.ts';

export interface ProxyError {
  readonly grpcStatus: number;
  readonly httpStatus: number;
  readonly message: string;
}

export const HEADERS_TOO_LARGE: ProxyError = {
  grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED, httpStatus: 431, message: 'the header list of the request is too large',
};

/**
 * Ends the response: on gRPC with a grpc-status, as a response of trailers only or, where the response has begun, in its trailers;
 * else with an HTTP status and a page, or RST_STREAM where it is too late for that.
 *
 * @param head the request is HEAD: there is no body (RFC 9110 §9.3.2)
 */
export function respondWithError(client: Half, grpc: boolean, head: boolean, begun: boolean, error: ProxyError, page: ErrorPage): void {
  const { grpcStatus, message } = error;
  if (begun && grpc) {
    client.sendTrailers(FieldList.of(['grpc-status', String(grpcStatus)], ['grpc-message', encodeMessage(message)]));
  } else if (begun) {
    client.reset(INTERNAL_ERROR);
  } else if (grpc) {
    client.sendHeaders(trailersOnly(grpcStatus, message), null, true);
  } else {
    const { status, fields, body } = page;
    if (status === 0) return client.reset(CANCEL);
    const bare = head || body.length === 0;
    client.sendHeaders(FieldList.of([':status', String(status)], ['content-length', String(body.length)], ...fields), null, bare);
    if (!bare) client.sendData(body, 0, body.length, true);
  }
}

/** How the client ended a stream. */
export function clientReset(code: number, cause: ResetCause): string {
  if (cause === 'connection') return 'client closed the connection';
  return cause === 'local' ? 'client broke the protocol' : `client reset the stream: ${errorName(code)}`;
}

/** How the server ended a stream; `by`: the server, or the proxy because the server broke a rule. */
export function serverReset(code: number, cause: ResetCause, server: string): ProxyError & { readonly by: 'S' | 'P' } {
  const { UNAVAILABLE, INTERNAL } = GRPC_STATUS;
  if (cause === 'connection') return { by: 'S', grpcStatus: UNAVAILABLE, httpStatus: 502, message: `connection to ${server} was lost` };
  if (cause === 'local') return { by: 'P', grpcStatus: INTERNAL, httpStatus: 502, message: `${server} broke the protocol: ${errorName(code)}` };
  return { by: 'S', grpcStatus: UNAVAILABLE, httpStatus: 502, message: `${server} reset the stream: ${errorName(code)}` };
}
