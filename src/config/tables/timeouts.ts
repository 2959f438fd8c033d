/** `timeout …` and `detect-timeout` (HAProxy manual 4.2). */
import { time } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import type { Directive } from '../directive.ts';
import type { ProxyDraft, ProxySection, TimeoutName } from '../draft.ts';

const FRONT: readonly ProxySection[] = ['defaults', 'frontend', 'listen'];
const BACK: readonly ProxySection[] = ['defaults', 'listen', 'backend'];

function timeout(
  name: TimeoutName, sections: readonly ProxySection[], summary: string, example: string, fallback: string, details?: string,
): Directive<ProxyDraft> {
  return proxyDirective({
    name: `timeout ${name}`, sections, arguments: [time('time')], summary, example, default: fallback, origin: 'haproxy',
    ...(details === undefined ? {} : { details }),
    // HAProxy's 0 means no timeout, as if the directive were absent.
    apply: (proxy, [value]) => { proxy.settings.timeouts[name] = value === 0 ? null : value; },
  });
}

export const TIMEOUT_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  timeout(
    'client-fin', FRONT, 'How long a client may be silent once one direction has ended.', 'timeout client-fin 10s', 'timeout client, or timeout tunnel',
    'For raw TCP. HTTP/2 connections close when the last stream has ended.',
  ),
  timeout(
    'http-keep-alive', FRONT, 'How long a client may keep an HTTP/2 connection without streams, once it has had one.', 'timeout http-keep-alive 5m',
    'timeout http-request; else timeout client', 'The client is told by GOAWAY and opens another when it needs it.',
  ),
  timeout(
    'server-fin', BACK, 'How long a server may be silent once one direction has ended.', 'timeout server-fin 10s', 'timeout server, or timeout tunnel',
    'For raw TCP.',
  ),
  timeout(
    'tunnel', BACK, 'How long raw TCP connections, and tunnels made by CONNECT, may be silent.', 'timeout tunnel 1h',
    'timeout client and timeout server', 'Replaces both once the connection to the server is there.',
  ),
  timeout('check', BACK, 'How long a health check may take once connected.', 'timeout check 2s', "the server's inter"),
  timeout(
    'client', FRONT, 'How long a client may be silent.', 'timeout client 30s', 'none, with a warning',
    'On HTTP/2 it is for connections without a stream and for streams whose client owes data or does not take what it is sent. Calls of '
      + 'gRPC may be quiet between messages: whether their client is there is asked by PING (idle-ping).',
  ),
  timeout('connect', BACK, 'How long connecting to a server may take.', 'timeout connect 2s', 'none, with a warning'),
  timeout(
    'http-request', FRONT, 'How long the header of a request may take to arrive.', 'timeout http-request 10s', 'none',
  ),
  timeout(
    'queue', BACK, "How long a stream may wait for a server's slot (maxconn).", 'timeout queue 1s', 'as timeout connect',
  ),
  timeout('tarpit', [...new Set([...FRONT, ...BACK])], "How long 'http-request tarpit' keeps a client waiting.", 'timeout tarpit 10s', 'timeout connect'),
  timeout(
    'server', BACK, 'How long a server may be silent.', 'timeout server 30s', 'none, with a warning',
    'On HTTP/2 it is for requests that a server has not answered, and for streams whose server does not take what it is sent. Calls of gRPC '
      + 'may be quiet between messages: whether their server is there is asked by PING (idle-ping), and their deadline is the caller\'s.',
  ),
  proxyDirective({
    name: 'detect-timeout', sections: FRONT, arguments: [time('time', { min: 1 })], origin: 'pillion', default: '1s',
    summary: 'In mode auto: how long a silent client is waited for before it is passed as raw TCP.',
    details: 'Protocols in which the server speaks first (SMTP, MySQL, SSH) start after this time. Nothing fails by it.',
    example: 'detect-timeout 200ms',
    apply: (proxy, [value]) => { proxy.settings.detectTimeoutMs = value; },
  }),
];
