/** The small frames: RST_STREAM, PING, GOAWAY, WINDOW_UPDATE, and PRIORITY, which is only read (RFC 9113 §6.3, §6.4, §6.7–6.9). */
import type { Output } from '../../transport/output.ts';
import { ConnectionError, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from '../errors.ts';
import { FLAG_ACK, GOAWAY, HEADER_SIZE, PING, readUint31, readUint32, RST_STREAM, WINDOW_UPDATE, writeHeader, writeUint32 } from './header.ts';

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

/** The error code in RST_STREAM. @throws ConnectionError */
export function readRstStream(bytes: Uint8Array, at: number, length: number): number {
  if (length !== 4) throw new ConnectionError(FRAME_SIZE_ERROR, 'RST_STREAM is not 4 octets (RFC 9113 §6.4)');
  return readUint32(bytes, at);
}

/** The increment in WINDOW_UPDATE; 0 is an error whose scope depends on the stream. @throws ConnectionError */
export function readWindowUpdate(bytes: Uint8Array, at: number, length: number): number {
  if (length !== 4) throw new ConnectionError(FRAME_SIZE_ERROR, 'WINDOW_UPDATE is not 4 octets (RFC 9113 §6.9)');
  return readUint31(bytes, at);
}

/** Checks PING's shape. @throws ConnectionError */
export function checkPing(length: number, streamId: number): void {
  if (streamId !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'PING on a stream (RFC 9113 §6.7)');
  if (length !== 8) throw new ConnectionError(FRAME_SIZE_ERROR, 'PING is not 8 octets (RFC 9113 §6.7)');
}

export interface GoAway {
  readonly lastStreamId: number;
  readonly code: number;
  /** The beginning of the additional debug data. */
  readonly debug: string;
}

/** @throws ConnectionError */
export function readGoAway(bytes: Uint8Array, at: number, length: number, streamId: number): GoAway {
  if (streamId !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'GOAWAY on a stream (RFC 9113 §6.8)');
  if (length < 8) throw new ConnectionError(FRAME_SIZE_ERROR, 'GOAWAY is shorter than 8 octets (RFC 9113 §6.8)');
  const debug = Buffer.from(bytes.subarray(at + 8, Math.min(at + length, at + 8 + 256))).toString('latin1');
  return { lastStreamId: readUint31(bytes, at), code: readUint32(bytes, at + 4), debug };
}

interface Complaint {
  readonly code: number;
  readonly reason: string;
}

export const DEPENDS_ON_ITSELF: Complaint = { code: PROTOCOL_ERROR, reason: 'the stream depends on itself (RFC 7540 §5.3.1)' };
const PRIORITY_SIZE: Complaint = { code: FRAME_SIZE_ERROR, reason: 'PRIORITY is not 5 octets (RFC 9113 §6.3)' };

/** What is wrong with a PRIORITY frame; null for one that can be ignored. */
export function priorityComplaint(bytes: Uint8Array, at: number, length: number, streamId: number): Complaint | null {
  if (length !== 5) return PRIORITY_SIZE;
  return readUint31(bytes, at) === streamId ? DEPENDS_ON_ITSELF : null;
}
