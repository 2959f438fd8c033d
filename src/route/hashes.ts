/** Hash functions of HAProxy's converters (hash.c); all give 32 bits without sign. Texts are octets. */
import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 of IEEE 802.3, as in zlib. */
export function crc32(text: string): number {
  return zlibCrc32(Buffer.from(text, 'latin1'));
}

const CRC32C = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

/** CRC-32C (RFC 9260 appendix A). */
export function crc32c(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ (CRC32C[(crc ^ text.charCodeAt(i)) & 0xff] as number);
  return ~crc >>> 0;
}

/** Bernstein's hash: 5381, times 33 plus the octet. */
export function djb2(text: string): number {
  let hash = 5381;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 33) + text.charCodeAt(i)) | 0;
  return hash >>> 0;
}

/** The hash of sdbm: times 65599 plus the octet. */
export function sdbm(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (text.charCodeAt(i) + (hash << 6) + (hash << 16) - hash) | 0;
  return hash >>> 0;
}

/** HAProxy's wt6. */
export function wt6(text: string): number {
  let h0 = 0xa53c965a;
  let h1 = 0x5ca6953a;
  let step0 = 6;
  let step1 = 18;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    h0 = ~(h0 ^ octet) >>> 0;
    h1 = ~(h1 + octet) >>> 0;
    [h0, h1] = [rotate(h1, step0), rotate(h0, step1)];
    const mixed = ((h0 >>> 16) ^ h1) & 0xffff;
    step0 = mixed & 0x1f;
    step1 = mixed >>> 11;
  }
  return (h0 ^ h1) >>> 0;
}

function rotate(value: number, bits: number): number {
  return bits === 0 ? value : ((value << bits) | (value >>> (32 - bits))) >>> 0;
}

/** HAProxy's full avalanche, applied where a converter's argument asks for it (tools.h, full_hash). */
export function avalanche(value: number): number {
  let a = value;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) ^ (a << 9)) | 0;
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 3_221_225_473) >>> 0;
}
