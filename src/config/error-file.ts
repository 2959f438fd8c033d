/**
 * `errorfile`: a file with a whole HTTP response, which is sent in place of an answer of the proxy's own (HAProxy manual 4.2). It is taken
 * apart at the start, so that HTTP/2 clients get it as well, and what it says of its length and connection does not count.
 */
import type { ErrorPage } from './http-settings.ts';
import type { Parsed } from './units.ts';

const STATUS_LINE = /^HTTP\/[0-9]\.[0-9] ([1-5][0-9][0-9])(?: .*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const OURS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'content-length', 'te', 'trailer']);

/** Lines may end with LF alone. An empty file says that nothing is sent. */
export function parseErrorFile(bytes: Buffer): Parsed<ErrorPage> {
  if (bytes.length === 0) return { ok: true, value: { status: 0, fields: [], body: bytes } };
  const text = bytes.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  const head = end === null ? text.replace(/\r?\n$/, '') : text.slice(0, end.index);
  const body = end === null ? Buffer.alloc(0) : bytes.subarray(end.index + end[0].length);
  const [first = '', ...lines] = head.split(/\r?\n/);
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) return { ok: false, message: "it does not begin with a status line such as 'HTTP/1.1 503 Service Unavailable'" };
  const fields: (readonly [string, string])[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = line.slice(colon + 1).trim();
    if (!NAME.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) return { ok: false, message: `'${line.slice(0, 40)}' is not a header field` };
    if (!OURS.has(name.toLowerCase())) fields.push([name.toLowerCase(), value]);
  }
  return { ok: true, value: { status: Number(status), fields, body } };
}
