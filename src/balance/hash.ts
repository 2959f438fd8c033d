/**
 * The hash functions of `hash-type` (HAProxy configuration manual 4.2), bit for bit: over the same keys and servers the choice must
 * be HAProxy's. Keys are octets carried as latin1 strings; hashes are unsigned 32-bit numbers.
 */
import { crc32 as zlibCrc32 } from 'node:zlib';
import type { HashFunction } from '../config/balance-settings.ts';

/** `none` takes a key that is a number already: whatever does not begin with digits is 0. */
export function hash(key: string, by: HashFunction): number {
  switch (by) {
    case 'sdbm':
      return sdbm(key);
    case 'djb2':
      return djb2(key);
    case 'wt6':
      return wt6(key);
    case 'crc32':
      return zlibCrc32(Buffer.from(key, 'latin1'));
    case 'none':
      return leadingInteger(key);
  }
}

/** The function of the sdbm database library: hash = octet + hash × 65599. */
function sdbm(key: string): number {
  let value = 0;
  for (let i = 0; i < key.length; i++) value = (key.charCodeAt(i) + (value << 6) + (value << 16) - value) | 0;
  return value >>> 0;
}

/** Daniel J. Bernstein's: hash = hash × 33 + octet. */
function djb2(key: string): number {
  let value = 5381;
  for (let i = 0; i < key.length; i++) value = ((value << 5) + value + key.charCodeAt(i)) | 0;
  return value >>> 0;
}

/** HAProxy's own: two words that rotate each other by amounts that come from the key. */
function wt6(key: string): number {
  let h0 = 0xa53c965a | 0;
  let h1 = 0x5ca6953a | 0;
  let step0 = 6;
  let step1 = 18;
  for (let i = 0; i < key.length; i++) {
    const octet = key.charCodeAt(i);
    h0 = ~(h0 ^ octet);
    h1 = ~(h1 + octet);
    const turned = rotateLeft(h1, step0);
    h1 = rotateLeft(h0, step1);
    h0 = turned;
    const steps = ((h0 >>> 16) ^ h1) & 0xffff;
    step0 = steps & 0x1f;
    step1 = steps >>> 11;
  }
  return (h0 ^ h1) >>> 0;
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** The low 32 bits of the decimal number at the key's beginning. */
function leadingInteger(key: string): number {
  const digits = /^[+-]?\d{1,19}/.exec(key)?.[0];
  return digits === undefined ? 0 : Number(BigInt.asUintN(32, BigInt(digits)));
}

/** Bob Jenkins' full avalanche, then times a prime near ¾ × 2³²: neighbouring numbers come to lie far apart. */
export function avalanche(number: number): number {
  let a = number | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = (a + 0xd3a2646c) ^ (a << 9);
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 3_221_225_473) >>> 0;
}
