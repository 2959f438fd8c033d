/**
 * Cuts the octets of a connection into frames (RFC 9113 §4.1), wherever the reads split them. A frame that lies whole in the read
 * buffer is handled there; one that does not is gathered in a buffer of its own size.
 */
import { ConnectionError, FRAME_SIZE_ERROR } from './errors.ts';
import { PIECE_SIZE, releasePiece, takePiece } from './pieces.ts';
import { HEADER_SIZE, readUint31 } from './frame/header.ts';
import type { Http2Options } from './options.ts';
import { matchPreface, PREFACE } from './preface.ts';

const MAX_INTEGER = 0x7fffffff;

/** Frames below are gathered in slices of Node's slab, octets. */
const SMALL = 1024;

/** Handles the frame whose payload is `bytes[at, at + length)`, valid during the call only. May throw ConnectionError. */
export type FrameHandler = (bytes: Uint8Array, at: number, length: number, type: number, flags: number, streamId: number) => void;

export class FrameReader {
  readonly #maxFrameSize: number;
  readonly #framesAtOnce: number;
  readonly #resetsAtOnce: number;
  readonly #handle: FrameHandler;
  readonly #header = new Uint8Array(HEADER_SIZE);
  #prefaceLeft: number;
  #headerLength = 0;
  #frame: Buffer | null = null;
  #frameLength = 0;
  /** Frames, and RST_STREAM among them, that may still be handled in this go. */
  #framesLeft = 0;
  #resetsLeft = 0;
  /** What came behind the last frame of a go. */
  #held: Uint8Array | null = null;

  constructor({ role, settings, maxFramesAtOnce, maxRstAtOnce }: Http2Options, handle: FrameHandler) {
    this.#maxFrameSize = settings.maxFrameSize;
    this.#framesAtOnce = maxFramesAtOnce === 0 ? MAX_INTEGER : maxFramesAtOnce;
    this.#resetsAtOnce = maxRstAtOnce === 0 ? MAX_INTEGER : maxRstAtOnce;
    this.#prefaceLeft = role === 'server' ? PREFACE.length : 0;
    this.#handle = handle;
  }

  /** As many frames were handled as may be at once: the rest waits for a {@link read} of nothing. */
  get holds(): boolean {
    return this.#held !== null;
  }

  /** The frame under way is RST_STREAM. */
  resetRead(): void {
    if (--this.#resetsLeft === 0) this.#framesLeft = 0;
  }

  /** Takes `chunk[at, end)`. @throws ConnectionError from the handler, or FRAME_SIZE_ERROR for a frame above our maximum (§4.2) */
  read(chunk: Uint8Array, at: number, end: number): void {
    const held = this.#held;
    if (held !== null) {
      if (at < end) {
        this.#held = Buffer.concat([held, chunk.subarray(at, end)]);
        return;
      }
      this.#held = null;
      chunk = held;
      at = 0;
      end = held.length;
    }
    this.#framesLeft = this.#framesAtOnce;
    this.#resetsLeft = this.#resetsAtOnce;
    if (this.#prefaceLeft > 0) {
      const size = matchPreface(chunk, at, end, PREFACE.length - this.#prefaceLeft);
      this.#prefaceLeft -= size;
      at += size;
    }
    if (this.#headerLength > 0) {
      at = this.#resume(chunk, at, end);
      if (this.#headerLength > 0) return;
      this.#framesLeft--;
    }
    while (end - at >= HEADER_SIZE) {
      if (--this.#framesLeft < 0) {
        this.#held = held === null ? Buffer.from(chunk.subarray(at, end)) : held.subarray(at, end);
        return;
      }
      const length = this.#length(chunk, at);
      const next = at + HEADER_SIZE + length;
      if (next > end) break;
      this.#handle(chunk, at + HEADER_SIZE, length, chunk[at + 3] as number, chunk[at + 4] as number, readUint31(chunk, at + 5));
      at = next;
    }
    if (at < end) this.#resume(chunk, at, end);
  }

  #length(bytes: Uint8Array, at: number): number {
    const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    if (length > this.#maxFrameSize) {
      throw new ConnectionError(FRAME_SIZE_ERROR, `a frame of ${length} octets, above our SETTINGS_MAX_FRAME_SIZE ${this.#maxFrameSize} (RFC 9113 §4.2)`);
    }
    return length;
  }

  /** Gathers a frame across reads, beginning one if none is; returns where the next begins. */
  #resume(chunk: Uint8Array, at: number, end: number): number {
    while (this.#headerLength < HEADER_SIZE && at < end) this.#header[this.#headerLength++] = chunk[at++] as number;
    if (this.#headerLength < HEADER_SIZE) return at;
    const length = this.#length(this.#header, 0);
    this.#frame ??= length > PIECE_SIZE || length < SMALL ? Buffer.allocUnsafe(length) : takePiece();
    const size = Math.min(length - this.#frameLength, end - at);
    this.#frame.set(chunk.subarray(at, at + size), this.#frameLength);
    this.#frameLength += size;
    at += size;
    if (this.#frameLength < length) return at;
    const frame = this.#frame;
    this.#frame = null;
    this.#frameLength = 0;
    this.#headerLength = 0;
    this.#handle(frame, 0, length, this.#header[3] as number, this.#header[4] as number, readUint31(this.#header, 5));
    releasePiece(frame);
    return at;
  }
}
