/** Directives of proxies but for timeouts, options and servers (HAProxy manual 4.2). */
import { parseBindAddresses } from '../address.ts';
import { integer, keyword, keywords, oneOf, parseName, required, time } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import { LISTEN_KEYWORDS } from './listen-keywords.ts';
import { LOG_TARGET } from './log.ts';
import { UNSUPPORTED_BIND_KEYWORDS } from './server-keywords.ts';
import { BIND_TLS_KEYWORDS } from './tls-keywords.ts';
import { BIND_TLS } from '../tls-draft.ts';
import type { Keyword } from '../arguments.ts';
import type { Argument, Directive } from '../directive.ts';
import type { BindDraft, BindKeywords, ProxyDraft, Reference } from '../draft.ts';
import type { ConnectionAge, LogTarget } from '../model.ts';

export const BIND_KEYWORDS: readonly Keyword<BindKeywords>[] = [
  keyword({
    name: 'idle-ping', argument: time('delay'), default: '30s',
    summary: 'A client whose connection has streams and is quiet for so long is asked by PING whether it is there; set, also one '
      + 'without streams. 0: never.',
    set: (bind: BindKeywords, delay) => { bind.idlePingMs = delay; },
  }),
  keyword({
    name: 'idle-ping-timeout', argument: time('time', { min: 1 }), default: '10s, or idle-ping if shorter',
    summary: "How long the answer to a PING may take (Pillion's).",
    set: (bind: BindKeywords, limit) => { bind.idlePingTimeoutMs = limit; },
  }),
  keyword({
    name: 'proto', argument: oneOf('protocol', ['h1', 'h2'], ['quic', 'none']), default: 'detected',
    summary: 'Clients speak HTTP/2 with prior knowledge, or HTTP/1: nothing is detected.',
    set: (bind: BindKeywords, protocol) => { bind.proto = protocol; },
  }),
  ...BIND_TLS_KEYWORDS,
  ...LISTEN_KEYWORDS,
];

/** Listening sockets of one proxy. */
const MAX_ADDRESSES = 16_384;

const addresses: Argument<Pick<BindDraft, 'addresses' | 'text'>> = {
  usage: '<address>[,...]',
  describe: '<address>: [host]:port[-port], *:port, [IPv6]:port, unix@path, /path, abns@name or fd@number',
  take: (cursor, context) => {
    const token = required(cursor, context, 'an address such as :8080');
    if (token === undefined) return undefined;
    const result = parseBindAddresses(token.text);
    if (result.ok) return { addresses: result.value, text: token.text };
    context.report.error(result.message, token.position);
    return undefined;
  },
};

const reference: Argument<Reference> = {
  usage: '<backend>',
  describe: "<backend>: the name of a 'backend' or 'listen' section",
  take: (cursor, context) => {
    const token = required(cursor, context, 'the name of a backend');
    if (token === undefined) return undefined;
    if (token.text.includes('%[')) {
      context.report.error('a backend chosen by an expression is not supported by Pillion yet', token.position);
      return undefined;
    }
    const name = parseName(token.text);
    if (name.ok) return { name: name.value, position: token.position };
    context.report.error(name.message, token.position);
    return undefined;
  },
};

const logTarget: Argument<LogTarget | 'global'> = {
  usage: `global | ${LOG_TARGET.usage}`,
  describe: `global: those of the global section; ${LOG_TARGET.describe}`,
  take: (cursor, context) => {
    if (cursor.peek()?.text !== 'global') return LOG_TARGET.take(cursor, context);
    cursor.next();
    return 'global';
  },
};

const connectionAge: Argument<ConnectionAge> = {
  usage: '<time> [grace <time>]',
  describe: '<time>: a time of at least 1 ms (us, ms, s, m, h, d; default ms)',
  take: (cursor, context) => {
    const limit = time('time', { min: 1 });
    const ageMs = limit.take(cursor, context);
    if (ageMs === undefined || cursor.peek()?.text !== 'grace') return ageMs === undefined ? undefined : { ageMs, graceMs: null };
    const { position } = cursor.next() ?? {};
    if (position !== undefined) cursor.head = position;
    const graceMs = limit.take(cursor, { ...context, directive: 'grace' });
    return graceMs === undefined ? undefined : { ageMs, graceMs };
  },
};

