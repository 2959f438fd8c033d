import { HpackError } from './error.ts';

/** Code lengths in bits of the octets 0–255 and of EOS (RFC 7541 Appendix B). The code is canonical: the lengths define it. */
const LENGTHS = new Uint8Array([
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]);
const EOS = 256;
/** Codes by octet, right-aligned. */
const CODES = new Uint32Array(EOS + 1);

/**
 * The decoder's automaton, one row of 16 transitions per inner node of the code tree (256 nodes: 257 leaves). A transition
 * takes four bits and is the next row shifted left by 4, plus EMITS with the octet in bits 16–23 when a code ended on the way
 * (at most one does: the shortest code has five bits), or FAILS when EOS was met.
 */
const TRANSITIONS = new Int32Array(EOS * 16);
const ROW = 0xfff;
const EMITS = 1 << 24;
const FAILS = 1 << 25;
/** 1 for rows in which a string may end: up to seven bits, all ones, since the last code (RFC 7541 §5.2). */
const ACCEPTS = new Uint8Array(EOS);

function assignCodes(): void {
  const order = [...LENGTHS.keys()].sort((a, b) => (LENGTHS[a] as number) - (LENGTHS[b] as number) || a - b);
  let code = 0;
  let length = 0;
  for (const symbol of order) {
    const longer = LENGTHS[symbol] as number;
    code *= 2 ** (longer - length);
    length = longer;
    CODES[symbol] = code++;
  }
}

/** Children of the tree's nodes, two per node: a positive number is an inner node, a negative one is `~symbol`. */
function growTree(): Int32Array {
  const children = new Int32Array(EOS * 2);
  let nodes = 1;
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0;
    for (let bit = (LENGTHS[symbol] as number) - 1; bit > 0; bit--) {
      const at = node * 2 + (((CODES[symbol] as number) >>> bit) & 1);
      if (children[at] === 0) children[at] = nodes++;
      node = children[at] as number;
    }
    children[node * 2 + ((CODES[symbol] as number) & 1)] = ~symbol;
  }
  return children;
}

function fillTransitions(): void {
  const children = growTree();
  for (let row = 0; row < EOS; row++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let node = row;
      let effect = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const child = children[node * 2 + ((nibble >> bit) & 1)] as number;
        node = child < 0 ? 0 : child;
        if (child === ~EOS) effect = FAILS;
        else if (child < 0) effect = EMITS | (~child << 16);
      }
      TRANSITIONS[row * 16 + nibble] = (node << 4) | effect;
    }
  }
  let node = 0;
  for (let ones = 0; ones <= 7; ones++) {
    ACCEPTS[node] = 1;
    node = children[node * 2 + 1] as number;
  }
}

assignCodes();
fillTransitions();

/**
 * Decodes `source[start, end)` into `target` from its beginning and returns the number of octets. Octets for which target has
 * no room are counted and dropped.
 *
 * @throws HpackError on EOS and on bad padding (RFC 7541 §5.2)
 */
export function decodeHuffman(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  const room = target.length;
  let length = 0;
  let row = 0;
  let failed = 0;
  for (let i = start; i < end; i++) {
    const octet = source[i] as number;
    const high = TRANSITIONS[row + (octet >> 4)] as number;
    if (high >= EMITS) {
      if (length < room) target[length] = high >> 16;
      length++;
    }
    const low = TRANSITIONS[(high & ROW) + (octet & 15)] as number;
    if (low >= EMITS) {
      if (length < room) target[length] = low >> 16;
      length++;
    }
    row = low & ROW;
    failed |= high | low;
  }
  if ((failed & FAILS) !== 0) throw new HpackError('Huffman string holds EOS', '5.2');
  if (ACCEPTS[row >> 4] === 0) throw new HpackError('Huffman string ends with bad padding', '5.2');
  return length;
}

/**
 * Writes `text` (latin1) Huffman-coded and padded if that takes fewer octets than it has itself. Up to four octets after those
 * may be overwritten.
 *
 * @returns the offset after it, or -1 when the code is not shorter
 */
export function encodeHuffman(text: string, target: Uint8Array, offset: number): number {
  const { length } = text;
  const limit = offset + length;
  let at = offset;
  let pending = 0;
  let bits = 0;
  for (let i = 0; i < length; i++) {
    const octet = text.charCodeAt(i) & 0xff;
    let width = LENGTHS[octet] as number;
    let code = CODES[octet] as number;
    if (width > 16) {
      // Up to 15 bits are pending: a long code goes in two steps so as to stay within 32 bits.
      width -= 16;
      const high = code >>> 16;
      code &= 0xffff;
      pending = (pending << width) | high;
      bits += width;
      width = 16;
      if (bits >= 16) {
        bits -= 16;
        target[at] = pending >>> (bits + 8);
        target[at + 1] = pending >>> bits;
        at += 2;
      }
    }
    pending = (pending << width) | code;
    bits += width;
    if (bits >= 16) {
      bits -= 16;
      target[at] = pending >>> (bits + 8);
      target[at + 1] = pending >>> bits;
      at += 2;
      if (at >= limit) return -1;
    }
  }
  if (bits >= 8) {
    bits -= 8;
    target[at++] = pending >>> bits;
  }
  if (bits > 0) target[at++] = (pending << (8 - bits)) | (0xff >>> bits);
  return at < limit ? at : -1;
}

/** Octets that `text` (latin1) takes when Huffman-coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += LENGTHS[text.charCodeAt(i) & 0xff] as number;
  return (bits + 7) >>> 3;
}
