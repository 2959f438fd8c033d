/** What is sent again, and where to: `retry-on`, `option redispatch` (HAProxy manual 4.2). Pure. */
import type { RetryOn } from '../config/model.ts';
import { statusName } from '../grpc/status.ts';
import type { ResetCause } from '../model/exchange.ts';
import { CANCEL, NO_ERROR } from '../h2/errors.ts';

/**
 * Whether retry number `retry` (from 1) of at most `retries` may go to another server.
 *
 * @param interval `option redispatch`: n: every n-th retry; -n: the n-th of those that are left, counted from the last; 0: never
 */
export function mayRedispatch(interval: number, retry: number, retries: number): boolean {
  if (interval === 0) return false;
  const every = interval > 0 ? interval : retries + 1 + interval;
  return every <= 1 || retry % every === 0;
}

/** Whether any condition but a failed connect is to be retried. */
export function retriesProcessed(retryOn: RetryOn): boolean {
  return retryOn.emptyResponse || retryOn.junkResponse || retryOn.responseTimeout || retriesAnswers(retryOn);
}

/** Whether some answers of servers are not for the client. */
export function retriesAnswers({ httpStatuses, grpcStatuses }: RetryOn): boolean {
  return httpStatuses.length > 0 || grpcStatuses.length > 0;
}

/** Whether a stream that ended so, before anything of its response came, is to be sent again. */
export function retriesReset({ emptyResponse, junkResponse }: RetryOn, code: number, cause: ResetCause): boolean {
  // A connection that the server closed or lost has these codes; where it broke HTTP/2 the code says which rule.
  const empty = cause === 'peer' || (cause === 'connection' && (code === CANCEL || code === NO_ERROR));
  return empty ? emptyResponse : junkResponse;
}

/**
 * What is wrong with an answer that is to be tried again, in words; empty: it is for the client.
 * @param grpcStatus -1: none yet
 */
export function retriedAnswer({ httpStatuses, grpcStatuses }: RetryOn, httpStatus: number, grpcStatus: number): string {
  if (httpStatuses.includes(httpStatus)) return `status ${httpStatus}`;
  return grpcStatuses.includes(grpcStatus) ? statusName(grpcStatus) : '';
}
