/** The parts of a request's target, from pseudo-fields (RFC 9113 §8.3.1). */
import type { Message } from './message.ts';

export function target(request: Message): string {
  return request.get(':path') ?? '';
}

/** The path without the query; null: there is none, as in CONNECT. */
export function pathOf(request: Message): string | null {
  const path = pathAndQuery(request);
  if (path === null) return null;
  const mark = path.indexOf('?');
  return mark < 0 ? path : path.slice(0, mark);
}

/** Path and query, whatever form the target has: `http://host/a?b` has `/a?b`. */
export function pathAndQuery(request: Message): string | null {
  const text = request.get(':path');
  if (text === undefined || text === '' || text === '*') return null;
  if (text.startsWith('/')) return text;
  const scheme = text.indexOf('://');
  if (scheme < 0) return null;
  const slash = text.indexOf('/', scheme + 3);
  return slash < 0 ? '/' : text.slice(slash);
}

export function queryOf(request: Message): string | null {
  const text = target(request);
  const mark = text.indexOf('?');
  return mark < 0 ? null : text.slice(mark + 1);
}

export function hostOf(request: Message): string | undefined {
  return request.get('host') ?? request.get(':authority');
}

/** As HAProxy shows it: absolute in HTTP/2, as the client wrote it in HTTP/1. */
export function urlOf(request: { get(name: string): string | undefined; readonly originForm: boolean }): string | null {
  const path = request.get(':path');
  const authority = request.get(':authority');
  if (path === undefined) return authority ?? null;
  if (request.originForm || authority === undefined || !path.startsWith('/')) return path;
  return `${request.get(':scheme') ?? 'http'}://${authority}${path}`;
}

/** The value of `name` in `a=1&b=2`; null: not there. Delimiters besides `&` and `;` as given. */
export function parameter(query: string, name: string, ignoreCase: boolean): string | null {
  const wanted = ignoreCase ? name.toLowerCase() : name;
  for (const pair of query.split(/[&;]/)) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if ((ignoreCase ? key.toLowerCase() : key) === wanted) return equals < 0 ? '' : pair.slice(equals + 1);
  }
  return null;
}
