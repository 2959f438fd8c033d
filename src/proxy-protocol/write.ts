/** Writes PROXY protocol headers (proxy-protocol.txt), for servers that expect to hear who the client is. */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { crc32c } from './crc32c.ts';
import { MAX_UNIQUE_ID, PP2_TYPE_AUTHORITY, PP2_TYPE_CRC32C, PP2_TYPE_UNIQUE_ID, SIGNATURE, V2_HEADER, type Endpoint, type ProxyTls } from './header.ts';

/** Longest text of a TLV that is sent: names of hosts and ciphers are shorter. */
const MAX_TEXT = 255;

const PP2_TYPE_SSL = 0x20;
const PP2_SUBTYPE_SSL_VERSION = 0x21;
const PP2_SUBTYPE_SSL_CN = 0x22;
const PP2_SUBTYPE_SSL_CIPHER = 0x23;
const PP2_CLIENT_SSL = 0x01;
const PP2_CLIENT_CERT_CONN = 0x02;
const PP2_CLIENT_CERT_SESS = 0x04;

/** What a version 2 header tells beyond the addresses. */
export interface ProxyV2Options {
  readonly ssl: boolean;
  readonly certCn: boolean;
  readonly sslCipher: boolean;
  readonly authority: boolean;
  readonly crc32c: boolean;
  /** The stream's, each octet a character; null or left out: none. */
  readonly uniqueId?: string | null;
}

/** Version 1; null for either end: `UNKNOWN`. */
export function proxyV1(source: Endpoint | null, destination: Endpoint | null): Buffer {
  const pair = sameFamily(source, destination);
  if (pair === null) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { family, from, to } = pair;
  return Buffer.from(`PROXY ${family === 4 ? 'TCP4' : 'TCP6'} ${from.address} ${to.address} ${from.port} ${to.port}\r\n`, 'latin1');
}

/** Version 2, PROXY command; null for either end: family UNSPEC. `tls`: null for a connection without. */
export function proxyV2(source: Endpoint | null, destination: Endpoint | null, tls: ProxyTls | null, options: ProxyV2Options): Buffer {
  const pair = sameFamily(source, destination);
  const addresses = pair === null ? Buffer.alloc(0) : addressBlock(pair);
  const parts = [addresses];
  if (options.authority && tls !== null && tls.sni !== '') parts.push(tlv(PP2_TYPE_AUTHORITY, text(tls.sni)));
  const { uniqueId = null } = options;
  if (uniqueId !== null) parts.push(tlv(PP2_TYPE_UNIQUE_ID, Buffer.from(uniqueId, 'latin1').subarray(0, MAX_UNIQUE_ID)));
  if (options.ssl) parts.push(tlv(PP2_TYPE_SSL, sslBlock(tls, options)));
  if (options.crc32c) parts.push(tlv(PP2_TYPE_CRC32C, Buffer.alloc(4)));
  const header = fixedPart(0x21, pair === null ? 0 : pair.family === 4 ? 0x11 : 0x21, parts);
  if (options.crc32c) header.writeUInt32BE(crc32c(header, header.length - 4, header.length), header.length - 4);
  return header;
}

/** Version 2, LOCAL command: the connection is the proxy's own, as health checks are. */
export function proxyV2Local(): Buffer {
  return fixedPart(0x20, 0, []);
}

function fixedPart(command: number, family: number, parts: readonly Buffer[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const fixed = Buffer.alloc(V2_HEADER);
  SIGNATURE.copy(fixed);
  fixed[12] = command;
  fixed[13] = family;
  fixed.writeUInt16BE(size, 14);
  return Buffer.concat([fixed, ...parts]);
}

interface Pair {
  readonly family: 4 | 6;
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** Where one end is IPv4 and the other IPv6, the first is written as ::ffff:a.b.c.d, as HAProxy does. */
function sameFamily(source: Endpoint | null, destination: Endpoint | null): Pair | null {
  if (source === null || destination === null) return null;
  if (isIPv4(source.address) && isIPv4(destination.address)) return { family: 4, from: source, to: destination };
  const from = asIPv6(source);
  const to = asIPv6(destination);
  return from === null || to === null ? null : { family: 6, from, to };
}

function asIPv6({ address, port }: Endpoint): Endpoint | null {
  if (isIPv4(address)) return { address: `::ffff:${address}`, port };
  const [plain = ''] = address.split('%');
  return isIPv6(plain) ? { address: plain, port } : null;
}

function addressBlock({ family, from, to }: Pair): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(from.port, 0);
  ports.writeUInt16BE(to.port, 2);
  return Buffer.concat([octets(from.address, family), octets(to.address, family), ports]);
}

function octets(address: string, family: 4 | 6): Buffer {
  if (family === 4) return Buffer.from(address.split('.').map(Number));
  // The one normal form with neither an embedded IPv4 address nor doubt about "::".
  const normal = new SocketAddress({ address, family: 'ipv6' }).address.replace(/[\d.]+\.[\d.]+$/, (quad) => {
    const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = normal.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const words = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  const bytes = Buffer.alloc(16);
  words.forEach((word, index) => bytes.writeUInt16BE(Number.parseInt(word, 16), 2 * index));
  return bytes;
}

/** §2.2.6: which of TLS and client certificate there were, whether the certificate was good (0), and details. */
function sslBlock(tls: ProxyTls | null, { certCn, sslCipher }: ProxyV2Options): Buffer {
  const fixed = Buffer.alloc(5);
  if (tls === null) {
    fixed.writeUInt32BE(1, 1);
    return fixed;
  }
  fixed[0] = PP2_CLIENT_SSL | (tls.clientPresented ? PP2_CLIENT_CERT_CONN | PP2_CLIENT_CERT_SESS : 0);
  fixed.writeUInt32BE(tls.clientVerified ? 0 : 1, 1);
  const parts = [fixed, tlv(PP2_SUBTYPE_SSL_VERSION, text(tls.version))];
  if (certCn && tls.clientName !== '') parts.push(tlv(PP2_SUBTYPE_SSL_CN, text(tls.clientName)));
  if (sslCipher && tls.cipher !== '') parts.push(tlv(PP2_SUBTYPE_SSL_CIPHER, text(tls.cipher)));
  return Buffer.concat(parts);
}

function text(value: string): Buffer {
  return Buffer.from(value, 'utf8').subarray(0, MAX_TEXT);
}

function tlv(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(3);
  head[0] = type;
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}
