/** TLS and the PROXY protocol of one `bind` or `server`: defaults filled in, paths completed, contradictions reported. */
import path from 'node:path';
import { compileExpression } from '../../route/expression.ts';
import { keyOctets } from '../../route/key.ts';
import type { RuleScope } from '../../route/scope.ts';
import type { Token } from '../lexer.ts';
import { TLS_PROTOCOL, TLS_VERSIONS } from '../tls-draft.ts';
import type { Position, Reporter } from '../diagnostics.ts';
import type { BindDraft, GlobalDraft, ServerDraft } from '../draft.ts';
import type { Configuration, GrpcCheckSettings, Mode } from '../model.ts';
import type { ProtocolDraft, SendProxyDraft } from '../tls-draft.ts';
import type { BindTlsSettings, SendProxy, ServerTlsSettings, SniSettings, TlsProtocolSettings } from '../tls-settings.ts';

/** Not a path, but the authorities that the system trusts. */
const SYSTEM_CA = '@system-ca';

const ALPN_BY_MODE: Readonly<Record<Mode, readonly string[]>> = {
  auto: ['h2', 'http/1.1'], http: ['h2', 'http/1.1'], grpc: ['h2'], tcp: [],
};

/** Whether any line needs certificates, keys or authorities from files. */
export function usesTls({ frontends, backends }: Configuration): boolean {
  return frontends.some(({ binds }) => binds.some(({ tls }) => tls !== null))
    || backends.some(({ servers }) => servers.some(({ tls, checkTls }) => tls !== null || checkTls !== null));
}

export function toBindTls({ keywords, text, position }: BindDraft, mode: Mode, { tls: global }: GlobalDraft, report: Reporter): BindTlsSettings | null {
  const { ssl, crt, crtLists, caFile, crlFile, verify, crtIgnoreErr, caIgnoreErr, alpn, options } = keywords.tls;
  if (!ssl) {
    if (crt.length + crtLists.length > 0) report.warning(`bind ${text} has a certificate, but no 'ssl': it does not speak TLS`, position, "add 'ssl'");
    return null;
  }
  if (crt.length + crtLists.length === 0) report.error(`bind ${text} has 'ssl', but no certificate`, position, "add 'crt <file>'");
  if (verify !== 'none' && caFile === null) {
    report.error(`bind ${text}: 'verify ${verify}' needs 'ca-file'`, position, 'name the file with the certificate of who signs the clients\' certificates');
  }
  const { strictSni = false, preferClientCiphers = false, ...protocol } = { ...global.bind, ...options };
  return {
    ...protocolOf(protocol, `bind ${text}`, position, report),
    crt: crt.map((file) => under(global.crtBase, file)),
    crtLists: crtLists.map((file) => under(global.crtBase, file)),
    crtBase: global.crtBase,
    caFile: caFile === null ? null : under(global.caBase, caFile),
    crlFile: crlFile === null ? null : under(global.caBase, crlFile),
    verify, strictSni, preferClientCiphers, position,
    ignoredErrors: { certificate: crtIgnoreErr, issuers: caIgnoreErr },
    alpn: alpn ?? ALPN_BY_MODE[mode],
  };
}

export interface ServerConnections {
  readonly tls: ServerTlsSettings | null;
  readonly checkTls: ServerTlsSettings | null;
  readonly sendProxy: SendProxy | null;
  readonly checkSendProxy: SendProxy | null;
}

export function toServerConnections(
  server: ServerDraft, grpcCheck: GrpcCheckSettings | null, global: GlobalDraft, report: Reporter, scope: RuleScope,
): ServerConnections {
  const { tls: draft, sendProxy: proxy, check, checkPort, checkAddr } = server.keywords;
  // What listens elsewhere is most likely something else (manual 5.2 "check-ssl", "check-send-proxy").
  const elsewhere = checkPort !== null || checkAddr !== null;
  const { position } = server;
  const checkSsl = check && (draft.checkSsl ?? (draft.ssl && !elsewhere));
  const settings = draft.ssl || checkSsl ? serverTls(server, global, report, scope) : null;
  const checkSni = draft.checkSni ?? (draft.sni.kind === 'fixed' ? draft.sni.name : null);
  const sendProxy = sendProxyOf(proxy);
  const checkSendProxy = check && (proxy.check ?? (sendProxy !== null && !elsewhere)) ? (sendProxy ?? { version: 1 }) : null;
  if (checkSendProxy !== null && grpcCheck !== null) {
    const message = `server '${server.name}': checks by gRPC cannot begin with a PROXY protocol header`;
    report.error(message, position, "add 'no-check-send-proxy' if the server takes connections without, or use plain 'check' without 'option grpc-check'");
  }
  return {
    tls: draft.ssl ? settings : null,
    checkTls: checkSsl && settings !== null
      ? { ...settings, sni: checkSni === null ? { kind: 'none' } : { kind: 'fixed', name: checkSni }, alpn: draft.checkAlpn ?? draft.alpn }
      : null,
    sendProxy,
    checkSendProxy,
  };
}

function serverTls({ name, keywords, position }: ServerDraft, { tls: global }: GlobalDraft, report: Reporter, scope: RuleScope): ServerTlsSettings {
  const { caFile, crlFile, crt, sni, verifyHost, alpn, reuse, options, verify: stated } = keywords.tls;
  const verify = stated ?? global.serverVerify;
  if (verify && caFile === null) {
    report.error(
      `server '${name}' has 'ssl', and its certificate is to be verified, but there is no 'ca-file'`, position,
      "'ca-file <file>' names who signs it, 'ca-file @system-ca' takes the system's authorities, 'verify none' trusts whoever answers",
    );
  }
  return {
    ...protocolOf({ ...global.server, ...options }, `server '${name}'`, position, report),
    verify, sni: sni.kind === 'word' ? sniOf(sni.word, scope) : sni, verifyHost, alpn, reuse, position,
    caFile: caFile === null ? null : under(global.caBase, caFile),
    crlFile: crlFile === null ? null : under(global.caBase, crlFile),
    crt: crt === null ? null : under(global.crtBase, crt),
  };
}

function sniOf({ text, position }: Token, scope: RuleScope): SniSettings {
  const expression = compileExpression(text, position, 'request', scope);
  return expression === null ? { kind: 'none' } : { kind: 'expression', octets: keyOctets(expression) };
}

function protocolOf(draft: ProtocolDraft, owner: string, position: Position, report: Reporter): TlsProtocolSettings {
  const protocol = { ...TLS_PROTOCOL, ...draft };
  const { minVersion, maxVersion, excluded } = protocol;
  const first = TLS_VERSIONS.indexOf(minVersion);
  const last = TLS_VERSIONS.indexOf(maxVersion);
  if (!TLS_VERSIONS.some((version, index) => index >= first && index <= last && !excluded.includes(version))) {
    report.error(`${owner}: no TLS version is left between 'ssl-min-ver' and 'ssl-max-ver'`, position);
  }
  return protocol;
}

function sendProxyOf({ version, flags }: SendProxyDraft): SendProxy | null {
  if (version === 0) return null;
  if (version === 1) return { version };
  const has = (flag: (typeof flags)[number]): boolean => flags.includes(flag);
  return {
    version,
    ssl: has('ssl') || has('cert-cn') || has('ssl-cipher'),
    certCn: has('cert-cn'), sslCipher: has('ssl-cipher'), authority: has('authority'), crc32c: has('crc32c'), uniqueId: has('unique-id'),
  };
}

function under(base: string, file: string): string {
  return base === '' || file === SYSTEM_CA || path.isAbsolute(file) ? file : path.join(base, file);
}
