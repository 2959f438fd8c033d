/** TLS and the PROXY protocol, as the configuration says them: resolved, immutable, files not yet read. */
import type { KeySource } from '../route/key.ts';
import type { Position } from './diagnostics.ts';

/** In Node's spelling; without the last digit HAProxy's `TLSv1.0`. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** What may be negotiated. null: OpenSSL's choice. */
export interface TlsProtocolSettings {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** `no-tlsv1x` between the two. */
  readonly excluded: readonly TlsVersion[];
  /** TLS 1.2 and older: OpenSSL's cipher list. */
  readonly ciphers: string | null;
  /** TLS 1.3. */
  readonly ciphersuites: string | null;
  readonly curves: string | null;
  readonly sigalgs: string | null;
  /** Sessions are resumed by tickets. */
  readonly tickets: boolean;
}

/** OpenSSL's numbers of what is found wrong with a certificate. */
export type IgnoredErrors = 'all' | readonly number[];

export interface BindTlsSettings extends TlsProtocolSettings {
  /** Files and directories with certificates and keys; the first certificate is the default. */
  readonly crt: readonly string[];
  readonly crtLists: readonly string[];
  /** Relative paths inside a crt-list are below it; empty: as they are. */
  readonly crtBase: string;
  /** Who signs clients' certificates: a file, a directory or `@system-ca`. */
  readonly caFile: string | null;
  readonly crlFile: string | null;
  readonly verify: 'none' | 'optional' | 'required';
  /** What may be wrong with clients' certificates, and with those of their issuers. */
  readonly ignoredErrors: { readonly certificate: IgnoredErrors; readonly issuers: IgnoredErrors };
  /** Offered, most wanted first; empty: no ALPN. */
  readonly alpn: readonly string[];
  /** A client that names no host of ours is refused. */
  readonly strictSni: boolean;
  readonly preferClientCiphers: boolean;
  /** The `bind` line, for messages about files. */
  readonly position: Position;
}

/** What a name is taken of. */
export type SniSource = KeySource;

/**
 * Which name a server is told: none, the same for all, the one that the client told us (`ssl_fc_sni`), the request's host
 * (`req.hdr(host)`), another of its fields, or what another expression comes to, as latin1.
 */
export type SniSettings =
  | { readonly kind: 'none' | 'client' | 'host' }
  | { readonly kind: 'fixed' | 'header'; readonly name: string }
  | { readonly kind: 'expression'; readonly octets: (source: SniSource) => string | null };

export interface ServerTlsSettings extends TlsProtocolSettings {
  readonly verify: boolean;
  readonly caFile: string | null;
  readonly crlFile: string | null;
  /** Our own certificate, with key. */
  readonly crt: string | null;
  readonly sni: SniSettings;
  /** The name that the certificate must have where no SNI is sent. */
  readonly verifyHost: string | null;
  /** null: `h2` where we speak HTTP/2, else none. */
  readonly alpn: readonly string[] | null;
  /** Sessions are resumed. */
  readonly reuse: boolean;
  /** The `server` line, for messages about files. */
  readonly position: Position;
}

/** How a server is told who the client is. */
export type SendProxy =
  | { readonly version: 1 }
  | {
    readonly version: 2;
    readonly ssl: boolean;
    readonly certCn: boolean;
    readonly sslCipher: boolean;
    readonly authority: boolean;
    readonly crc32c: boolean;
    /** `unique-id`: of the stream that the connection is for. */
    readonly uniqueId: boolean;
  };
