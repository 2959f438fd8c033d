/** `http-request`, `http-response`, `http-after-response`, `redirect`, captures and formats (HAProxy manual 4.2 and 8.2). */
import { compileRedirectRule, compileRule } from '../../route/compile-rule.ts';
import { oneOf, parseInteger } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import { CONDITION, remaining } from './rule-words.ts';
import type { RuleSet } from '../../route/actions/action.ts';
import type { Rule } from '../../route/rules.ts';
import type { Argument, Directive } from '../directive.ts';
import type { ProxyDraft, ProxySection } from '../draft.ts';
import type { Token } from '../lexer.ts';

const PROXIES: readonly ProxySection[] = ['frontend', 'listen', 'backend'];
const WITH_DEFAULTS: readonly ProxySection[] = ['defaults', ...PROXIES];
const FRONTENDS: readonly ProxySection[] = ['frontend', 'listen'];
const FORMATS: readonly ProxySection[] = ['defaults', 'frontend', 'listen'];

function ruleRow(name: RuleSet, list: (proxy: ProxyDraft) => Rule[], summary: string, example: string): Directive<ProxyDraft> {
  return proxyDirective({
    name, sections: WITH_DEFAULTS, origin: 'haproxy', default: 'none', misplaced: 'error', replayed: true, summary, example,
    details: 'Rules are looked at in the order in which they stand until one decides; those of a named defaults section come first. docs/rules.md has the actions and conditions.',
    arguments: [remaining(`<action> ${CONDITION}`, '<action>: see docs/rules.md')],
    apply: (proxy, [words], { position, path }) => {
      proxy.rules.scope.path = path;
      const rule = compileRule(name, words, position, proxy.rules.scope);
      if (rule !== null) list(proxy).push(rule);
    },
  });
}

interface HeaderCapture {
  readonly header: string;
  readonly length: number;
}

const headerCapture: Argument<HeaderCapture> = {
  usage: 'header <name> len <length>',
  describe: '<name>: a header field; <length>: octets that are kept at most',
  take: (cursor, context) => {
    const words = [cursor.next(), cursor.next(), cursor.next(), cursor.next()];
    const [header, name, len, length] = words.map((word) => word?.text);
    const parsed = parseInteger(length ?? '', 1, 65_536);
    if (header === 'header' && name !== undefined && len === 'len' && parsed.ok) return { header: name.toLowerCase(), length: parsed.value };
    context.report.error(`'${context.directive}' is written: ${context.directive} header <name> len <length>`, words.find((word) => word !== undefined)?.position ?? cursor.head);
    return undefined;
  },
};

const slot: Argument<{ side: 'request' | 'response'; length: number }> = {
  usage: 'request|response len <length>',
  describe: '<length>: octets that are kept at most',
  take: (cursor, context) => {
    const words = [cursor.next(), cursor.next(), cursor.next()];
    const [side, len, length] = words.map((word) => word?.text);
    const parsed = parseInteger(length ?? '', 1, 65_536);
    if ((side === 'request' || side === 'response') && len === 'len' && parsed.ok) return { side, length: parsed.value };
    context.report.error("'declare capture' is written: declare capture request|response len <length>", words.find((word) => word !== undefined)?.position ?? cursor.head);
    return undefined;
  },
};

function format(describe: string): Argument<Token> {
  return {
    usage: '<format>',
    describe: `<format>: ${describe}`,
    take: (cursor, context) => {
      const token = cursor.next();
      if (token === undefined) context.report.error(`'${context.directive}' needs a format, in quotes if it has blanks`, cursor.head);
      return token;
    },
  };
}

const field: Argument<string> = {
  usage: '<name>',
  describe: '<name>: a header field',
  take: (cursor, context) => {
    const token = cursor.next();
    if (token !== undefined && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(token.text)) return token.text.toLowerCase();
    context.report.error(`'${context.directive}' needs the name of a header field`, token?.position ?? cursor.head);
    return undefined;
  },
};

const LOG_FORMAT = 'text with %variables and %[expressions]; see docs/rules.md';

