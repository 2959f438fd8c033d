/** `retries`, `retry-on` (HAProxy manual 4.2) and our `retry-budget`. */
import { integer, required } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import { proxyDirective } from '../directive.ts';
import { DEFAULT_RETRY_BUDGET, DEFAULT_RETRY_ON } from '../draft.ts';
import type { Argument, Cursor, Directive } from '../directive.ts';
import type { ProxyDraft } from '../draft.ts';
import type { RetryBudgetSettings, RetryOn } from '../model.ts';

const HTTP_STATUSES = [401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504];

/** The names of the gRPC status codes from 1 (gRPC, "Status codes"), as other proxies' configurations write them. */
const GRPC_STATUSES = [
  'cancelled', 'unknown', 'invalid-argument', 'deadline-exceeded', 'not-found', 'already-exists', 'permission-denied', 'resource-exhausted',
  'failed-precondition', 'aborted', 'out-of-range', 'unimplemented', 'internal', 'unavailable', 'data-loss', 'unauthenticated',
];

const CONDITIONS: Readonly<Record<string, Partial<RetryOn>>> = {
  'conn-failure': { connFailure: true },
  'empty-response': { emptyResponse: true },
  'junk-response': { junkResponse: true },
  'response-timeout': { responseTimeout: true },
  // HAProxy's also has 0rtt-rejected, which cannot happen here.
  'all-retryable-errors': { connFailure: true, emptyResponse: true, junkResponse: true, responseTimeout: true, httpStatuses: [500, 502, 503, 504] },
};

const WORDS = ['none', ...Object.keys(CONDITIONS), ...HTTP_STATUSES.map(String), ...GRPC_STATUSES];

const conditions: Argument<RetryOn> = {
  usage: '<condition>...',
  describe: `<condition>: ${Object.keys(CONDITIONS).join(', ')}; an HTTP status (${HTTP_STATUSES.join(', ')}); `
    + `a gRPC status (${GRPC_STATUSES.join(', ')}); or none, alone`,
  take: (cursor, context) => {
    const first = required(cursor, context, 'a condition, such as unavailable, or none');
    if (first === undefined) return undefined;
    if (first.text === 'none') return { ...DEFAULT_RETRY_ON, connFailure: false };
    let result = DEFAULT_RETRY_ON;
    for (let token: typeof first | undefined = first; token !== undefined; token = cursor.next()) {
      const more = condition(token.text);
      if (more === undefined) {
        const near = nearest(token.text, WORDS);
        const hint = near === null ? `expected ${conditions.describe.replace('<condition>: ', '')}` : `did you mean '${near}'?`;
        if (token.text === 'none') context.report.error("'none' stands alone in 'retry-on'", token.position);
        else if (token.text === '0rtt-rejected') context.report.error("'0rtt-rejected' is not supported by Pillion yet", token.position);
        else context.report.error(`'${token.text}' is not a condition of 'retry-on'`, token.position, hint);
        return undefined;
      }
      result = {
        ...result, ...more,
        httpStatuses: [...new Set([...result.httpStatuses, ...(more.httpStatuses ?? [])])],
        grpcStatuses: [...new Set([...result.grpcStatuses, ...(more.grpcStatuses ?? [])])],
      };
    }
    return result;
  },
};

function condition(text: string): Partial<RetryOn> | undefined {
  if (Object.hasOwn(CONDITIONS, text)) return CONDITIONS[text];
  const grpc = GRPC_STATUSES.indexOf(text);
  if (grpc >= 0) return { grpcStatuses: [grpc + 1] };
  const http = HTTP_STATUSES.find((status) => String(status) === text);
  return http === undefined ? undefined : { httpStatuses: [http] };
}

const percent = integer('percent', 0, 100);
const minimum = integer('n', 0, 1_000_000);

const budget: Argument<RetryBudgetSettings> = {
  usage: '<percent> [min <n>]',
  describe: '<percent>: 0 to 100, of the streams of the last ten seconds; <n>: retries a second that are allowed in any case, default 3',
  take: (cursor, context) => {
    const share = percent.take(cursor, context);
    if (share === undefined) return undefined;
    if (cursor.peek()?.text !== 'min') return { ...DEFAULT_RETRY_BUDGET, percent: share };
    const least = takeBehind(cursor, () => minimum.take(cursor, { ...context, directive: 'min' }));
    return least === undefined ? undefined : { percent: share, minPerSecond: least };
  },
};

function takeBehind<T>(cursor: Cursor, take: () => T): T {
  const word = cursor.next();
  if (word !== undefined) cursor.head = word.position;
  return take();
}

export const RETRY_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'retries', sections: ['defaults', 'listen', 'backend'], arguments: [integer('number', 0, 1_000_000)], origin: 'haproxy',
    summary: 'How often a stream is tried again.', default: '3', example: 'retries 3',
    details: 'Failed connects, refused streams and streams above the last id of a GOAWAY were not processed and are tried again in any '
      + "case; what else is, 'retry-on' says. All count here, but for the first retry of a refused stream.",
    apply: (proxy, [retries]) => { proxy.settings.retries = retries; },
  }),
  proxyDirective({
    name: 'retry-on', sections: ['defaults', 'listen', 'backend'], arguments: [conditions], origin: 'haproxy', default: 'conn-failure',
    summary: 'After which failures a stream that a server may have processed is sent again.',
    details: "Only calls that may run twice should be. Each line replaces the one before. Nothing of the response may have reached the "
      + 'client, and the request must be held whole: see tune.bufsize. The names of gRPC statuses are ours: they count when the '
      + 'status is all that the server sent, or when it came together with the header, before any message. conn-failure is always '
      + "meant but for 'none', with which only streams that a server refused unprocessed are sent again. response-timeout is for HTTP: calls of "
      + 'gRPC have deadlines of their own. In raw TCP only failed connects can be tried again.',
    example: 'retry-on unavailable resource-exhausted 503',
    apply: (proxy, [retryOn]) => { proxy.settings.retryOn = retryOn; },
  }),
  proxyDirective({
    name: 'retry-budget', sections: ['defaults', 'listen', 'backend'], arguments: [budget], origin: 'pillion', default: '20 min 3',
    summary: 'How many streams of a backend may be sent again by retry-on.',
    details: 'A backend in trouble would be driven deeper into it by retries. Counted over ten seconds; beyond it clients get the '
      + "answer as it came. What no server processed (failed connects, refused streams) is free. 'no retry-budget': no limit.",
    example: 'retry-budget 10 min 1',
    apply: (proxy, [settings]) => { proxy.settings.retryBudget = settings; },
    undo: (proxy) => { proxy.settings.retryBudget = null; },
  }),
];
