/** The client's connection preface (RFC 9113 §3.4). */
import { ConnectionError, PROTOCOL_ERROR } from './errors.ts';

/** The client's first octets. */
export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Compares `chunk[start, end)` with the preface from its octet `seen` on.
 * @returns how many octets belong to it
 * @throws ConnectionError when one differs
 */
export function matchPreface(chunk: Uint8Array, start: number, end: number, seen: number): number {
  const size = Math.min(end - start, PREFACE.length - seen);
  for (let i = 0; i < size; i++) {
    if (chunk[start + i] !== PREFACE[seen + i]) throw new ConnectionError(PROTOCOL_ERROR, 'not an HTTP/2 connection preface (RFC 9113 §3.4)');
  }
  return size;
}
