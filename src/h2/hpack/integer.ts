/**
 * Writes an integer whose first octet holds `pattern` in the bits above the prefix (RFC 7541 §5.1).
 *
 * @param mask all ones in the prefix, e.g. 0x7f for a prefix of seven bits
 * @param value 0 to 2^31-1
 * @returns the offset after it, at most offset + 6
 */
export function writeInteger(target: Uint8Array, offset: number, pattern: number, mask: number, value: number): number {
  let at = offset;
  if (value < mask) {
    target[at++] = pattern | value;
    return at;
  }
  target[at++] = pattern | mask;
  let rest = value - mask;
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}
