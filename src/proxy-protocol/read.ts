/**
 * Reads the PROXY protocol header with which a connection begins. Pure: for any bytes that arrive in any pieces, the answer on a
 * prefix is 'more' or the answer on the whole.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { crc32c } from './crc32c.ts';
import { MAX_AUTHORITY, MAX_UNIQUE_ID, PP2_TYPE_AUTHORITY, PP2_TYPE_CRC32C, PP2_TYPE_UNIQUE_ID, SIGNATURE, V2_HEADER, type Endpoint, type ProxyHeader, type ProxyTold } from './header.ts';

/** Longest version 1 line, CRLF included (proxy-protocol.txt §2.1). */
const MAX_V1 = 107;
/** Longest version 2 header that is taken: HAProxy's are bounded by its buffer of 16 KiB, too. */
export const MAX_PROXY_HEADER: number = 16 * 1024;

const NONE: ProxyHeader = { source: null, destination: null };
const NOTHING_TOLD: ProxyTold = { authority: null, uniqueId: null };
const V1_BEGIN = Buffer.from('PROXY ', 'latin1');

/** Family and protocol, octet 14. */
const TCP4 = 0x11;
const UDP4 = 0x12;
const TCP6 = 0x21;
const UDP6 = 0x22;
/** Octets of addresses and ports by address family. */
const ADDRESS_SIZES: readonly number[] = [0, 12, 36, 216];

export type ReadResult =
  | { readonly kind: 'more' }
  /** `length`: octets of the header; what follows is the connection's. */
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly length: number }
  | { readonly kind: 'invalid'; readonly reason: string };

const MORE: ReadResult = { kind: 'more' };

export function readProxyHeader(bytes: Uint8Array): ReadResult {
  if (bytes.length === 0) return MORE;
  if (bytes[0] === SIGNATURE[0]) return readV2(bytes);
  if (bytes[0] === V1_BEGIN[0]) return readV1(bytes);
  return invalid('it does not begin with a PROXY protocol header');
}

function invalid(reason: string): ReadResult {
  return { kind: 'invalid', reason };
}

function beginsWith(bytes: Uint8Array, expected: Uint8Array): boolean {
  const size = Math.min(bytes.length, expected.length);
  for (let i = 0; i < size; i++) if (bytes[i] !== expected[i]) return false;
  return true;
}

/** `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n` */
function readV1(bytes: Uint8Array): ReadResult {
  if (!beginsWith(bytes, V1_BEGIN)) return invalid('it does not begin with a PROXY protocol header');
  const end = bytes.subarray(0, MAX_V1).indexOf(0x0a);
  if (end < 0) return bytes.length >= MAX_V1 ? invalid(`version 1: no end of line within ${MAX_V1} octets`) : MORE;
  if (bytes[end - 1] !== 0x0d) return invalid('version 1: the line ends without CR');
  const length = end + 1;
  const words = Buffer.from(bytes.buffer, bytes.byteOffset, end - 1).toString('latin1').split(' ');
  const [, family, source, destination, sourcePort, destinationPort] = words;
  // Whatever follows UNKNOWN is to be ignored.
  if (family === 'UNKNOWN') return { kind: 'header', header: NONE, length };
  if (family !== 'TCP4' && family !== 'TCP6') return invalid('version 1: the protocol is none of TCP4, TCP6, UNKNOWN');
  if (words.length !== 6) return invalid(`version 1: ${words.length} fields, expected 6`);
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  const from = endpoint(source, sourcePort, isAddress);
  const to = endpoint(destination, destinationPort, isAddress);
  if (from === null || to === null) return invalid(`version 1: not a ${family} address and port`);
  return { kind: 'header', header: { source: from, destination: to }, length };
}

function endpoint(address: string | undefined, port: string | undefined, isAddress: (text: string) => boolean): Endpoint | null {
  if (address === undefined || port === undefined || !isAddress(address) || address.includes('%')) return null;
  if (!/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) return null;
  return { address, port: Number(port) };
}

