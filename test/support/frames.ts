/**
 * HTTP/2 frames for scripted peers, written apart from src/h2 so that the two cannot share a mistake (RFC 9113 §4, §6; RFC 7541 §6.2.2).
 * Header blocks are written as plain literals; they are read by the codec hpack.js.
 */
import { createRequire } from 'node:module';

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;

export const CLIENT_PREFACE: Buffer = Buffer.from('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a', 'hex');

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
  /** Of HEADERS, with its CONTINUATION frames joined. */
  readonly fields: Fields;
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, payload]);
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
}

function stringLiteral(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.of(...length, rest), bytes]);
}

/** A header block of literals without indexing. */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), stringLiteral(name), stringLiteral(value)]));
}

export function headers(id: number, fields: Fields, flags: number = 0): Buffer {
  return frame(HEADERS, END_HEADERS | flags, id, block(fields));
}

export function data(id: number, payload: Uint8Array | string, flags: number = 0): Buffer {
  return frame(DATA, flags, id, typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload);
}

/** @param values identifier and value of each setting */
export function settings(...values: readonly (readonly [number, number])[]): Buffer {
  return frame(SETTINGS, 0, 0, Buffer.concat(values.map(([id, value]) => {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt16BE(id, 0);
    bytes.writeUInt32BE(value, 2);
    return bytes;
  })));
}

export const settingsAck = (): Buffer => frame(SETTINGS, ACK, 0);
export const windowUpdate = (id: number, increment: number): Buffer => frame(WINDOW_UPDATE, 0, id, uint32(increment));
export const rstStream = (id: number, code: number): Buffer => frame(RST_STREAM, 0, id, uint32(code));
export const goAway = (last: number, code: number, debug = ''): Buffer => frame(GOAWAY, 0, 0, Buffer.concat([uint32(last, code), Buffer.from(debug)]));
export const ping = (payload = 'abcdefgh', flags = 0): Buffer => frame(PING, flags, 0, Buffer.from(payload, 'latin1'));

/** A gRPC message with its five octets of prefix. */
export function message(payload: Uint8Array | string): Buffer {
  const bytes = Buffer.from(payload as string);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

export const GRPC_REQUEST: Fields = [
  [':method', 'POST'], [':scheme', 'http'], [':path', '/test.Raw/Call'], [':authority', 'localhost'],
  ['content-type', 'application/grpc'], ['te', 'trailers'],
];
export const GET_REQUEST: Fields = [[':method', 'GET'], [':scheme', 'http'], [':path', '/'], [':authority', 'localhost']];
export const GRPC_RESPONSE: Fields = [[':status', '200'], ['content-type', 'application/grpc']];

interface Decompressor {
  write(octets: Buffer): void;
  execute(): void;
  read(): { readonly name: string; readonly value: string } | null;
}

const hpack = createRequire(import.meta.url)('hpack.js') as { readonly decompressor: { create(options: object): Decompressor } };

/** Cuts octets into frames and decodes header blocks. */
export class FrameParser {
  #rest: Buffer = Buffer.alloc(0);
  #begun: { readonly head: Frame; readonly parts: Buffer[] } | null = null;
  readonly #decompressor = hpack.decompressor.create({ table: { maxSize: 4096 } });

  /** The frames that `chunk` completes; HEADERS with CONTINUATION come as one. */
  push(chunk: Uint8Array): Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) break;
      const one = {
        type: this.#rest[3] as number, flags: this.#rest[4] as number, id: this.#rest.readUInt32BE(5) & 0x7fffffff,
        payload: Buffer.from(this.#rest.subarray(9, 9 + length)), fields: [],
      };
      this.#rest = this.#rest.subarray(9 + length);
      const whole = this.#join(one);
      if (whole !== null) frames.push(whole);
    }
    return frames;
  }

  #join(one: Frame): Frame | null {
    if (one.type === HEADERS) this.#begun = { head: one, parts: [one.payload] };
    else if (one.type === CONTINUATION) this.#begun?.parts.push(one.payload);
    else return one;
    if (this.#begun === null || (one.flags & END_HEADERS) === 0) return null;
    const { head, parts } = this.#begun;
    this.#begun = null;
    const payload = Buffer.concat(parts);
    this.#decompressor.write(payload);
    this.#decompressor.execute();
    const fields: [string, string][] = [];
    for (let field = this.#decompressor.read(); field !== null; field = this.#decompressor.read()) fields.push([field.name, field.value]);
    return { ...head, payload, fields };
  }
}

/** The value of the field `name` of a HEADERS frame. */
export function field(from: Frame, name: string): string | undefined {
  return from.fields.find(([one]) => one === name)?.[1];
}
