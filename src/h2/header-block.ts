/** Header blocks, in one frame or in several: HEADERS and CONTINUATION (RFC 9113 §4.3, §6.2, §6.10), bounded in size and in frames. */
import { now } from '../time/clock.ts';
import { ConnectionError, ENHANCE_YOUR_CALM, PROTOCOL_ERROR } from './errors.ts';
import { FLAG_END_HEADERS, FLAG_END_STREAM, FLAG_PRIORITY, readUint31 } from './frame/header.ts';
import { headerBlockEnd, headerBlockStart } from './frame/headers.ts';

/** No honest peer cuts a block into more pieces. */
const MAX_FRAMES = 32;
/** A block of several times the limit of its list can still be decoded, and its sender be told that the list is too large. */
const MAX_SIZE_OF_LIST = 4;

/** Takes the complete block `bytes[at, end)`, valid during the call. */
export type BlockHandler = (streamId: number, bytes: Uint8Array, at: number, end: number, endStream: boolean, dependsOnItself: boolean) => void;

export class HeaderBlock {
  /** The stream whose block is being gathered, 0 when none is. */
  streamId = 0;
  /** When it began. */
  since = 0;
  readonly #maxSize: number;
  readonly #handle: BlockHandler;
  #endStream = false;
  #dependsOnItself = false;
  #parts: Uint8Array[] = [];
  #size = 0;

  /** @param maxListSize SETTINGS_MAX_HEADER_LIST_SIZE, octets */
  constructor(maxListSize: number, handle: BlockHandler) {
    this.#maxSize = maxListSize * MAX_SIZE_OF_LIST;
    this.#handle = handle;
  }

  /** A HEADERS frame. @throws ConnectionError */
  headers(bytes: Uint8Array, at: number, length: number, flags: number, streamId: number): void {
    const endStream = (flags & FLAG_END_STREAM) !== 0;
    const start = headerBlockStart(at, length, flags, streamId);
    const end = headerBlockEnd(bytes, at, length, flags, start);
    const dependsOnItself = (flags & FLAG_PRIORITY) !== 0 && readUint31(bytes, start - 5) === streamId;
    if ((flags & FLAG_END_HEADERS) !== 0) {
      this.#handle(streamId, bytes, start, end, endStream, dependsOnItself);
      return;
    }
    this.streamId = streamId;
    this.since = now();
    this.#endStream = endStream;
    this.#dependsOnItself = dependsOnItself;
    this.#append(bytes, start, end);
  }

  /** A CONTINUATION frame. @throws ConnectionError */
  continuation(bytes: Uint8Array, at: number, length: number, flags: number): void {
    const { streamId } = this;
    if (streamId === 0) throw new ConnectionError(PROTOCOL_ERROR, 'CONTINUATION without HEADERS (RFC 9113 §6.10)');
    this.#append(bytes, at, at + length);
    if ((flags & FLAG_END_HEADERS) === 0) return;
    const whole = Buffer.concat(this.#parts);
    this.streamId = 0;
    this.#parts = [];
    this.#size = 0;
    this.#handle(streamId, whole, 0, whole.length, this.#endStream, this.#dependsOnItself);
  }

  /** @throws ConnectionError when the block grows beyond its bounds: the table can no longer be kept, so the connection ends */
  #append(bytes: Uint8Array, at: number, end: number): void {
    this.#size += end - at;
    if (this.#size > this.#maxSize || this.#parts.length === MAX_FRAMES) {
      throw new ConnectionError(ENHANCE_YOUR_CALM, `header block beyond ${this.#maxSize} octets or ${MAX_FRAMES} frames (RFC 9113 §10.5.1)`);
    }
    this.#parts.push(Buffer.from(bytes.subarray(at, end)));
  }
}
