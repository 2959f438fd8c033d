/** HEADERS, with its CONTINUATION frames where it is written (RFC 9113 §6.2, §6.10). */
import type { FieldList } from '../../model/fields.ts';
import type { Output } from '../../transport/output.ts';
import type { HpackEncoder } from '../hpack/encoder.ts';
import { ConnectionError, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from '../errors.ts';
import {
  CONTINUATION, FLAG_END_HEADERS, FLAG_END_STREAM, FLAG_PADDED, FLAG_PRIORITY, HEADER_SIZE, HEADERS, writeHeader,
} from './header.ts';

const ONE_FRAME = 16_384;

/**
 * Encodes `fields`, then `extra`, straight into `out`. Blocks that may not fit into one frame go by way of a buffer and are cut.
 * @param maxFrameSize the peer's SETTINGS_MAX_FRAME_SIZE, octets
 */
export function writeHeaderBlock(
  out: Output, encoder: HpackEncoder, streamId: number, fields: FieldList, extra: FieldList | null, endStream: boolean, maxFrameSize: number,
): void {
  const bound = encoder.maxEncodedLength(fields, extra);
  const endFlag = endStream ? FLAG_END_STREAM : 0;
  if (bound <= ONE_FRAME) {
    out.reserve(HEADER_SIZE + bound);
    const { bytes, position } = out;
    const end = encoder.encode(fields, extra, bytes, position + HEADER_SIZE);
    writeHeader(bytes, position, end - position - HEADER_SIZE, HEADERS, FLAG_END_HEADERS | endFlag, streamId);
    out.position = end;
    return;
  }
  const block = new Uint8Array(bound);
  const length = encoder.encode(fields, extra, block, 0);
  const size = Math.min(maxFrameSize, ONE_FRAME);
  for (let at = 0; at < length || at === 0; at += size) {
    const part = block.subarray(at, Math.min(at + size, length));
    const flags = (at + size >= length ? FLAG_END_HEADERS : 0) | (at === 0 ? endFlag : 0);
    out.reserve(HEADER_SIZE + part.length);
    const to = writeHeader(out.bytes, out.position, part.length, at === 0 ? HEADERS : CONTINUATION, flags, streamId);
    out.bytes.set(part, to);
    out.position = to + part.length;
  }
}

/**
 * Where the header block fragment begins in the payload of `length` octets at `at` of a HEADERS frame: behind the pad length and the
 * five octets of priority, if there are any.
 * @throws ConnectionError
 */
export function headerBlockStart(at: number, length: number, flags: number, streamId: number): number {
  if (streamId === 0) throw new ConnectionError(PROTOCOL_ERROR, 'HEADERS on stream 0 (RFC 9113 §6.2)');
  const before = ((flags & FLAG_PADDED) !== 0 ? 1 : 0) + ((flags & FLAG_PRIORITY) !== 0 ? 5 : 0);
  if (before > length) throw new ConnectionError(FRAME_SIZE_ERROR, 'HEADERS too short for its pad length or priority (RFC 9113 §6.2)');
  return at + before;
}

/** Where the fragment that begins at `start` ends: before the padding. @throws ConnectionError */
export function headerBlockEnd(bytes: Uint8Array, at: number, length: number, flags: number, start: number): number {
  const end = at + length - ((flags & FLAG_PADDED) !== 0 ? (bytes[at] as number) : 0);
  if (end < start) throw new ConnectionError(PROTOCOL_ERROR, 'padding longer than the frame (RFC 9113 §6.2)');
  return end;
}
