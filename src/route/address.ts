/** IP addresses as values: parsed once, compared by octets. */

export class Address {
  readonly version: 4 | 6;
  /** 4 or 16 octets. Do not modify. */
  readonly bytes: Uint8Array;

  constructor(version: 4 | 6, bytes: Uint8Array) {
    this.version = version;
    this.bytes = bytes;
  }

  toString(): string {
    return this.version === 4 ? this.bytes.join('.') : formatIpv6(this.bytes);
  }
}

/** An address and how many of its leading bits count. */
export interface Network {
  readonly address: Address;
  readonly bits: number;
}

/** An IPv4 or IPv6 literal, or null. IPv4 as HAProxy reads it: one to four decimal parts, `10.1` being 10.1.0.0. */
export function parseAddress(text: string): Address | null {
  if (text.includes(':')) return parseIpv6(text);
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i] as string;
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null;
    bytes[i] = Number(part);
  }
  return new Address(4, bytes);
}

function parseIpv6(text: string): Address | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const [literal = ''] = bare.split('%');
  const halves = literal.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] as string, true) : [];
  if (head === null || tail === null) return null;
  const count = head.length + tail.length;
  if (halves.length === 1 ? count !== 16 : count > 14) return null;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return new Address(6, bytes);
}

/** The octets of `a:b:c`, where the last group may be an IPv4 literal. */
function groups(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const octets: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes('.')) {
      const ipv4 = parseAddress(part);
      if (ipv4 === null) return null;
      octets.push(...ipv4.bytes);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return null;
      const value = Number.parseInt(part, 16);
      octets.push(value >> 8, value & 0xff);
    }
  }
  return octets;
}

/** RFC 5952: the longest run of zero groups is left out. */
function formatIpv6(bytes: Uint8Array): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
    if (end > i) i = end;
  }
  const hex = (list: readonly number[]): string => list.map((word) => word.toString(16)).join(':');
  if (start === 0 && length === 5 && words[5] === 0xffff) return `::ffff:${bytes.subarray(12).join('.')}`;
  return start < 0 ? hex(words) : `${hex(words.slice(0, start))}::${hex(words.slice(start + length))}`;
}

/** `address`, `address/bits`, `address/255.255.0.0`; null when it is none. IPv4 networks may leave out trailing zero parts (`10/8`). */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf('/');
  const literal = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(slash < 0 || literal.includes(':') ? literal : padded(literal));
  if (address === null) return null;
  if (slash < 0) return { address, bits: address.bytes.length * 8 };
  const bits = parseBits(text.slice(slash + 1), address.version);
  return bits === null ? null : { address: mask(address, bits), bits };
}

function padded(literal: string): string {
  const parts = literal.split('.');
  return parts.length < 4 ? [...parts, ...Array.from({ length: 4 - parts.length }, () => '0')].join('.') : literal;
}

/** A prefix length or a dotted mask, in bits; null when it is none. */
export function parseBits(text: string, version: 4 | 6): number | null {
  if (/^\d{1,3}$/.test(text)) {
    const bits = Number(text);
    return bits <= (version === 4 ? 32 : 128) ? bits : null;
  }
  const dotted = parseAddress(text);
  if (dotted === null || dotted.version !== version) return null;
  let bits = 0;
  for (const [index, octet] of dotted.bytes.entries()) {
    if (bits < index * 8 && octet !== 0) return null;
    const ones = Math.min(8, Math.clz32(~(octet << 24)));
    if (((octet << ones) & 0xff) !== 0) return null;
    bits += ones;
  }
  return bits;
}

export function mask(address: Address, bits: number): Address {
  const bytes = Uint8Array.from(address.bytes, (octet, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    return octet & (0xff << (8 - kept));
  });
  return new Address(address.version, bytes);
}

export function contains(network: Network, address: Address): boolean {
  const { bytes } = network.address;
  const other = address.bytes;
  if (bytes.length !== other.length) return false;
  const whole = network.bits >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== other[i]) return false;
  const rest = network.bits & 7;
  return rest === 0 || (((bytes[whole] as number) ^ (other[whole] as number)) >> (8 - rest)) === 0;
}

/** The IPv4 address in ::ffff:a.b.c.d, 2002:aabb:ccdd:: (6to4) or ::a.b.c.d, as HAProxy casts; null: there is none. */
export function toIpv4(address: Address): Address | null {
  if (address.version === 4) return address;
  const { bytes } = address;
  if (bytes[0] === 0x20 && bytes[1] === 2) return new Address(4, bytes.slice(2, 6));
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return null;
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped || (bytes[10] === 0 && bytes[11] === 0) ? new Address(4, bytes.slice(12)) : null;
}

export function toIpv6(address: Address): Address {
  if (address.version === 6) return address;
  const bytes = new Uint8Array(16);
  bytes.set([0xff, 0xff], 10);
  bytes.set(address.bytes, 12);
  return new Address(6, bytes);
}
