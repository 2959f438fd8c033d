import { Buffer } from 'node:buffer';

const SLOTS = 1024;
const MAX_LENGTH = 64;

/** Short strings seen lately, direct-mapped by a hash of their octets; shared by all connections of the process. */
const seen: string[] = Array.from({ length: SLOTS }, () => '');

/**
 * The octets `source[start, start + length)` as a latin1 string. A short one is the very string object that was made for the
 * same octets before, if that was lately: nothing is allocated, and maps find it by a hash that it carries already.
 */
export function internOctets(source: Uint8Array, start: number, length: number): string {
  if (length > MAX_LENGTH) return textOf(source, start, length);
  let hash = length;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ (source[i] as number), 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = seen[slot] as string;
  if (known.length === length && isText(known, source, start)) return known;
  const text = textOf(source, start, length);
  seen[slot] = text;
  return text;
}

function isText(text: string, source: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== source[start + i]) return false;
  return true;
}

function textOf(source: Uint8Array, start: number, length: number): string {
  const octets = source instanceof Buffer ? source : Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  return octets.toString('latin1', start, start + length);
}
