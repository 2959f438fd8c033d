/**
 * Samples (HAProxy manual 7): what expressions yield. A value carries its own type at run time; types are known ahead as far as the
 * expression tells, so that mistakes are found at load. `null` is "no such sample".
 *
 * Strings are octets, one per character (latin1), as header fields are.
 */
import { Address, parseAddress, toIpv4, toIpv6 } from './address.ts';

/** `any`: known at run time only, such as a variable. `addr` is either ipv4 or ipv6. */
export type Type = 'any' | 'bool' | 'int' | 'addr' | 'ipv4' | 'ipv6' | 'str' | 'bin' | 'meth';

/** `meth` and `str` are strings, `bin` octets. */
export type Value = boolean | number | string | Uint8Array | Address;

/** HAProxy's casts, beside those of a type to itself and from `any` (sample.c, sample_casts). */
const CASTS: Readonly<Record<Exclude<Type, 'any'>, readonly Type[]>> = {
  bool: ['int', 'str'],
  int: ['bool', 'addr', 'ipv4', 'ipv6', 'str', 'bin'],
  addr: ['int', 'ipv4', 'ipv6', 'str', 'bin'],
  ipv4: ['int', 'addr', 'ipv6', 'str', 'bin'],
  ipv6: ['addr', 'ipv4', 'str', 'bin'],
  str: ['bool', 'int', 'addr', 'ipv4', 'ipv6', 'bin', 'meth'],
  bin: ['str', 'meth'],
  meth: ['str', 'bin'],
};

export function castable(from: Type, to: Type): boolean {
  return from === 'any' || to === 'any' || from === to || CASTS[from].includes(to);
}

/** `value` as `to`; null where the cast does not exist or the value does not fit. */
export function cast(value: Value, to: Type): Value | null {
  switch (to) {
    case 'any': return value;
    case 'bool': return asBool(value);
    case 'int': return asInt(value);
    case 'addr': return asAddress(value);
    case 'ipv4': {
      const address = asAddress(value);
      return address === null ? null : toIpv4(address);
    }
    case 'ipv6': {
      const address = asAddress(value);
      return address === null ? null : toIpv6(address);
    }
    case 'str':
    case 'meth': return asText(value);
    case 'bin': return asBytes(value);
  }
}

/** True becomes 1; octets end at a NUL, as in HAProxy. */
export function asText(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof Address) return value.toString();
  const nul = value.indexOf(0);
  return Buffer.from(value.buffer, value.byteOffset, nul < 0 ? value.length : nul).toString('latin1');
}

/** A string counts by the digits with which it begins, as in HAProxy: "12ab" is 12, "ab" is 0; the empty string has no number. */
export function asInt(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return value === '' ? null : Number(/^[+-]?\d{1,18}/.exec(value)?.[0] ?? 0);
  if (!(value instanceof Address)) return null;
  const ipv4 = toIpv4(value);
  return ipv4 === null ? null : ipv4.bytes.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function asBool(value: Value): boolean | null {
  if (typeof value === 'boolean') return value;
  const number = asInt(value);
  return number === null ? null : number !== 0;
}

export function asAddress(value: Value): Address | null {
  if (value instanceof Address) return value;
  if (typeof value === 'string') return parseAddress(value);
  if (typeof value !== 'number') return null;
  return new Address(4, Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff));
}

export function asBytes(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof Address) return value.bytes;
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(Math.trunc(value))));
    return bytes;
  }
  return Buffer.from(asText(value), 'latin1');
}

/** The octets of a value as a string of one character each: what concatenation and hashing see. */
export function octetsOf(value: Value): string {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1') : asText(value);
}

/** Text of the configuration as octets: it was decoded from UTF-8 when the file was read. */
export function fromConfiguration(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Control characters of ASCII: the others are octets of UTF-8. */
export function isControl(code: number): boolean {
  return code < 0x20 || code === 0x7f;
}

export function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (isControl(text.charCodeAt(i))) return true;
  return false;
}
