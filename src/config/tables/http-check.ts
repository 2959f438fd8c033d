/** `option httpchk` and `http-check` (HAProxy manual 4.2). */
import { chooseWord, required } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import type { Position } from '../diagnostics.ts';
import type { Argument, ArgumentContext, Cursor, Directive } from '../directive.ts';
import type { ProxyDraft, ProxySection } from '../draft.ts';
import { DEFAULT_HTTP_CHECK, type HttpCheckSettings, type HttpExpectation } from '../http-check-settings.ts';

const SECTIONS: readonly ProxySection[] = ['defaults', 'listen', 'backend'];
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const URI = /^[!-~]+$/;
const VERSION = /^HTTP\/1\.[01]$/;
const VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;

/** Reports a wrong argument. */
function wrong(context: ArgumentContext, message: string, position: Position, hint?: string): undefined {
  context.report.error(message, position, hint);
  return undefined;
}

/** `http-check` lines count only where `option httpchk` is on; they are kept until then. */
function change({ settings }: ProxyDraft, values: Partial<HttpCheckSettings>): void {
  settings.httpCheck = { ...settings.httpCheck, ...values };
}

interface RequestParts {
  readonly method?: string;
  readonly uri?: string;
  readonly version?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** `[<uri>]`, `<method> <uri>` or `<method> <uri> <version>`; behind the version old files have header lines, CR LF between. */
const requestLine: Argument<RequestParts> = {
  usage: '[[<method>] <uri> [<version>]]',
  describe: '<method>: OPTIONS if left out; <uri>: / if left out; <version>: HTTP/1.0 or HTTP/1.1; header fields belong into http-check send',
  take: (cursor, context) => {
    const first = cursor.next();
    if (first === undefined) return {};
    const second = cursor.next();
    if (second === undefined) return uriOf(first.text, context, cursor) === undefined ? undefined : { uri: first.text };
    if (!TOKEN.test(first.text)) return wrong(context, `'${first.text}' is not a method`, first.position);
    if (uriOf(second.text, context, cursor) === undefined) return undefined;
    const third = cursor.next();
    if (third === undefined) return { method: first.text, uri: second.text };
    const [version = '', ...lines] = third.text.split(/\r?\n/);
    if (!VERSION.test(version)) return wrong(context, `'${version}' is not a version: HTTP/1.0 or HTTP/1.1`, third.position);
    const headers: (readonly [string, string])[] = [];
    for (const line of lines.filter((one) => one !== '')) {
      const match = /^([^:]+):\s*(.*)$/.exec(line);
      if (match === null || !TOKEN.test(match[1] ?? '')) return wrong(context, `'${line}' is not a header field`, third.position);
      headers.push([match[1] ?? '', match[2] ?? '']);
    }
    return { method: first.text, uri: second.text, version, headers };
  },
};

function uriOf(text: string, context: ArgumentContext, cursor: Cursor): string | undefined {
  if (URI.test(text)) return text;
  context.report.error(`'${text}' is not a URI`, cursor.head);
  return undefined;
}

const SEND_WORDS = ['meth', 'uri', 'ver', 'hdr', 'body', 'comment'] as const;

const send: Argument<RequestParts> = {
  usage: '[meth <method>] [uri <uri>] [ver <version>] [hdr <name> <value>]... [body <string>]',
  describe: '<version>: HTTP/1.0 or HTTP/1.1; body sets content-length',
  take: (cursor, context) => {
    let parts: RequestParts = {};
    for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
      const word = chooseWord(token, 'part of a request', SEND_WORDS, ['uri-lf', 'body-lf'], context);
      const value = word && required(cursor, context, `a value for ${word}`);
      if (word === undefined || value === undefined) return undefined;
      const { text, position } = value;
      if (word === 'hdr') {
        const content = required(cursor, context, 'the value of the header field');
        if (content === undefined) return undefined;
        if (!TOKEN.test(text) || !VALUE.test(content.text)) return wrong(context, `'${text}: ${content.text}' is not a header field`, position);
        parts = { ...parts, headers: [...(parts.headers ?? []), [text, content.text]] };
      } else if (word === 'meth') {
        if (!TOKEN.test(text)) return wrong(context, `'${text}' is not a method`, position);
        parts = { ...parts, method: text };
      } else if (word === 'uri') {
        if (!URI.test(text)) return wrong(context, `'${text}' is not a URI`, position);
        parts = { ...parts, uri: text };
      } else if (word === 'ver') {
        if (!VERSION.test(text)) return wrong(context, `'${text}' is not a version: HTTP/1.0 or HTTP/1.1`, position);
        parts = { ...parts, version: text };
      } else if (word === 'body') {
        parts = { ...parts, body: text };
      }
    }
    return parts;
  },
};

