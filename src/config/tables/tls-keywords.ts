/** Keywords of `bind` and `server` about TLS and the PROXY protocol (HAProxy manual 5.1 and 5.2). */
import { flag, keyword, oneOf, parsed, required, word } from '../arguments.ts';
import type { Keyword } from '../arguments.ts';
import type { Argument } from '../directive.ts';
import type { BindKeywords, ServerKeywords } from '../draft.ts';
import type { BindOptionsDraft, BindTlsDraft, ProtocolDraft, ProxyV2Flag, SendProxyDraft, ServerTlsDraft } from '../tls-draft.ts';
import type { IgnoredErrors, TlsVersion } from '../tls-settings.ts';
import type { Parsed } from '../units.ts';

const file = (what: string): Argument<string> => word('file', what);

const version = oneOf('TLS version', ['TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'], ['SSLv3']);

function versionOf(name: 'TLSv1.0' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): TlsVersion {
  return name === 'TLSv1.0' ? 'TLSv1' : name;
}

const ignoredErrors = parsed('errors', 'all, or numbers separated by commas', (text): Parsed<IgnoredErrors> => {
  if (text === 'all') return { ok: true, value: 'all' };
  if (!/^[1-9]\d{0,2}(,[1-9]\d{0,2})*$/.test(text)) return { ok: false, message: `'${text}' is neither 'all' nor numbers separated by commas` };
  return { ok: true, value: text.split(',').map(Number) };
});

const alpn = parsed('protocols', 'protocol names separated by commas, most wanted first', parseProtocols);

function parseProtocols(text: string): Parsed<readonly string[]> {
  const names = text.split(',');
  const wrong = names.find((name) => name === '' || Buffer.byteLength(name) > 255);
  return wrong === undefined ? { ok: true, value: names } : { ok: false, message: `'${text}': a protocol's name has 1 to 255 octets` };
}

/** What is negotiated; `edit` changes it in the section's draft. */
export function protocolKeywords<D>(edit: (target: D, change: (now: ProtocolDraft) => ProtocolDraft) => void): readonly Keyword<D>[] {
  const set = (target: D, change: ProtocolDraft): void => edit(target, (now) => ({ ...now, ...change }));
  const exclusions: readonly (readonly [string, TlsVersion])[] = [
    ['tlsv10', 'TLSv1'], ['tlsv11', 'TLSv1.1'], ['tlsv12', 'TLSv1.2'], ['tlsv13', 'TLSv1.3'],
  ];
  return [
    keyword({
      name: 'ssl-min-ver', argument: version, default: 'TLSv1.2', summary: 'The oldest version that is spoken.',
      set: (target: D, name) => set(target, { minVersion: versionOf(name) }),
    }),
    keyword({
      name: 'ssl-max-ver', argument: version, default: 'TLSv1.3', summary: 'The newest version that is spoken.',
      set: (target: D, name) => set(target, { maxVersion: versionOf(name) }),
    }),
    ...exclusions.flatMap(([name, which]) => [
      flag({
        name: `no-${name}`, default: 'ssl-min-ver and ssl-max-ver', summary: 'This version is not spoken; ssl-min-ver is the better word.',
        set: (target: D) => edit(target, (now) => ({ ...now, excluded: [...(now.excluded ?? []), which] })),
      }),
      flag({
        name: `force-${name}`, default: 'ssl-min-ver and ssl-max-ver', summary: 'Only this version is spoken.',
        set: (target: D) => set(target, { minVersion: which, maxVersion: which }),
      }),
    ]),
    flag({ name: 'no-sslv3', default: 'on', summary: 'SSL 3 is never spoken, with this word or without.', set: () => {} }),
    flag({
      name: 'no-tls-tickets', default: 'off', summary: 'Sessions are not resumed by tickets.',
      set: (target: D) => set(target, { tickets: false }),
    }),
    flag({
      name: 'tls-tickets', default: 'on', summary: "Undo a 'no-tls-tickets' of the defaults.",
      set: (target: D) => set(target, { tickets: true }),
    }),
  ];
}

/** Rows of their own in `global`, so not among the words of `ssl-default-…-options`. */
function cipherKeywords<D>(set: (target: D, change: ProtocolDraft) => void): readonly Keyword<D>[] {
  return [
    keyword({
      name: 'ciphers', argument: word('ciphers', "OpenSSL's list, see openssl-ciphers(1)"), default: "Node's",
      summary: 'Ciphers of TLS 1.2 and older.', set: (target: D, ciphers) => set(target, { ciphers }),
    }),
    keyword({
      name: 'ciphersuites', argument: word('ciphersuites', 'names separated by colons'), default: "Node's",
      summary: 'Cipher suites of TLS 1.3.', set: (target: D, ciphersuites) => set(target, { ciphersuites }),
    }),
    keyword({
      name: 'curves', argument: word('curves', 'names separated by colons'), default: "OpenSSL's",
      summary: 'Groups for the key exchange.', set: (target: D, curves) => set(target, { curves }),
    }),
    keyword({
      name: 'sigalgs', argument: word('algorithms', 'names separated by colons'), default: "OpenSSL's",
      summary: 'Signature algorithms.', set: (target: D, sigalgs) => set(target, { sigalgs }),
    }),
  ];
}

