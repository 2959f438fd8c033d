/** A header block that comes in several frames: HEADERS and CONTINUATION (RFC 9113 §4.3, §6.10), bounded in size and in frames. */
import { ConnectionError, ENHANCE_YOUR_CALM } from './errors.ts';

/** No honest peer cuts a block of this size into more pieces. */
const MAX_FRAMES = 32;

export class HeaderBlock {
  /** The stream whose block is being gathered, 0 when none is. */
  streamId = 0;
  endStream = false;
  dependsOnItself = false;
  readonly #maxSize: number;
  #parts: Uint8Array[] = [];
  #size = 0;
  #frames = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  begin(streamId: number, endStream: boolean, dependsOnItself: boolean, bytes: Uint8Array, at: number, end: number): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.dependsOnItself = dependsOnItself;
    this.append(bytes, at, end);
  }

  /** @throws ConnectionError when the block grows beyond its bounds: the table can no longer be kept, so the connection ends */
  append(bytes: Uint8Array, at: number, end: number): void {
    this.#size += end - at;
    if (this.#size > this.#maxSize || ++this.#frames > MAX_FRAMES) {
      throw new ConnectionError(ENHANCE_YOUR_CALM, `header block beyond ${this.#maxSize} bytes or ${MAX_FRAMES} frames (RFC 9113 §10.5.1)`);
    }
    this.#parts.push(Buffer.from(bytes.subarray(at, end)));
  }

  /** The whole block; the gatherer is empty again. */
  take(): Uint8Array {
    const whole = Buffer.concat(this.#parts);
    this.streamId = 0;
    this.#parts = [];
    this.#size = 0;
    this.#frames = 0;
    return whole;
  }
}
