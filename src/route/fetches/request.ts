/** Fetches of the request line and the body (HAProxy manual 7.3.6). */
import { fetch } from '../declare.ts';
import { parseAddress } from '../address.ts';
import { avalanche, sdbm } from '../hashes.ts';
import { hostOf, parameter, pathAndQuery, pathOf, queryOf, urlOf } from '../uri.ts';
import type { Evaluation } from '../context.ts';
import type { Fetch } from '../declare.ts';

const request = { needs: 'request' } as const;
const body = { needs: 'body' } as const;
function url({ request: message }: Evaluation): string | null {
  return message === null ? null : urlOf(message);
}

const NONE = new Uint8Array(0);

export const REQUEST_FETCHES: readonly Fetch[] = [
  fetch('base', 'str', 'Host and path, without the query.', request, () => ({ request: message }) => {
    const path = message === null ? null : pathOf(message);
    return message === null || path === null ? null : `${hostOf(message) ?? ''}${path}`;
  }),
  fetch('base32', 'int', 'A 32-bit hash of base.', request, () => ({ request: message }) =>
    (message === null ? null : avalanche(sdbm(`${hostOf(message) ?? ''}${pathOf(message) ?? ''}`)))),
  fetch('capture.req.method', 'str', 'The method as it came.', request, () => ({ original }) => original?.get(':method') ?? null),
  fetch('capture.req.uri', 'str', "The request's target as it came.", request, () => ({ original }) => original?.get(':path') ?? null),
  fetch('capture.req.ver', 'str', 'HTTP/2.0 and the like, as the client spoke.', request, () => ({ version }) => `HTTP/${version}`),
  fetch('http_first_req', 'bool', 'Whether this is the first request of its connection.', request, () => ({ first }) => first),
  fetch('method', 'meth', 'The method.', request, () => ({ request: message }) => message?.get(':method') ?? null),
  fetch('path', 'str', 'The path, without the query.', request, () => ({ request: message }) => (message === null ? null : pathOf(message))),
  fetch('pathq', 'str', 'Path and query.', request, () => ({ request: message }) => (message === null ? null : pathAndQuery(message))),
  fetch('query', 'str', 'The query, without the question mark.', request, () => ({ request: message }) => (message === null ? null : queryOf(message))),
  fetch('req.body', 'bin', "The request's body as far as it has come ('http-request wait-for-body' waits for it).", body, () => (context) => context.body?.().bytes ?? NONE),
  fetch('req.body_len', 'int', 'Octets of the body that have come.', body, () => (context) => context.body?.().bytes.length ?? 0),
  fetch('req.body_param', 'str', 'A parameter of a body in the form application/x-www-form-urlencoded.', { args: 'name:text [flag:text]', needs: 'body' }, (args) => {
    const ignoreCase = args.text(1) === 'i';
    return (context) => parameter(Buffer.from(context.body?.().bytes ?? NONE).toString('latin1'), args.text(0), ignoreCase);
  }),
  fetch('req.body_size', 'int', "The body's announced size (content-length), else what has come.", body, () => (context) => {
    const announced = context.request?.get('content-length');
    return announced === undefined ? (context.body?.().bytes.length ?? 0) : Number(announced);
  }),
  fetch('req.ver req_ver', 'str', 'The HTTP version of the client: 2.0, 1.1.', request, () => ({ request: message, version }) => (message === null ? null : version)),
  fetch('url', 'str', "The request's target; absolute in HTTP/2.", request, () => url),
  fetch('url32', 'int', 'A 32-bit hash of host and target.', request, () => ({ request: message }) =>
    (message === null ? null : avalanche(sdbm(`${hostOf(message) ?? ''}${pathAndQuery(message) ?? ''}`)))),
  fetch('url_ip', 'ipv4', "The address in the target's authority, when it is one.", request, () => (context) => {
    const host = /^[a-z][a-z0-9+.-]*:\/\/([^/:]+)/i.exec(url(context) ?? '')?.[1];
    return host === undefined ? null : parseAddress(host);
  }),
  fetch('url_param urlp', 'str', "A parameter of the query; flag i: whatever its case.", { args: '[name:text] [delimiter:text] [flag:text]', needs: 'request' }, (args) => {
    const ignoreCase = args.text(2) === 'i';
    const mark = args.text(1) === '' ? '?' : args.text(1).charAt(0);
    return ({ request: message }) => {
      const path = message?.get(':path') ?? '';
      const at = path.indexOf(mark);
      if (at < 0) return null;
      return args.text(0) === '' ? (path.slice(at + 1).split('=')[1]?.split('&')[0] ?? null) : parameter(path.slice(at + 1), args.text(0), ignoreCase);
    };
  }),
  fetch('url_port', 'int', "The port in the target's authority.", request, () => (context) => {
    const port = /^[a-z][a-z0-9+.-]*:\/\/[^/]*?:(\d+)(\/|$)/i.exec(url(context) ?? '')?.[1];
    return port === undefined ? 0 : Number(port);
  }),
  fetch('urlp_val', 'int', 'A parameter of the query as a number.', { args: 'name:text', needs: 'request' }, (args) => ({ request: message }) => {
    const value = message === null ? null : parameter(queryOf(message) ?? '', args.text(0), false);
    return value === null ? null : Number(/^[+-]?\d{1,15}/.exec(value)?.[0] ?? 0);
  }),
];
