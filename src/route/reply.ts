/** Responses that rules make: deny, return, redirect. */
import { FieldList } from '../model/fields.ts';
import { GRPC_STATUS, encodeMessage, statusOfHttp } from '../grpc/status.ts';
import type { LogFormat } from './log-format.ts';
import type { Evaluation } from './context.ts';
import type { RulePage } from './scope.ts';

/** What the client gets. An empty body may still have a status that allows one. */
export interface Reply {
  readonly status: number;
  readonly fields: FieldList;
  readonly body: Buffer;
  /** The status of a reply of trailers only, -1: it is none. */
  readonly grpcStatus: number;
  /** Nothing was said but the status: the page that errors of this status have is as good. */
  readonly plain: boolean;
  /** Why, for the log. */
  readonly cause: string;
}

/** A reply as the configuration has it. */
export interface ReplyTemplate {
  readonly status: number;
  readonly contentType: string | null;
  readonly headers: readonly { readonly name: string; readonly value: LogFormat }[];
  readonly body: Buffer | LogFormat | null;
  /** `default-errorfiles`: the page that errors of this status have. */
  readonly errorPage: boolean;
  /** `errorfile`, `errorfiles`: the whole response. */
  readonly page: RulePage | null;
  /** Of deny and its kin, for which an error page is what is sent when nothing else is said. */
  readonly refusal: boolean;
}

/** What to put in place of a plain refusal's body. */
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 408: 'Request Timeout',
  410: 'Gone', 413: 'Content Too Large', 421: 'Misdirected Request', 422: 'Unprocessable Content', 425: 'Too Early', 429: 'Too Many Requests',
  431: 'Request Header Fields Too Large', 500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout',
};

/**
 * Renders `template`. To a gRPC client an error is a grpc-status in a response of trailers only (gRPC, "HTTP to gRPC Status Code
 * Mapping"), unless the template says what to send: a grpc-status, or a content type.
 */
export function renderReply(template: ReplyTemplate, context: Evaluation, grpc: boolean, cause: string): Reply {
  const { status } = template;
  const headers = template.headers.map(({ name, value }) => [name, value.render(context)] as const).filter(([, value]) => value !== '');
  const written = headers.find(([name]) => name === 'grpc-status');
  if (grpc && (written !== undefined || (status >= 400 && template.contentType === null))) {
    const own = written === undefined ? statusOfHttp(status) : Number(written[1]);
    const code = Number.isInteger(own) && own >= 0 ? own : GRPC_STATUS.UNKNOWN;
    const text = template.body === null ? cause : bodyOf(template, context).toString('utf8').trim();
    const others = headers.filter(([name]) => name !== 'grpc-status');
    const message = others.some(([name]) => name === 'grpc-message') ? [] : [['grpc-message', encodeMessage(text)] as const];
    const fields = FieldList.of([':status', '200'], ['content-type', 'application/grpc'], ['grpc-status', String(code)], ...message, ...clean(others));
    return { status: 200, fields, body: NO_BODY, grpcStatus: code, plain: false, cause };
  }
  const page = template.page?.page;
  if (page !== undefined && page !== null) {
    const { status: code, body } = page;
    const length = bodiless(code) ? [] : [['content-length', String(body.length)] as const];
    return { status: code, fields: FieldList.of([':status', String(code)], ...page.fields, ...length), body: bodiless(code) ? NO_BODY : Buffer.from(body), grpcStatus: -1, plain: false, cause };
  }
  const plain = (template.errorPage || template.refusal) && template.body === null && template.contentType === null && status >= 400;
  const body = plain ? Buffer.from(`${status} ${REASONS[status] ?? cause}\n`) : bodyOf(template, context);
  const type = template.contentType ?? 'text/plain; charset=utf-8';
  const fields = FieldList.of(
    [':status', String(status)],
    ...(body.length > 0 ? [['content-type', type] as const] : []),
    ...(bodiless(status) ? [] : [['content-length', String(body.length)] as const]),
    ...(plain ? [['cache-control', 'no-cache'] as const] : []),
    ...clean(headers),
  );
  return { status, fields, body: bodiless(status) ? NO_BODY : body, grpcStatus: -1, plain: plain && headers.length === 0, cause };
}

export interface RedirectTemplate {
  readonly kind: 'location' | 'prefix' | 'scheme';
  readonly value: LogFormat;
  readonly code: number;
  readonly dropQuery: boolean;
  readonly appendSlash: boolean;
  readonly ignoreEmpty: boolean;
  /** Values of set-cookie fields. */
  readonly cookies: readonly string[];
}

const TEMPORARY: ReadonlySet<number> = new Set([302, 303, 307]);

/** null: `ignore-empty`, and nothing to go to. */
export function renderRedirect(template: RedirectTemplate, context: Evaluation, host: string, pathAndQuery: string): Reply | null {
  const value = template.value.render(context);
  if (template.ignoreEmpty && value === '') return null;
  let location = value;
  if (template.kind !== 'location') {
    const mark = pathAndQuery.indexOf('?');
    let path = mark < 0 ? pathAndQuery : pathAndQuery.slice(0, mark);
    const query = mark < 0 || template.dropQuery ? '' : pathAndQuery.slice(mark);
    if (template.appendSlash && !path.endsWith('/')) path += '/';
    // A prefix of "/" alone adds nothing (HAProxy manual 4.2, "redirect").
    location = template.kind === 'scheme' ? `${value}://${host}${path}${query}` : `${value === '/' ? '' : value}${path}${query}`;
  }
  const fields = FieldList.of(
    [':status', String(template.code)], ['content-length', '0'], ...(TEMPORARY.has(template.code) ? [['cache-control', 'no-cache'] as const] : []), ['location', safe(location)], ...template.cookies.map((cookie) => ['set-cookie', cookie] as const),
  );
  return { status: template.code, fields, body: NO_BODY, grpcStatus: -1, plain: false, cause: `redirected to ${location.slice(0, 200)}` };
}

const NO_BODY = Buffer.alloc(0);

function bodyOf({ body }: ReplyTemplate, context: Evaluation): Buffer {
  if (body === null) return NO_BODY;
  return Buffer.isBuffer(body) ? body : Buffer.from(body.render(context), 'latin1');
}

function bodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

function clean(headers: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return headers.map(([name, value]) => [name, safe(value)] as const);
}

function safe(value: string): string {
  return value.replace(/[\0\r\n]+/g, ' ').trim();
}
