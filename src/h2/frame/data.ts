/** DATA (RFC 9113 §6.1). */
import type { Output } from '../../transport/output.ts';
import { ConnectionError, PROTOCOL_ERROR } from '../errors.ts';
import { DATA, FLAG_END_STREAM, FLAG_PADDED, HEADER_SIZE, writeHeader } from './header.ts';

/** Up to here a loop is faster than a call of TypedArray.set. */
const COPY_BY_LOOP = 64;

/** Octets of padding, with the Pad Length octet, in the frame whose payload begins at `at`. @throws ConnectionError */
export function dataPadding(bytes: Uint8Array, at: number, length: number, flags: number): number {
  if ((flags & FLAG_PADDED) === 0) return 0;
  const padding = length === 0 ? 0 : (bytes[at] as number) + 1;
  if (length === 0 || padding > length) throw new ConnectionError(PROTOCOL_ERROR, 'padding longer than the frame (RFC 9113 §6.1)');
  return padding;
}

/** Writes `chunk[start, end)`, at most a chunk of output, as one frame. */
export function writeData(out: Output, streamId: number, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
  const size = end - start;
  out.reserve(HEADER_SIZE + size);
  const { bytes } = out;
  let at = writeHeader(bytes, out.position, size, DATA, endStream ? FLAG_END_STREAM : 0, streamId);
  if (size > COPY_BY_LOOP) {
    bytes.set(chunk.subarray(start, end), at);
    at += size;
  } else {
    while (start < end) bytes[at++] = chunk[start++] as number;
  }
  out.position = at;
}