function readV2(bytes: Uint8Array): ReadResult {
  if (!beginsWith(bytes, SIGNATURE)) return invalid('it does not begin with a PROXY protocol header');
  if (bytes.length < V2_HEADER) return versionIsWrong(bytes) ? invalid('version 2: unknown version or command') : MORE;
  if (versionIsWrong(bytes)) return invalid('version 2: unknown version or command');
  const size = uint16(bytes, 14);
  const length = V2_HEADER + size;
  if (length > MAX_PROXY_HEADER) return invalid(`version 2: ${length} octets, at most ${MAX_PROXY_HEADER} are taken`);
  const family = bytes[13] as number;
  const local = bytes[12] === 0x20;
  const addresses = ADDRESS_SIZES[family >> 4];
  if (!local && (addresses === undefined || (family & 0xf) > 2)) return invalid('version 2: unknown address family or protocol');
  if (!local && addresses !== undefined && size < addresses) return invalid('version 2: too short for its addresses');
  if (bytes.length < length) return MORE;
  // LOCAL: the sender speaks for itself (a health check); the address part is to be skipped.
  if (local) return { kind: 'header', header: NONE, length };
  // Of an unspecified family everything is to be ignored (§2.2).
  const told = family >> 4 === 0 ? NOTHING_TOLD : readTlvs(bytes.subarray(0, length), V2_HEADER + (addresses ?? 0));
  if (typeof told === 'string') return invalid(`version 2: ${told}`);
  const more = told === NOTHING_TOLD ? {} : { told };
  switch (family) {
    case TCP4:
    case UDP4:
      return { kind: 'header', length, header: { source: at(bytes, ipv4(bytes, 16), 24), destination: at(bytes, ipv4(bytes, 20), 26), ...more } };
    case TCP6:
    case UDP6:
      return { kind: 'header', length, header: { source: at(bytes, ipv6(bytes, 16), 48), destination: at(bytes, ipv6(bytes, 32), 50), ...more } };
    default:
      return { kind: 'header', header: { ...NONE, ...more }, length };
  }
}

/** What follows the addresses has to add up, and the checksum to be right where there is one (§2.2.3). @returns what is wrong */
function readTlvs(header: Uint8Array, from: number): ProxyTold | string {
  let told = NOTHING_TOLD;
  for (let position = from; position < header.length; ) {
    if (header.length - position < 3) return 'a TLV is cut short';
    const value = position + 3;
    const size = uint16(header, position + 1);
    if (value + size > header.length) return 'a TLV is longer than the header';
    if (header[position] === PP2_TYPE_CRC32C) {
      if (size !== 4) return 'a checksum of another size than 4 octets';
      const sent = uint16(header, value) * 0x10000 + uint16(header, value + 2);
      if (crc32c(header, value, value + 4) !== sent) return 'the checksum is wrong';
    }
    if (header[position] === PP2_TYPE_AUTHORITY) {
      if (size > MAX_AUTHORITY) return `an authority of more than ${MAX_AUTHORITY} octets`;
      told = { ...told, authority: latin1(header, value, size) };
    }
    if (header[position] === PP2_TYPE_UNIQUE_ID) {
      if (size > MAX_UNIQUE_ID) return `a unique id of more than ${MAX_UNIQUE_ID} octets`;
      told = { ...told, uniqueId: latin1(header, value, size) };
    }
    position = value + size;
  }
  return told;
}

function latin1(bytes: Uint8Array, from: number, size: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, size).toString('latin1');
}

/** Octet 12: version 2 in the upper half, command LOCAL (0) or PROXY (1) in the lower. */
function versionIsWrong(bytes: Uint8Array): boolean {
  const octet = bytes[12];
  return octet !== undefined && octet !== 0x20 && octet !== 0x21;
}

function at(bytes: Uint8Array, address: string, port: number): Endpoint {
  return { address, port: uint16(bytes, port) };
}

function uint16(bytes: Uint8Array, from: number): number {
  return ((bytes[from] as number) << 8) | (bytes[from + 1] as number);
}

function ipv4(bytes: Uint8Array, from: number): string {
  return bytes.subarray(from, from + 4).join('.');
}

/** In the form of RFC 5952; an IPv4 address in IPv6 clothes (::ffff:0:0/96) without them. */
function ipv6(bytes: Uint8Array, from: number): string {
  const words = Array.from({ length: 8 }, (_, i) => uint16(bytes, from + 2 * i));
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) return ipv4(bytes, from + 12);
  let best = { start: 0, size: 0 };
  for (let start = 0; start < 8; start++) {
    let size = 0;
    while (start + size < 8 && words[start + size] === 0) size++;
    if (size > best.size) best = { start, size };
  }
  const text = words.map((word) => word.toString(16));
  if (best.size < 2) return text.join(':');
  return `${text.slice(0, best.start).join(':')}::${text.slice(best.start + best.size).join(':')}`;
}
