/** What the bench's own peers need of HTTP/2 (RFC 9113), as cheap as can be. */
import type { Socket } from 'node:net';
import type { HpackEncoder } from '../src/h2/hpack/encoder.ts';
import { FieldList } from '../src/model/fields.ts';

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
// Flags.
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
// Settings.
export const MAX_CONCURRENT_STREAMS = 3;
export const INITIAL_WINDOW_SIZE = 4;

export const RESPONSE: FieldList = FieldList.of([':status', '200'], ['content-type', 'application/grpc']);
export const TRAILERS: FieldList = FieldList.of(['grpc-status', '0']);
export const request = (path: string): FieldList =>
  FieldList.of([':method', 'POST'], [':scheme', 'http'], [':path', path], [':authority', 'bench'], ['content-type', 'application/grpc'], ['te', 'trailers']);

export function frame(type: number, flags: number, id: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(id, 5);
  bytes.set(payload, 9);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** SETTINGS with one value. */
export function setting(name: number, value: number): Buffer {
  return frame(SETTINGS, 0, 0, Buffer.concat([Buffer.of(0, name), uint32(value)]));
}

export function headers(id: number, fields: FieldList, flags: number, encoder: HpackEncoder): Buffer {
  const block = Buffer.alloc(encoder.maxEncodedLength(fields, null));
  return frame(HEADERS, END_HEADERS | flags, id, block.subarray(0, encoder.encode(fields, null, block, 0)));
}

/** Calls `onFrame` for each frame that comes, which should be few and small, and acknowledges SETTINGS. */
export function readFrames(socket: Socket, prefaceLength: number, onFrame: (type: number, flags: number, id: number) => void): void {
  let kept = Buffer.alloc(0);
  let skip = prefaceLength;
  socket.on('data', (chunk: Buffer) => {
    let bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const skipped = Math.min(skip, bytes.length);
    skip -= skipped;
    bytes = bytes.subarray(skipped);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const type = bytes[3] as number;
      const flags = bytes[4] as number;
      if (type === SETTINGS && (flags & ACK) === 0) socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
      onFrame(type, flags, bytes.readUInt32BE(5));
      bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3));
    }
    kept = Buffer.from(bytes);
  });
  socket.on('error', () => socket.destroy());
}
