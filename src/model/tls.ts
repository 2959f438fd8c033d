/** What is known of TLS on a client's connection, for rules, log lines and servers that are told. */

export interface TlsRecord {
  /** `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL's name: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The host that the client named, as it wrote it; null: none. */
  readonly sni: string | null;
  /** The protocol that was agreed upon; null: none. */
  readonly alpn: string | null;
  /** An earlier session was resumed. */
  readonly resumed: boolean;
  /** null: the client has shown none. One that is here is good but for `verifyError`. */
  readonly client: ClientCertificate | null;
  /** What was found wrong with it, OpenSSL's number; 0: nothing. Left out: 0. */
  readonly verifyError?: number;
  /** What is asked of the connection itself; left out: nothing more is known. */
  readonly details?: TlsDetails;
}

/** For as long as the connection is open. */
export interface TlsDetails {
  /** The certificate that the peer was shown, DER; null: none. */
  own(): Uint8Array | null;
  /** The peer's certificate and those of its issuers, DER; empty: it showed none. */
  peerChain(): readonly Uint8Array[];
}

export interface ClientCertificate {
  /** Distinguished names in OpenSSL's one-line form, as HAProxy's ssl_c_s_dn: `/C=DE/O=Example/CN=client`. */
  readonly subject: string;
  readonly issuer: string;
  readonly commonName: string;
  /** Names of the subjectAltName extension with their kinds: `DNS:a.example`, `URI:spiffe://cluster/ns/app`. */
  readonly altNames: readonly string[];
  /** Hexadecimal. */
  readonly serial: string;
  /** SHA-1 of the certificate, 40 hexadecimal digits. */
  readonly sha1: string;
}

/** `C=DE\nCN=x`, as Node.js has it, in OpenSSL's one-line form: `/C=DE/CN=x`. */
export function distinguishedName(lines: string): string {
  return lines === '' ? '' : `/${lines.split('\n').join('/')}`;
}