/** Words of `bind` that `ssl-default-bind-options` takes as well. */
export function bindOptionKeywords<D>(edit: (target: D, change: (now: BindOptionsDraft) => BindOptionsDraft) => void): readonly Keyword<D>[] {
  const set = (target: D, change: BindOptionsDraft): void => edit(target, (now) => ({ ...now, ...change }));
  return [
    ...protocolKeywords(edit),
    flag({
      name: 'strict-sni', default: 'off', summary: 'Refuse clients that name no host of a certificate; else they get the first certificate.',
      set: (target: D) => set(target, { strictSni: true }),
    }),
    flag({
      name: 'no-strict-sni', default: 'on', summary: "Undo a 'strict-sni' of the defaults.",
      set: (target: D) => set(target, { strictSni: false }),
    }),
    flag({
      name: 'prefer-client-ciphers', default: 'off', summary: "The client's order of ciphers counts, not ours.",
      set: (target: D) => set(target, { preferClientCiphers: true }),
    }),
  ];
}

function editBind(bind: BindKeywords, change: Partial<BindTlsDraft>): void {
  bind.tls = { ...bind.tls, ...change };
}

export const BIND_TLS_KEYWORDS: readonly Keyword<BindKeywords>[] = [
  flag({
    name: 'accept-proxy', default: 'off', summary: 'Every connection begins with a PROXY protocol header, version 1 or 2, that names the client.',
    set: (bind: BindKeywords) => { bind.acceptProxy = true; },
  }),
  flag({ name: 'ssl', default: 'off', summary: "Clients speak TLS; needs 'crt'.", set: (bind: BindKeywords) => editBind(bind, { ssl: true }) }),
  keyword({
    name: 'crt', argument: file('a PEM file with certificate, chain and key, or a directory of such'), default: 'none',
    summary: "A certificate, shown to clients that name one of its hosts (exactly, else by wildcard); the first is the default. May be repeated. "
      + "A key that is not in FILE is looked for in FILE.key, then in FILE with .key for its ending.",
    set: (bind: BindKeywords, path) => editBind(bind, { crt: [...bind.tls.crt, path] }),
  }),
  keyword({
    name: 'crt-list', argument: file('a file with a certificate on each line'), default: 'none',
    summary: 'Certificates with the hosts they are for: FILE [host...], !host for an exception.',
    set: (bind: BindKeywords, path) => editBind(bind, { crtLists: [...bind.tls.crtLists, path] }),
  }),
  keyword({
    name: 'ca-file', argument: file('a PEM file or a directory, or @system-ca'), default: 'none',
    summary: "Who signs the clients' certificates.", set: (bind: BindKeywords, caFile) => editBind(bind, { caFile }),
  }),
  keyword({
    name: 'crl-file', argument: file('a PEM file'), default: 'none', summary: "Clients' certificates that are revoked.",
    set: (bind: BindKeywords, crlFile) => editBind(bind, { crlFile }),
  }),
  keyword({
    name: 'verify', argument: oneOf('verification', ['none', 'optional', 'required']), default: 'none',
    summary: "Whether clients are asked for a certificate, and have to have one. A bad one is refused in either case.",
    set: (bind: BindKeywords, verify) => editBind(bind, { verify }),
  }),
  keyword({
    name: 'crt-ignore-err', argument: ignoredErrors, default: 'none',
    summary: "What may be wrong with a client's certificate, OpenSSL's numbers (10: expired, 23: revoked); rules see them in ssl_c_verify.",
    set: (bind: BindKeywords, crtIgnoreErr) => editBind(bind, { crtIgnoreErr }),
  }),
  keyword({
    name: 'ca-ignore-err', argument: ignoredErrors, default: 'none',
    summary: "What may be wrong with the certificates of its issuers.", set: (bind: BindKeywords, caIgnoreErr) => editBind(bind, { caIgnoreErr }),
  }),
  keyword({
    name: 'ecdhe', argument: word('curve', 'the name of a curve'), default: "OpenSSL's",
    summary: "The only group for the key exchange; 'curves' is the better word, and wins.",
    set: (bind: BindKeywords, curve) => editBind(bind, { options: { curves: curve, ...bind.tls.options } }),
  }),
  keyword({
    name: 'alpn', argument: alpn, default: 'mode auto, http: h2,http/1.1; mode grpc: h2; mode tcp: none',
    summary: 'Protocols that clients may choose from.', set: (bind: BindKeywords, names) => editBind(bind, { alpn: names }),
  }),
  flag({
    name: 'no-alpn', default: 'off', summary: 'Let clients choose no protocol.', set: (bind: BindKeywords) => editBind(bind, { alpn: [] }),
  }),
  ...cipherKeywords<BindKeywords>((bind, change) => editBind(bind, { options: { ...bind.tls.options, ...change } })),
  ...bindOptionKeywords<BindKeywords>((bind, change) => editBind(bind, { options: change(bind.tls.options) })),
];

