/** HTTP/1 and HTTP's own answers (HAProxy manual 3.2, 4.2, and 4.2 "option …"). */
import { integer, oneOf, size, word } from '../arguments.ts';
import { globalDirective, proxyDirective } from '../directive.ts';
import { errorStatus } from './sections.ts';
import type { Position } from '../diagnostics.ts';
import type { Argument, Directive } from '../directive.ts';
import type { ErrorSource, GlobalDraft, ProxyDraft, ProxySection } from '../draft.ts';
import type { ConnectionMode, HttpSettings } from '../http-settings.ts';

const EVERYWHERE: readonly ProxySection[] = ['defaults', 'frontend', 'listen', 'backend'];
const BEHIND: readonly ProxySection[] = ['defaults', 'listen', 'backend'];
const BEFORE: readonly ProxySection[] = ['defaults', 'frontend', 'listen'];

function change({ settings }: ProxyDraft, values: Partial<HttpSettings>): void {
  settings.http = { ...settings.http, ...values };
}

function addErrors({ settings }: ProxyDraft, source: ErrorSource, position: Position): void {
  settings.errorFiles = [...settings.errorFiles, { source, position }];
}

const errorStatuses: Argument<readonly number[]> = {
  usage: '[<status>...]',
  describe: errorStatus.describe,
  take: (cursor, context) => {
    const statuses: number[] = [];
    while (cursor.peek() !== undefined) {
      const status = errorStatus.take(cursor, context);
      if (status === undefined) return undefined;
      statuses.push(status);
    }
    return statuses;
  },
};

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
    name: 'monitor-uri', sections: BEFORE, arguments: [word('uri', 'a path, or http://host/path')], origin: 'haproxy', default: 'none', example: 'monitor-uri /alive',
    summary: 'Answer requests for this path with status 200, without a server.',
    details: 'With scheme and host it is for requests that name their target so, as all of HTTP/2 do.',
    apply: (proxy, [monitorUri]) => change(proxy, { monitorUri }),
  }),
  proxyDirective({
    name: 'errorfile', sections: EVERYWHERE, origin: 'haproxy', default: 'small pages', example: 'errorfile 408 /dev/null',
    arguments: [errorStatus, word('file', 'the path of a file with a whole HTTP response')],
    summary: "What is sent in place of Pillion's own answer with this status.",
    details: 'The status line of the file is what the client gets. An empty file (/dev/null) closes the connection without an answer. '
      + 'Calls of gRPC get a grpc-status in any case.',
    apply: (proxy, [status, file], { path, position }) => addErrors(proxy, { kind: 'file', status, path: path(file) }, position),
  }),
  proxyDirective({
    name: 'errorfiles', sections: EVERYWHERE, origin: 'haproxy', default: 'none', example: 'errorfiles site 403 503',
    arguments: [word('name', 'the name of an http-errors section'), errorStatuses],
    summary: "What is sent in place of Pillion's own answers, from a section 'http-errors'.",
    details: 'All statuses of the section, or those that are named.',
    apply: (proxy, [name, statuses], { position }) => addErrors(proxy, { kind: 'section', name, statuses }, position),
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