export const HTTP_RULE_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'capture request', sections: FRONTENDS, origin: 'haproxy', default: 'none', arguments: [headerCapture],
    summary: "Keeps a field of the request for %hr in log-format and for capture.req.hdr.", example: 'capture request header User-Agent len 64',
    apply: (proxy, [{ header, length }]) => { proxy.rules.scope.captures.request.push({ header, length }); },
  }),
  proxyDirective({
    name: 'capture response', sections: FRONTENDS, origin: 'haproxy', default: 'none', arguments: [headerCapture],
    summary: "Keeps a field of the response for %hs in log-format and for capture.res.hdr.", example: 'capture response header Server len 20',
    apply: (proxy, [{ header, length }]) => { proxy.rules.scope.captures.response.push({ header, length }); },
  }),
  proxyDirective({
    name: 'declare capture', sections: FRONTENDS, origin: 'haproxy', default: 'none', arguments: [slot],
    summary: "A slot that 'http-request capture … id <slot>' and 'http-response capture' fill; they are numbered from 0.", example: 'declare capture request len 20',
    apply: (proxy, [{ side, length }]) => { proxy.rules.scope.captures[side].push({ header: null, length }); },
  }),
  ruleRow('http-after-response', ({ rules }) => rules.httpAfterResponse, "What is done with every response, those of Pillion's own included.", 'http-after-response set-header x-served-by %b'),
  ruleRow('http-request', ({ rules }) => rules.httpRequest, 'What is done with requests before a backend or a server is chosen.', 'http-request deny if { grpc.service internal.Admin } !{ src 10.0.0.0/8 }'),
  ruleRow('http-response', ({ rules }) => rules.httpResponse, "What is done with servers' responses.", 'http-response del-header server'),
  proxyDirective({
    name: 'log-format', sections: FORMATS, origin: 'haproxy', default: 'JSON', arguments: [format(LOG_FORMAT)],
    summary: 'The line that each stream leaves, as text in place of JSON.', example: String.raw`log-format "%ci:%cp [%tr] %ft %b/%s %ST %B %ts %{+Q}r"`,
    apply: (proxy, [text]) => { proxy.settings.logLine = text; },
    undo: (proxy) => { proxy.settings.logLine = null; },
  }),
  proxyDirective({
    name: 'option http-buffer-request', sections: ['defaults', ...PROXIES], origin: 'haproxy', default: 'off', arguments: [], example: 'option http-buffer-request',
    summary: "Wait for each request's body before its rules: to its end, or as far as a buffer holds it.",
    details: "For 'timeout http-request' at most, else 'timeout client'; then the client gets status 408. Calls of gRPC whose clients wait for messages "
      + 'before they send their own do not get on with it.',
    apply: (proxy) => { proxy.settings.bufferRequest = true; },
    undo: (proxy) => { proxy.settings.bufferRequest = false; },
  }),
  proxyDirective({
    name: 'option http-restrict-req-hdr-names', sections: ['defaults', ...PROXIES], origin: 'haproxy', default: 'preserve', example: 'option http-restrict-req-hdr-names delete',
    arguments: [oneOf('policy', ['preserve', 'delete', 'reject'])],
    summary: 'What becomes of request fields whose names have other characters than letters, digits and hyphens, behind the http-request rules.',
    details: 'reject: the request gets status 403. Names of gRPC metadata may have underscores and dots.',
    apply: (proxy, [policy]) => { proxy.settings.unusualNames = policy === 'preserve' ? null : policy; },
  }),
  proxyDirective({
    name: 'redirect', sections: PROXIES, origin: 'haproxy', default: 'none', misplaced: 'error',
    arguments: [remaining(`location|prefix|scheme <format> [code <code>] [drop-query] [append-slash] [ignore-empty] ${CONDITION}`, '<format>: where to')],
    summary: "Sends the client elsewhere, behind all 'http-request' rules.", example: 'redirect scheme https code 301 unless { ssl_fc }',
    apply: (proxy, [words], { position, path }) => {
      proxy.rules.scope.path = path;
      const rule = compileRedirectRule(words, position, proxy.rules.scope);
      if (rule !== null) proxy.rules.redirects.push(rule);
    },
  }),
  proxyDirective({
    name: 'unique-id-format', sections: FORMATS, origin: 'haproxy', default: 'none', arguments: [format(LOG_FORMAT)],
    summary: 'An id for each HTTP stream: %ID in log-format, unique-id in expressions.', example: 'unique-id-format %{+X}o%ci:%cp_%fi:%fp_%Ts_%rt:%pid',
    apply: (proxy, [text]) => { proxy.settings.uniqueIdFormat = text; },
  }),
  proxyDirective({
    name: 'unique-id-header', sections: FORMATS, origin: 'haproxy', default: 'none', arguments: [field],
    summary: 'The field that carries the id to the server.', example: 'unique-id-header X-Unique-ID',
    apply: (proxy, [name]) => { proxy.settings.uniqueIdHeader = name; },
  }),
];