function editServer(server: ServerKeywords, change: Partial<ServerTlsDraft>): void {
  server.tls = { ...server.tls, ...change };
}

const SNI_FORMS = 'an expression such as str(<name>), ssl_fc_sni, req.hdr(host) or var(txn.name)';

const sniExpression: Argument<ServerTlsDraft['sni']> = {
  usage: '<expression>',
  describe: `<expression>: ${SNI_FORMS}`,
  take: (cursor, context) => {
    const word = required(cursor, context, SNI_FORMS);
    if (word === undefined) return undefined;
    const { text, position } = word;
    if (text === 'ssl_fc_sni') return { kind: 'client' };
    const header = /^(?:req\.)?hdr\(([A-Za-z0-9!#$%&'*+.^_`|~-]{1,128})\)$/.exec(text)?.[1]?.toLowerCase();
    if (header !== undefined) return header === 'host' ? { kind: 'host' } : { kind: 'header', name: header };
    const name = /^str\((["']?)([A-Za-z0-9._-]{1,253})\1\)$/.exec(text)?.[2];
    if (name !== undefined) return { kind: 'fixed', name };
    if (/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(text) && !/^(?:req|grpc|txn)\./.test(text)) {
      context.report.error(`'${text}' is not an expression: write sni str(${text})`, position);
      return undefined;
    }
    return { kind: 'word', word };
  },
};

function editSendProxy(server: ServerKeywords, change: (now: SendProxyDraft) => SendProxyDraft): void {
  server.sendProxy = change(server.sendProxy);
}

function sendV2(name: string, flags: readonly ProxyV2Flag[], what: string): readonly Keyword<ServerKeywords>[] {
  return [
    flag({
      name, default: 'off', summary: `Tell the server who the client is by PROXY protocol version 2${what}.`,
      set: (server: ServerKeywords) => editSendProxy(server, (now) => ({ ...now, version: 2, flags: [...now.flags, ...flags] })),
    }),
    flag({
      name: `no-${name}`, default: 'on', summary: `Undo a '${name}' of default-server.`,
      set: (server: ServerKeywords) => editSendProxy(server, (now) => ({ ...now, version: 0, flags: [] })),
    }),
  ];
}

const V2_FLAGS: readonly ProxyV2Flag[] = ['ssl', 'cert-cn', 'ssl-cipher', 'authority', 'crc32c', 'unique-id'];

const v2Options = parsed('options', `one or more of ${V2_FLAGS.join(', ')}, separated by commas`, (text): Parsed<readonly ProxyV2Flag[]> => {
  const found: ProxyV2Flag[] = [];
  for (const name of text.split(',')) {
    const option = V2_FLAGS.find((candidate) => candidate === name);
    if (option === undefined) return { ok: false, message: `'${name}' is not an option of this version: ${V2_FLAGS.join(', ')}` };
    found.push(option);
  }
  return { ok: true, value: found };
});

export const SERVER_TLS_KEYWORDS: readonly Keyword<ServerKeywords>[] = [
  flag({
    name: 'ssl', default: 'off', summary: "Speak TLS to the server. Its certificate is verified: needs 'ca-file', or 'verify none'.",
    set: (server: ServerKeywords) => editServer(server, { ssl: true }),
  }),
  flag({
    name: 'no-ssl', default: 'on', summary: "Undo an 'ssl' of default-server.", set: (server: ServerKeywords) => editServer(server, { ssl: false }),
  }),
  keyword({
    name: 'verify', argument: oneOf('verification', ['none', 'required']), default: "required, or the global section's ssl-server-verify",
    summary: "Whether the server's certificate has to be signed by 'ca-file', and to have the name of 'sni' or 'verifyhost' where there is one.",
    set: (server: ServerKeywords, verify) => editServer(server, { verify: verify === 'required' }),
  }),
  keyword({
    name: 'ca-file', argument: file("a PEM file or a directory, or @system-ca for the system's"), default: 'none',
    summary: "Who signs the server's certificate.", set: (server: ServerKeywords, caFile) => editServer(server, { caFile }),
  }),
  keyword({
    name: 'crl-file', argument: file('a PEM file'), default: 'none', summary: "Servers' certificates that are revoked.",
    set: (server: ServerKeywords, crlFile) => editServer(server, { crlFile }),
  }),
  keyword({
    name: 'crt', argument: file('a PEM file with certificate, chain and key'), default: 'none',
    summary: 'Our own certificate, for servers that ask for one.', set: (server: ServerKeywords, crt) => editServer(server, { crt }),
  }),
  keyword({
    name: 'sni', argument: sniExpression, default: 'none',
    summary: "The host name that the server is told, and that its certificate must have: a fixed one, the client's own, the host of the request, or what another expression comes to.",
    set: (server: ServerKeywords, sni) => editServer(server, { sni }),
  }),
  keyword({
    name: 'verifyhost', argument: word('hostname', 'a host name'), default: 'none',
    summary: "The name that the server's certificate must have where no SNI is sent.",
    set: (server: ServerKeywords, verifyHost) => editServer(server, { verifyHost }),
  }),
  keyword({
    name: 'alpn', argument: alpn, default: 'h2 where HTTP/2 is spoken', summary: 'Protocols that the server is offered.',
    set: (server: ServerKeywords, names) => editServer(server, { alpn: names }),
  }),
  flag({
    name: 'no-ssl-reuse', default: 'off', summary: 'Begin every connection with a full handshake.',
    set: (server: ServerKeywords) => editServer(server, { reuse: false }),
  }),
  flag({
    name: 'ssl-reuse', default: 'on', summary: "Undo a 'no-ssl-reuse' of default-server.",
    set: (server: ServerKeywords) => editServer(server, { reuse: true }),
  }),
  ...cipherKeywords<ServerKeywords>((server, change) => editServer(server, { options: { ...server.tls.options, ...change } })),
  ...protocolKeywords<ServerKeywords>((server, change) => editServer(server, { options: change(server.tls.options) })),
  flag({
    name: 'check-ssl', default: "as 'ssl'", summary: 'Checks speak TLS.', set: (server: ServerKeywords) => editServer(server, { checkSsl: true }),
  }),
  flag({
    name: 'no-check-ssl', default: "as 'ssl'", summary: 'Checks do not speak TLS.',
    set: (server: ServerKeywords) => editServer(server, { checkSsl: false }),
  }),
  keyword({
    name: 'check-sni', argument: word('hostname', 'a host name'), default: "the fixed name of 'sni'",
    summary: 'The host name that the server is told by checks, and that its certificate must have.',
    set: (server: ServerKeywords, checkSni) => editServer(server, { checkSni }),
  }),
  keyword({
    name: 'check-alpn', argument: alpn, default: "as 'alpn'", summary: 'Protocols that checks offer.',
    set: (server: ServerKeywords, names) => editServer(server, { checkAlpn: names }),
  }),
  flag({
    name: 'send-proxy', default: 'off', summary: 'Tell the server who the client is by PROXY protocol version 1. Each client gets connections of its own.',
    set: (server: ServerKeywords) => editSendProxy(server, (now) => ({ ...now, version: 1 })),
  }),
  flag({
    name: 'no-send-proxy', default: 'on', summary: "Undo a 'send-proxy' of default-server.",
    set: (server: ServerKeywords) => editSendProxy(server, (now) => ({ ...now, version: 0 })),
  }),
  ...sendV2('send-proxy-v2', [], ''),
  ...sendV2('send-proxy-v2-ssl', ['ssl'], ', and of TLS'),
  ...sendV2('send-proxy-v2-ssl-cn', ['ssl', 'cert-cn'], ', of TLS, and of the name in its certificate'),
  keyword({
    name: 'proxy-v2-options', argument: v2Options, default: 'none', summary: "What version 2 tells beyond the addresses; with unique-id, that of 'unique-id-format', each request gets a connection of its own.",
    set: (server: ServerKeywords, flags) => editSendProxy(server, (now) => ({ ...now, flags: [...now.flags, ...flags] })),
  }),
  flag({
    name: 'check-send-proxy', default: "as 'send-proxy'", summary: 'Checks begin with a PROXY protocol header.',
    set: (server: ServerKeywords) => editSendProxy(server, (now) => ({ ...now, check: true })),
  }),
  flag({
    name: 'no-check-send-proxy', default: "as 'send-proxy'", summary: 'Checks do not begin with a PROXY protocol header.',
    set: (server: ServerKeywords) => editSendProxy(server, (now) => ({ ...now, check: false })),
  }),
];
