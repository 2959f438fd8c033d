/** HEADERS with its CONTINUATION frames, as we write them (RFC 9113 §6.2, §6.10). */
import type { FieldList } from '../../model/fields.ts';
import type { Output } from '../../transport/output.ts';
import type { HpackEncoder } from '../hpack/encoder.ts';
import { CONTINUATION, FLAG_END_HEADERS, FLAG_END_STREAM, HEADER_SIZE, HEADERS, writeHeader } from './header.ts';

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