const EXPECT_WORDS = ['status', 'rstatus', 'string', 'rstring'] as const;
const EXPECT_OTHERS = ['comment', 'min-recv', 'ok-status', 'error-status', 'tout-status', 'on-success', 'on-error', 'status-code', 'hdr', 'fhdr', 'string-lf'];

const expectation: Argument<HttpExpectation> = {
  usage: '[!] status <codes>|rstatus <regex>|string <text>|rstring <regex>',
  describe: '<codes>: a status, or several and ranges with commas between; string and rstring look at the body, its first 16 kB',
  take: (cursor, context) => {
    let negated = false;
    let token = required(cursor, context, `what to expect: ${EXPECT_WORDS.join(', ')}`);
    if (token?.text === '!') {
      negated = true;
      token = required(cursor, context, `what not to expect: ${EXPECT_WORDS.join(', ')}`);
    }
    const word = token && chooseWord(token, 'expectation', EXPECT_WORDS, EXPECT_OTHERS, context);
    const pattern = word && required(cursor, context, `a pattern for ${word}`);
    if (word === undefined || pattern === undefined) return undefined;
    const { text, position } = pattern;
    const common = { negated, body: word === 'string' || word === 'rstring', text: `${negated ? '! ' : ''}${word} ${text}` };
    if (word === 'string') return { ...common, holds: ({ body }) => body.includes(text) };
    if (word === 'status') {
      const ranges = statusRanges(text);
      if (ranges === null) return wrong(context, `'${text}' is neither a status nor a list of them`, position, "as in 'status 200,300-310'");
      return { ...common, holds: ({ status }) => ranges.some(([low, high]) => low <= status && status <= high) };
    }
    let regex: RegExp;
    try {
      regex = new RegExp(text);
    } catch (error) {
      return wrong(context, `'${text}' is not a regular expression: ${(error as Error).message}`, position);
    }
    return { ...common, holds: ({ status, body }) => regex.test(word === 'rstatus' ? String(status) : body) };
  },
};

function statusRanges(text: string): readonly (readonly [number, number])[] | null {
  const ranges: (readonly [number, number])[] = [];
  for (const part of text.split(',')) {
    const [, low, high] = /^([1-9][0-9]{2})(?:-([1-9][0-9]{2}))?$/.exec(part.trim()) ?? [];
    if (low === undefined) return null;
    ranges.push([Number(low), Number(high ?? low)]);
  }
  return ranges;
}

export const HTTP_CHECK_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'option httpchk', sections: SECTIONS, arguments: [requestLine], origin: 'haproxy', default: 'off',
    summary: "Servers with 'check' are checked by an HTTP/1 request.",
    details: 'Any 2xx and 3xx is good, unless http-check expect says otherwise.', example: 'option httpchk GET /health',
    apply: (proxy, [parts]) => {
      change(proxy, { ...DEFAULT_HTTP_CHECK, ...pick(proxy.settings.httpCheck), ...parts });
      proxy.settings.httpCheckOn = true;
      proxy.settings.grpcCheck = null;
    },
    undo: (proxy) => { proxy.settings.httpCheckOn = false; },
  }),
  proxyDirective({
    name: 'http-check send', sections: SECTIONS, arguments: [send], origin: 'haproxy', default: 'as option httpchk says',
    summary: "What 'option httpchk' sends.", example: 'http-check send meth GET uri /health ver HTTP/1.1 hdr Host example.org',
    apply: (proxy, [parts]) => change(proxy, parts),
  }),
  proxyDirective({
    name: 'http-check expect', sections: SECTIONS, arguments: [expectation], origin: 'haproxy', default: 'status 200-399',
    summary: "What the response to 'option httpchk' has to be.", details: 'Several lines: all of them.', example: 'http-check expect status 200',
    apply: (proxy, [one]) => change(proxy, { expectations: [...proxy.settings.httpCheck.expectations, one] }),
  }),
  proxyDirective({
    name: 'http-check send-state', sections: SECTIONS, arguments: [], origin: 'haproxy', default: 'off', example: 'http-check send-state',
    summary: 'Tell the server in x-haproxy-server-state what is thought of it.',
    apply: (proxy) => change(proxy, { sendState: true }),
  }),
  proxyDirective({
    name: 'http-check disable-on-404', sections: SECTIONS, arguments: [], origin: 'haproxy', default: 'off', example: 'http-check disable-on-404',
    summary: 'A server that answers 404 to its check gets no new requests, and keeps those that it has.',
    apply: (proxy) => change(proxy, { disableOn404: true }),
  }),
];

/** What other lines have set, whichever came first. */
function pick({ sendState, disableOn404, expectations, headers, body }: HttpCheckSettings): Partial<HttpCheckSettings> {
  return { sendState, disableOn404, expectations, headers, body };
}
