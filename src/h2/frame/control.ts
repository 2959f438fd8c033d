/** The small frames, written whole into an output: RST_STREAM, PING, GOAWAY, WINDOW_UPDATE (RFC 9113 §6.4, §6.7–6.9). */
import type { Output } from '../../transport/output.ts';
import { FLAG_ACK, GOAWAY, HEADER_SIZE, PING, RST_STREAM, WINDOW_UPDATE, writeHeader, writeUint32 } from './header.ts';

export function writeRstStream(out: Output, streamId: number, code: number): void {
  out.reserve(HEADER_SIZE + 4);
  const at = writeHeader(out.bytes, out.position, 4, RST_STREAM, 0, streamId);
  out.position = writeUint32(out.bytes, at, code);
}

/** @param increment 1 to 2^31-1 octets */
export function writeWindowUpdate(out: Output, streamId: number, increment: number): void {
  out.reserve(HEADER_SIZE + 4);
  const at = writeHeader(out.bytes, out.position, 4, WINDOW_UPDATE, 0, streamId);
  out.position = writeUint32(out.bytes, at, increment);
}

/** @param payload eight octets at `at` of `bytes` */
export function writePing(out: Output, ack: boolean, bytes: Uint8Array, at: number): void {
  out.reserve(HEADER_SIZE + 8);
  const to = writeHeader(out.bytes, out.position, 8, PING, ack ? FLAG_ACK : 0, 0);
  for (let i = 0; i < 8; i++) out.bytes[to + i] = bytes[at + i] as number;
  out.position = to + 8;
}

/** @param debug additional debug data, for whoever reads a capture of the connection */
export function writeGoAway(out: Output, lastStreamId: number, code: number, debug: string): void {
  const text = Buffer.from(debug.slice(0, 1024), 'utf8');
  out.reserve(HEADER_SIZE + 8 + text.length);
  let at = writeHeader(out.bytes, out.position, 8 + text.length, GOAWAY, 0, 0);
  at = writeUint32(out.bytes, at, lastStreamId);
  at = writeUint32(out.bytes, at, code);
  out.bytes.set(text, at);
  out.position = at + text.length;
}
