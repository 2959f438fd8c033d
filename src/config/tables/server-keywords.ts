/** Keywords of `server`, `default-server` and `server-template` (HAProxy manual 5.2). */
import { isIP } from 'node:net';
import { flag, integer, keyword, oneOf, parsed, time, word } from '../arguments.ts';
import { RESOLVE_KEYWORDS } from './resolve-keywords.ts';
import type { Keyword } from '../arguments.ts';
import type { ServerKeywords } from '../draft.ts';
import type { Parsed } from '../units.ts';
import { SERVER_TLS_KEYWORDS } from './tls-keywords.ts';

type Row = Keyword<ServerKeywords>;

function parseIp(text: string): Parsed<string> {
  const plain = text.replace(/^ipv[46]@/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(plain) === 0 ? { ok: false, message: `'${text}' is not an IP address` } : { ok: true, value: plain };
}

export const SERVER_KEYWORDS: readonly Row[] = [
  keyword({
    name: 'weight', argument: integer('weight', 0, 256), default: '1',
    summary: 'Share of the load relative to the other servers; 0 takes no new streams.',
    set: (server: ServerKeywords, weight) => { server.weight = weight; },
  }),
  flag({
    name: 'check', default: 'off',
    summary: "Check this server's health: by 'option grpc-check', else by connecting.",
    set: (server: ServerKeywords) => { server.check = true; },
  }),
  flag({
    name: 'no-check', default: 'off', summary: "Undo a 'check' of default-server.",
    set: (server: ServerKeywords) => { server.check = false; },
  }),
  keyword({
    name: 'inter', argument: time('delay', { min: 1 }), default: '2s', summary: 'Time between two checks.',
    set: (server: ServerKeywords, delay) => { server.interMs = delay; },
  }),
  keyword({
    name: 'fastinter', argument: time('delay', { min: 1 }), default: 'inter',
    summary: 'Time between two checks while a change of state is being confirmed by rise or fall.',
    set: (server: ServerKeywords, delay) => { server.fastInterMs = delay; },
  }),
  keyword({
    name: 'downinter', argument: time('delay', { min: 1 }), default: 'inter', summary: 'Time between two checks while the server is down.',
    set: (server: ServerKeywords, delay) => { server.downInterMs = delay; },
  }),
  keyword({
    name: 'slowstart', argument: time('time'), default: '0 (all at once)',
    summary: "A server that was down, in maintenance, or new in DNS, gets its weight and its maxconn by and by within this time. Not at Pillion's start; "
      + 'weights do not change with static-rr and hash-type map-based.',
    set: (server: ServerKeywords, ms) => { server.slowStartMs = ms; },
  }),
  keyword({
    name: 'port', argument: integer('port', 1, 65_535), default: "the server's",
    summary: "The port that checks connect to. With it, or 'addr', they speak no TLS and no PROXY protocol unless they are told to.",
    set: (server: ServerKeywords, port) => { server.checkPort = port; },
  }),
  keyword({
    name: 'addr', argument: parsed('address', 'an IP address', parseIp), default: "the server's", summary: 'The address that checks connect to.',
    set: (server: ServerKeywords, address) => { server.checkAddr = address; },
  }),
  keyword({
    name: 'rise', argument: integer('count', 1, 1_000_000), default: '2', summary: 'Good checks in a row that bring a server back.',
    set: (server: ServerKeywords, count) => { server.rise = count; },
  }),
  keyword({
    name: 'fall', argument: integer('count', 1, 1_000_000), default: '3', summary: 'Bad checks in a row that take a server out.',
    set: (server: ServerKeywords, count) => { server.fall = count; },
  }),
  flag({
    name: 'backup', default: 'off', summary: 'Used only when no other server is usable.',
    set: (server: ServerKeywords) => { server.backup = true; },
  }),
  flag({
    name: 'no-backup', default: 'off', summary: "Undo a 'backup' of default-server.",
    set: (server: ServerKeywords) => { server.backup = false; },
  }),
  keyword({
    name: 'cookie', argument: word('value', 'a text without blanks, semicolons and tildes'), default: 'none',
    summary: "What the backend's 'cookie' says of clients of this server.",
    set: (server: ServerKeywords, value) => { server.cookie = value; },
  }),
  flag({
    name: 'disabled', default: 'off', summary: 'Starts in maintenance: takes no streams, is not checked.',
    set: (server: ServerKeywords) => { server.disabled = true; },
  }),
  flag({
    name: 'enabled', default: 'on', summary: "Undo a 'disabled' of default-server.",
    set: (server: ServerKeywords) => { server.disabled = false; },
  }),
  keyword({
    name: 'maxconn', argument: integer('streams', 0, 2 ** 31 - 1), default: '0 (no limit)',
    summary: 'Streams at once on this server (TCP connections in raw TCP); more wait in the queue.',
    set: (server: ServerKeywords, streams) => { server.maxconn = streams; },
  }),
  keyword({
    name: 'minconn', argument: integer('streams', 0, 2 ** 31 - 1), default: '0 (maxconn is fixed)',
    summary: "The limit while the backend has few streams; it rises to 'maxconn' as they rise to 'fullconn'.",
    set: (server: ServerKeywords, streams) => { server.minconn = streams; },
  }),
  keyword({
    name: 'maxqueue', argument: integer('streams', 0, 2 ** 31 - 1), default: '0 (10000 for the backend)',
    summary: "Streams that may wait on this server's account: the backend's queue takes as many as its usable servers allow together.",
    set: (server: ServerKeywords, streams) => { server.maxqueue = streams; },
  }),
  keyword({
    name: 'idle-ping', argument: time('delay'), default: '310s',
    summary: 'A server whose connection has streams and is quiet for so long is asked by PING whether it is there; set, also one '
      + 'without streams. 0: never. gRPC servers close connections that are asked more often than every 5 minutes unless they are '
      + 'told otherwise.',
    set: (server: ServerKeywords, delay) => { server.idlePingMs = delay; },
  }),
  keyword({
    name: 'idle-ping-timeout', argument: time('time', { min: 1 }), default: '10s, or idle-ping if shorter',
    summary: "How long the answer to a PING may take (Pillion's).",
    set: (server: ServerKeywords, limit) => { server.idlePingTimeoutMs = limit; },
  }),
  keyword({
    name: 'proto', argument: oneOf('protocol', ['h1', 'h2'], ['fcgi', 'none', 'spop']), default: 'by mode',
    summary: 'Speak HTTP/2 with prior knowledge to this server, or HTTP/1.',
    set: (server: ServerKeywords, protocol) => { server.proto = protocol; },
  }),
  keyword({
    name: 'pool-max-conn', argument: integer('connections', -1, 2 ** 31 - 1), default: '-1 (1024 of each kind)',
    summary: 'Idle HTTP/1 connections to this server that are kept for others; with http-reuse never each client keeps its own.',
    set: (server: ServerKeywords, connections) => { server.poolMaxConn = connections < 0 ? null : connections; },
  }),
  keyword({
    name: 'pool-purge-delay', argument: time('delay'), default: '5s',
    summary: 'How long an idle HTTP/1 connection is kept; 0: not at all. HTTP/2 connections that are for one client alone: for a second at least.',
    set: (server: ServerKeywords, delay) => { server.poolPurgeMs = delay; },
  }),
  keyword({
    name: 'pool-low-conn', argument: integer('connections', 0, 2 ** 31 - 1), default: '0',
    summary: "Below so many idle connections HAProxy's threads do not take each other's: without effect here, one event loop has them all.",
    set: () => {},
  }),
  ...SERVER_TLS_KEYWORDS,
  ...RESOLVE_KEYWORDS,
];

/** HAProxy's other keywords, with the number of words that follow each. */
export const UNSUPPORTED_SERVER_KEYWORDS: ReadonlyMap<string, number> = new Map([
  ...words(`agent-check allow-0rtt check-reuse-pool check-sni-auto check-via-socks4 force-sslv3 ktls no-agent-check
    no-check-reuse-pool no-check-sni-auto no-renegotiate no-sni-auto no-strict-maxconn no-tfo non-stick renegotiate
    sni-auto stick strict-maxconn tfo`, 0),
  ...words(`agent-addr agent-inter agent-port agent-send cc check-pool-conn-name check-proto client-sigalgs
    error-limit from guid hash-key healthcheck id init-state log-bufsize log-proto max-reuse
    name namespace npn observe on-error on-marked-down on-marked-up pool-conn-name redir renegotiate-limit resolve-net resolve-opts set-proxy-v2-tlv-fmt
    shard socks4 source tcp-md5sig tcp-ut track usesrc ws`, 1),
]);

/** HAProxy's `bind` keywords that are not rows yet (manual 5.1). */
export const UNSUPPORTED_BIND_KEYWORDS: ReadonlyMap<string, number> = new Map([
  ...words(`allow-0rtt default-crt-required ecdhe-auto force-sslv3 force-strict-sni generate-certificates
    ktls no-ca-names quic-force-retry transparent`, 0),
  ...words(`accept-netscaler-cip ca-sign-file ca-sign-pass ca-verify-file cc client-sigalgs
    default-crt expose-fd guid-prefix id interface level maxconn mss namespace
    nbconn npn ocsp-update quic-cc-algo quic-socket severity-output tcp-md5sig tcp-ss tcp-ut 
    tls-ticket-keys`, 1),
]);

function words(list: string, follow: number): [string, number][] {
  return list.trim().split(/\s+/).map((name) => [name, follow]);
}
