/** Keywords of `server`, `default-server` and `server-template` (HAProxy manual 5.2). */
import { flag, integer, keyword, oneOf, time } from '../arguments.ts';
import type { Keyword } from '../arguments.ts';
import type { ServerKeywords } from '../draft.ts';

type Row = Keyword<ServerKeywords>;

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
    name: 'proto', argument: oneOf('protocol', ['h2'], ['h1', 'fcgi', 'none', 'spop']), default: 'by mode',
    summary: 'Speak HTTP/2 with prior knowledge to this server.',
    set: (server: ServerKeywords, protocol) => { server.proto = protocol; },
  }),
];

/** HAProxy's other keywords, with the number of words that follow each. */
export const UNSUPPORTED_SERVER_KEYWORDS: ReadonlyMap<string, number> = new Map([
  ...words(`agent-check allow-0rtt check-reuse-pool check-send-proxy check-sni-auto check-ssl check-via-socks4 force-sslv3
    force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 ktls no-agent-check no-check-reuse-pool no-check-send-proxy
    no-check-sni-auto no-check-ssl no-renegotiate no-send-proxy no-send-proxy-v2 no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn
    no-sni-auto no-ssl no-ssl-reuse no-sslv3 no-strict-maxconn no-tfo no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13
    non-stick renegotiate send-proxy send-proxy-v2 send-proxy-v2-ssl send-proxy-v2-ssl-cn sni-auto ssl ssl-reuse stick
    strict-maxconn tfo tls-tickets`, 0),
  ...words(`addr agent-addr agent-inter agent-port agent-send alpn ca-file cc check-alpn check-pool-conn-name check-proto
    check-sni ciphers ciphersuites client-sigalgs cookie crl-file crt curves downinter error-limit fastinter from guid hash-key
    healthcheck id init-addr init-state log-bufsize log-proto max-reuse name namespace npn observe
    on-error on-marked-down on-marked-up pool-conn-name pool-low-conn pool-max-conn pool-purge-delay port proxy-v2-options redir
    renegotiate-limit resolve-net resolve-opts resolve-prefer resolvers set-proxy-v2-tlv-fmt shard sigalgs slowstart sni socks4
    source ssl-max-ver ssl-min-ver tcp-md5sig tcp-ut track usesrc verify verifyhost ws`, 1),
]);

/** HAProxy's `bind` keywords that are not rows yet (manual 5.1). */
export const UNSUPPORTED_BIND_KEYWORDS: ReadonlyMap<string, number> = new Map([
  ...words(`accept-proxy allow-0rtt default-crt-required defer-accept ecdhe-auto force-sslv3 force-strict-sni force-tlsv10
    force-tlsv11 force-tlsv12 force-tlsv13 generate-certificates ktls no-alpn no-ca-names no-sslv3 no-strict-sni no-tls-tickets
    no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 prefer-client-ciphers quic-force-retry ssl strict-sni tfo tls-tickets transparent
    v4v6 v6only`, 0),
  ...words(`accept-netscaler-cip alpn backlog ca-file ca-ignore-err ca-sign-file ca-sign-pass ca-verify-file cc ciphers
    ciphersuites client-sigalgs crl-file crt crt-ignore-err crt-list curves default-crt ecdhe expose-fd gid group guid-prefix id
    interface level maxconn mode mss name namespace nbconn nice npn ocsp-update process quic-cc-algo quic-socket
    severity-output shards sigalgs ssl-max-ver ssl-min-ver tcp-md5sig tcp-ss tcp-ut thread tls-ticket-keys uid user verify`, 1),
]);

function words(list: string, follow: number): [string, number][] {
  return list.trim().split(/\s+/).map((name) => [name, follow]);
}
