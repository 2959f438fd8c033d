/** Converters between encodings (HAProxy manual 7.3.1). */
import { mask, parseAddress, parseBits, toIpv4, Address } from '../address.ts';
import { ArgumentError, converter } from '../declare.ts';
import { asBytes, octetsOf } from '../value.ts';
import type { Converter } from '../declare.ts';

function buffer(value: Parameters<typeof asBytes>[0]): Buffer {
  const octets = asBytes(value);
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length);
}

/** Numbers of `size` octets each as decimal digits between `delimiter`; a rest that is too short is left out with `strict`. */
function decimals(octets: Uint8Array, delimiter: string, size: number, strict: boolean, bigEndian: boolean): string {
  const numbers: string[] = [];
  for (let at = 0; at < octets.length; at += size) {
    const chunk = octets.subarray(at, at + size);
    if (strict && chunk.length < size) break;
    let value = 0n;
    for (const octet of bigEndian ? chunk : chunk.toReversed()) value = (value << 8n) | BigInt(octet);
    numbers.push(String(value));
  }
  return numbers.join(delimiter);
}

function numbers(name: string, order: string, bigEndian: boolean): Converter {
  return converter(name, 'delimiter:text size:int [strict:int]', 'bin', 'str', `Octets as decimal numbers of so many octets each (1 to 8), ${order} first.`, (args) => {
    const size = args.int(1, 1);
    if (size < 1 || size > 8) throw new ArgumentError(`the size of '${name}' lies between 1 and 8`);
    return (value) => decimals(asBytes(value), args.text(0), size, args.int(2, 0) === 1, bigEndian);
  });
}

/** What url_enc leaves as it is (RFC 3986, unreserved). */
const UNRESERVED = /[^A-Za-z0-9_.~-]/g;

/** A prefix length, or a mask whose ones need not be in front. */
function parseMask6(text: string): Uint8Array | null {
  const bits = parseBits(text, 6);
  if (bits !== null) return mask(new Address(6, new Uint8Array(16).fill(0xff)), bits).bytes;
  const address = text.includes(':') ? parseAddress(text) : null;
  return address === null ? null : address.bytes;
}

export const ENCODING_CONVERTERS: readonly Converter[] = [
  converter('b64dec', '', 'str', 'bin', 'Base64 decoded.', () => (value) => decode(octetsOf(value), /^[A-Za-z0-9+/]*={0,2}$/, 'base64')),
  converter('base64', '', 'bin', 'str', 'In base64.', () => (value) => buffer(value).toString('base64')),
  numbers('be2dec', 'the largest octet', true),
  converter('be2hex', '[delimiter:text] [size:int] [strict:int]', 'bin', 'str', 'Octets as hexadecimal digits, in groups of so many octets.', (args) => (value) => {
    const size = args.int(1, 1);
    const groups: string[] = [];
    const octets = buffer(value);
    for (let at = 0; at < octets.length; at += size) {
      const chunk = octets.subarray(at, at + size);
      if (chunk.length === size || args.int(2, 0) === 0) groups.push(chunk.toString('hex').toUpperCase());
    }
    return groups.join(args.text(0));
  }),
  converter('hex', '', 'bin', 'str', 'Octets as hexadecimal digits in upper case.', () => (value) => buffer(value).toString('hex').toUpperCase()),
  converter('hex2i', '', 'str', 'int', 'The number that the hexadecimal digits stand for.', () => (value) => {
    const digits = /^[0-9a-f]{1,13}$/i.exec(octetsOf(value))?.[0];
    return digits === undefined ? null : Number.parseInt(digits, 16);
  }),
  converter('htonl', '', 'int', 'bin', 'The number as four octets, the largest first.', () => (value) => {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(Number(BigInt.asUintN(32, BigInt(Number(value)))));
    return octets;
  }),
  converter('ipmask', 'mask4:text [mask6:text]', 'addr', 'addr', 'The address with the bits beyond the mask (or prefix length) cleared.', (args) => {
    const ipv4 = parseBits(args.text(0), 4);
    const ipv6 = args.text(1) === '' ? null : parseMask6(args.text(1));
    if (ipv4 === null) throw new ArgumentError(`'${args.text(0)}' is not an IPv4 mask`);
    if (args.text(1) !== '' && ipv6 === null) throw new ArgumentError(`'${args.text(1)}' is not an IPv6 mask`);
    return (value) => {
      if (!(value instanceof Address)) return null;
      if (value.version === 4) return mask(value, ipv4);
      if (ipv6 !== null) return new Address(6, value.bytes.map((octet, index) => octet & (ipv6[index] ?? 0)));
      const mapped = toIpv4(value);
      return mapped === null ? null : mask(mapped, ipv4);
    };
  }),
  numbers('le2dec', 'the smallest octet', false),
  converter('ub64dec', '', 'str', 'bin', 'Base64 for URLs decoded.', () => (value) => decode(octetsOf(value), /^[A-Za-z0-9_-]*={0,2}$/, 'base64url')),
  converter('ub64enc', '', 'bin', 'str', 'In base64 for URLs, without padding.', () => (value) => buffer(value).toString('base64url')),
  converter('url_dec', '[in_form:int]', 'str', 'str', 'Percent-encoding decoded; + is a blank behind a question mark, and everywhere with in_form 1.', (args) => {
    const form = args.int(0, 0) !== 0;
    return (value) => {
      const text = octetsOf(value);
      let query = form;
      return text.replace(/%([0-9a-f]{2})?|\+|\?/gi, (match, digits: string | undefined) => {
        if (match === '?') query = true;
        if (match === '+') return query ? ' ' : '+';
        return digits === undefined ? match : String.fromCharCode(Number.parseInt(digits, 16));
      });
    };
  }),
  converter('url_enc', '[type:text]', 'str', 'str', 'In percent-encoding.', (args) => {
    if (args.text(0) !== '' && args.text(0) !== 'query') throw new ArgumentError("the type of 'url_enc' is query");
    return (value) => octetsOf(value).replace(UNRESERVED, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  }),
];

function decode(text: string, form: RegExp, encoding: 'base64' | 'base64url'): Buffer | null {
  return form.test(text) ? Buffer.from(text, encoding) : null;
}
