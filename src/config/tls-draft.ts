/** TLS in the making. The objects are replaced, never changed, since proxies and servers begin with those of their defaults. */
import type { Token } from './lexer.ts';
import type { IgnoredErrors, SniSettings, TlsProtocolSettings, TlsVersion } from './tls-settings.ts';

export type ProtocolDraft = Partial<TlsProtocolSettings>;

export interface BindTlsDraft {
  readonly ssl: boolean;
  readonly crt: readonly string[];
  readonly crtLists: readonly string[];
  readonly caFile: string | null;
  readonly crlFile: string | null;
  readonly verify: 'none' | 'optional' | 'required';
  readonly crtIgnoreErr: IgnoredErrors;
  readonly caIgnoreErr: IgnoredErrors;
  /** null: by mode. */
  readonly alpn: readonly string[] | null;
  readonly options: BindOptionsDraft;
}

/** Also what `ssl-default-bind-options` sets. */
export interface BindOptionsDraft extends ProtocolDraft {
  readonly strictSni?: boolean;
  readonly preferClientCiphers?: boolean;
}

export interface ServerTlsDraft {
  readonly ssl: boolean;
  /** null: `ssl-server-verify`. */
  readonly verify: boolean | null;
  readonly caFile: string | null;
  readonly crlFile: string | null;
  readonly crt: string | null;
  /** As it is written, where it is an expression. */
  readonly sni: SniSettings | { readonly kind: 'word'; readonly word: Token };
  readonly verifyHost: string | null;
  readonly alpn: readonly string[] | null;
  readonly reuse: boolean;
  readonly options: ProtocolDraft;
  /** `check-ssl`; null: as the server itself. */
  readonly checkSsl: boolean | null;
  readonly checkSni: string | null;
  readonly checkAlpn: readonly string[] | null;
}

export type ProxyV2Flag = 'ssl' | 'cert-cn' | 'ssl-cipher' | 'authority' | 'crc32c' | 'unique-id';

export interface SendProxyDraft {
  readonly version: 0 | 1 | 2;
  readonly flags: readonly ProxyV2Flag[];
  /** `check-send-proxy`; null: as the server itself. */
  readonly check: boolean | null;
}

export interface GlobalTlsDraft {
  readonly crtBase: string;
  readonly caBase: string;
  readonly bind: BindOptionsDraft;
  readonly server: ProtocolDraft;
  readonly serverVerify: boolean;
}

/** HAProxy's defaults: TLS 1.2 and 1.3, ciphers and curves of the library. */
export const TLS_PROTOCOL: TlsProtocolSettings = {
  minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', excluded: [], ciphers: null, ciphersuites: null, curves: null, sigalgs: null, tickets: true,
};

export const BIND_TLS: BindTlsDraft = {
  ssl: false, crt: [], crtLists: [], caFile: null, crlFile: null, verify: 'none', crtIgnoreErr: [], caIgnoreErr: [], alpn: null, options: {},
};

export const SERVER_TLS: ServerTlsDraft = {
  ssl: false, verify: null, caFile: null, crlFile: null, crt: null, sni: { kind: 'none' }, verifyHost: null, alpn: null, reuse: true,
  options: {}, checkSsl: null, checkSni: null, checkAlpn: null,
};

export const SEND_PROXY: SendProxyDraft = { version: 0, flags: [], check: null };

export const GLOBAL_TLS: GlobalTlsDraft = { crtBase: '', caBase: '', bind: {}, server: {}, serverVerify: true };

/** From oldest to newest. */
export const TLS_VERSIONS: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
