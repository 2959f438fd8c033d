/** What a PROXY protocol header says (HAProxy's doc/proxy-protocol.txt, versions 1 and 2). */

export interface Endpoint {
  /** IPv4 or IPv6, as text. */
  readonly address: string;
  readonly port: number;
}

/** Both ends of the connection as the sender accepted it; null: LOCAL, UNKNOWN or no TCP addresses, so that the socket's own count. */
export interface ProxyHeader {
  readonly source: Endpoint | null;
  readonly destination: Endpoint | null;
  /** Left out: no such TLV. */
  readonly told?: ProxyTold;
}

/** What a version 2 header tells in TLVs, each octet a character (§2.2.1, §2.2.5); null: nothing. */
export interface ProxyTold {
  /** The host name that the client asked for. */
  readonly authority: string | null;
  readonly uniqueId: string | null;
}

/** What a version 2 header tells of TLS on the connection (§2.2.6); empty: unknown. */
export interface ProxyTls {
  /** `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  readonly sni: string;
  /** Common name of the client's certificate. */
  readonly clientName: string;
  /** A certificate was presented, and it was good. */
  readonly clientVerified: boolean;
  readonly clientPresented: boolean;
}

/** With which every version 2 header begins. */
export const SIGNATURE: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Fixed part of version 2. */
export const V2_HEADER = 16;
/** TLV with the checksum of the whole header (§2.2.3). */
export const PP2_TYPE_CRC32C = 0x03 as const;
export const PP2_TYPE_AUTHORITY = 0x02 as const;
export const PP2_TYPE_UNIQUE_ID = 0x05 as const;
/** Longest values of the two, octets (§2.2.1, §2.2.5). */
export const MAX_AUTHORITY = 255;
export const MAX_UNIQUE_ID = 128;