export const PROXY_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'bind', sections: ['frontend', 'listen'], origin: 'haproxy', default: 'none',
    arguments: [addresses, keywords('bind', BIND_KEYWORDS, UNSUPPORTED_BIND_KEYWORDS)], summary: 'Where to listen.',
    details: 'May be repeated. Without a host, or with *, all IPv4 addresses; [::] for IPv6.',
    example: 'bind :8080',
    apply: (proxy, [bind, set], { report, position }) => {
      const count = proxy.binds.reduce((sum, other) => sum + other.addresses.length, bind.addresses.length);
      if (count > MAX_ADDRESSES) return report.error(`'${proxy.name}' listens on more than ${MAX_ADDRESSES} addresses`, position);
      const settings: BindKeywords = {
        proto: null, idlePingMs: null, idlePingTimeoutMs: null, acceptProxy: false, tls: BIND_TLS, socketFile: { mode: null, user: null, group: null },
        backlog: null, v6only: false, name: null,
      };
      set(settings);
      proxy.binds.push({ ...bind, keywords: settings, position });
    },
  }),
  proxyDirective({
    name: 'default_backend', sections: ['defaults', 'frontend', 'listen'], arguments: [reference], origin: 'haproxy', default: 'none',
    summary: 'The backend that streams go to.', example: 'default_backend greeter',
    apply: (proxy, [name]) => { proxy.settings.defaultBackend = name; },
  }),
  proxyDirective({
    name: 'disabled', sections: ['defaults', 'frontend', 'listen', 'backend'], arguments: [], origin: 'haproxy', default: 'enabled',
    summary: 'Do not start this proxy: nothing listens, and its servers are in maintenance.', example: 'disabled',
    apply: (proxy) => { proxy.settings.disabled = true; },
  }),
  proxyDirective({
    name: 'enabled', sections: ['defaults', 'frontend', 'listen', 'backend'], arguments: [], origin: 'haproxy', default: 'enabled',
    summary: "Undo a 'disabled' of defaults.", example: 'enabled',
    apply: (proxy) => { proxy.settings.disabled = false; },
  }),
  proxyDirective({
    name: 'fullconn', sections: ['defaults', 'listen', 'backend'], arguments: [integer('streams', 1, 2 ** 31 - 1)], origin: 'haproxy',
    summary: "At how many streams of the backend servers with 'minconn' reach their 'maxconn'.",
    default: 'a tenth of the maxconn of the frontends that lead here', example: 'fullconn 10000',
    apply: (proxy, [streams]) => { proxy.settings.fullconn = streams; },
  }),
  proxyDirective({
    name: 'log', sections: ['defaults', 'frontend', 'listen'], arguments: [logTarget], origin: 'haproxy', default: 'none',
    summary: 'Where the line that each stream leaves goes to.', details: "May be repeated. 'no log' drops what defaults gave.",
    example: 'log global',
    apply: (proxy, [target]) => {
      if (target === 'global') proxy.settings.logGlobal = true;
      else proxy.settings.logs = [...proxy.settings.logs, target];
    },
    undo: (proxy) => {
      proxy.settings.logGlobal = false;
      proxy.settings.logs = [];
    },
  }),
  proxyDirective({
    name: 'max-connection-age', sections: ['defaults', 'frontend', 'listen'], arguments: [connectionAge], origin: 'pillion', default: 'off',
    summary: 'How long a client may use one HTTP/2 connection, so that clients spread anew over the replicas of Pillion.',
    details: 'At that age, give or take a tenth, the client is told to open no more streams on it (GOAWAY); those under way go on. '
      + "With 'grace' they have so long to end, then they are ended with UNAVAILABLE.",
    example: 'max-connection-age 10m grace 1m',
    apply: (proxy, [age]) => { proxy.settings.maxConnectionAge = age; },
    undo: (proxy) => { proxy.settings.maxConnectionAge = null; },
  }),
  proxyDirective({
    name: 'maxconn', sections: ['defaults', 'frontend', 'listen'], arguments: [integer('connections', 0, 2 ** 31 - 1)], origin: 'haproxy',
    summary: 'Client connections at once on this frontend; more wait in the kernel.', default: "0: only the global section's limit",
    example: 'maxconn 3000',
    apply: (proxy, [connections]) => { proxy.settings.maxconn = connections === 0 ? null : connections; },
  }),
  proxyDirective({
    name: 'mode', sections: ['defaults', 'frontend', 'listen', 'backend'], origin: 'haproxy', default: 'tcp',
    arguments: [oneOf('proxy mode', ['auto', 'grpc', 'http', 'tcp'], ['log', 'spop', 'haterm'])],
    summary: 'What the proxy speaks: auto and grpc are ours, http and tcp are HAProxy\'s.',
    details: 'auto balances HTTP/1 and HTTP/2 per request and passes all else as raw TCP; grpc is HTTP/2 only; http is HTTP/1 and '
      + 'HTTP/2; tcp never looks inside. A server without proto gets HTTP/1 in mode http, HTTP/2 in mode grpc, and in mode auto what its client speaks.',
    example: 'mode auto',
    apply: (proxy, [mode]) => { proxy.settings.mode = mode; },
  }),
];
