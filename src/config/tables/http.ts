/** HTTP/1 and HTTP's own answers (HAProxy manual 3.2, 4.2, and 4.2 "option …"). */
import { integer, oneOf, size, word } from '../arguments.ts';
import { globalDirective, proxyDirective } from '../directive.ts';
import type { Directive } from '../directive.ts';
import type { GlobalDraft, ProxyDraft, ProxySection } from '../draft.ts';
import type { ConnectionMode, HttpSettings } from '../http-settings.ts';

const EVERYWHERE: readonly ProxySection[] = ['defaults', 'frontend', 'listen', 'backend'];
const BEHIND: readonly ProxySection[] = ['defaults', 'listen', 'backend'];
const BEFORE: readonly ProxySection[] = ['defaults', 'frontend', 'listen'];

function change({ settings }: ProxyDraft, values: Partial<HttpSettings>): void {
  settings.http = { ...settings.http, ...values };
}

/** The options that say what becomes of a connection behind a response: of several, the last holds. */
function connectionOption(name: string, connection: ConnectionMode, summary: string, details: string): Directive<ProxyDraft> {
  return proxyDirective({
    name: `option ${name}`, sections: EVERYWHERE, arguments: [], origin: 'haproxy', summary, details, example: `option ${name}`,
    default: connection === 'keep-alive' ? 'on' : 'off',
    apply: (proxy) => change(proxy, { connection }),
    undo: (proxy) => {
      if (proxy.settings.http.connection === connection) change(proxy, { connection: 'keep-alive' });
    },
  });
}

export const HTTP_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'http-reuse', sections: BEHIND, arguments: [oneOf('policy', ['never', 'safe', 'aggressive', 'always'])], origin: 'haproxy',
    default: 'safe', example: 'http-reuse safe', summary: 'Which idle HTTP/1 connections to servers a request may use.',
    details: 'never: only those of its own client. safe: the first request of a client gets a new one, the next ones any. aggressive: the '
      + 'first one, too, gets one that has been used twice. always: all get any. HTTP/2 connections to servers are shared in any case.',
    apply: (proxy, [reuse]) => change(proxy, { reuse }),
  }),
  proxyDirective({
    name: 'monitor-uri', sections: BEFORE, arguments: [word('uri', 'a path')], origin: 'haproxy', default: 'none', example: 'monitor-uri /alive',
    summary: 'Answer requests for this path with status 200, without a server.',
    apply: (proxy, [monitorUri]) => change(proxy, { monitorUri }),
  }),
  connectionOption('http-keep-alive', 'keep-alive', 'Keep HTTP/1 connections of clients and servers for further requests.', 'It is the default.'),
  connectionOption('http-server-close', 'server-close', 'Close HTTP/1 connections to servers behind the response.', 'Clients keep theirs.'),
  connectionOption(
    'httpclose', 'close', 'Close HTTP/1 connections behind the response.', "In a frontend the clients', in a backend the servers'.",
  ),
  proxyDirective({
    name: 'option http-pretend-keepalive', sections: BEHIND, arguments: [], origin: 'haproxy', default: 'off', example: 'option http-pretend-keepalive',
    summary: 'Do not tell HTTP/1 servers that their connection will be closed behind the response.',
    apply: (proxy) => change(proxy, { pretendKeepAlive: true }),
    undo: (proxy) => change(proxy, { pretendKeepAlive: false }),
  }),
  proxyDirective({
    name: 'option abortonclose', sections: BEHIND, arguments: [], origin: 'haproxy', default: 'off', example: 'option abortonclose',
    summary: 'Give up requests of HTTP/1 clients that close their side before a response has begun.',
    details: 'Without it, a client that closed its side may still read, and gets its response. Clients of HTTP/2 say by RST_STREAM that they want none.',
    apply: (proxy) => change(proxy, { abortOnClose: true }),
    undo: (proxy) => change(proxy, { abortOnClose: false }),
  }),
  proxyDirective({
    name: 'option http-no-delay', sections: EVERYWHERE, arguments: [], origin: 'haproxy', default: 'on', example: 'option http-no-delay',
    summary: 'Send every piece of a message at once.', details: 'It always holds: what is read in one turn of the event loop is sent at its end.',
    apply: () => {},
  }),
];

export const HTTP_GLOBAL_DIRECTIVES: readonly Directive<GlobalDraft>[] = [
  globalDirective({
    name: 'tune.maxrewrite', arguments: [size('octets')], origin: 'haproxy', default: '1024', example: 'tune.maxrewrite 1024',
    summary: "What 'tune.bufsize' leaves free: the header section of an HTTP/1 message may have their difference in octets.",
    apply: (global, [octets]) => { global.maxRewrite = octets; },
  }),
  globalDirective({
    name: 'tune.http.maxhdr', arguments: [integer('number', 1, 32_767)], origin: 'haproxy', default: '101', example: 'tune.http.maxhdr 128',
    summary: 'Header fields of an HTTP/1 message; a request with more gets status 431.',
    apply: (global, [number]) => { global.maxFields = number; },
  }),
];
