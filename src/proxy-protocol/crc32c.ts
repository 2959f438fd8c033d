/** The checksum of RFC 4960, appendix B (Castagnoli's polynomial, reflected). */

const POLYNOMIAL = 0x82f63b78;

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** Of `bytes`, those of [from, to) taken for zeros. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    const octet = i >= from && i < to ? 0 : (bytes[i] as number);
    crc = (crc >>> 8) ^ (TABLE[(crc ^ octet) & 0xff] as number);
  }
  return ~crc >>> 0;
}
