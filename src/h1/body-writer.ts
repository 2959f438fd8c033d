/** A message's body on its way out, in the framing that its head announced (RFC 9112 §6, §7.1). */
import { NO_FIELDS, type FieldList } from '../model/fields.ts';
import { CHUNK_SIZE } from '../transport/chunks.ts';
import type { Output } from '../transport/output.ts';
import { appendText, trailerText } from './text.ts';

/** `bodiless`: whatever is sent is left out. `open`: up to the end of the connection. */
export type OutgoingFraming = 'bodiless' | 'length' | 'chunked' | 'open';

/** A chunk's size in hexadecimal, CR LF, and CR LF behind the octets. */
const CHUNK_FRAMING = 12;

export class BodyWriter {
  readonly framing: OutgoingFraming;
  readonly #output: Output;
  #remaining: number;

  /** @param length octets announced; of framing `length` only */
  constructor(output: Output, framing: OutgoingFraming, length: number) {
    this.#output = output;
    this.framing = framing;
    this.#remaining = length;
  }

  /** As much has been written as was announced; for the other framings always true. */
  get whole(): boolean {
    return this.#remaining === 0;
  }

  write(chunk: Uint8Array, start: number, end: number): void {
    let to = end;
    switch (this.framing) {
      case 'bodiless':
        return;
      case 'length':
        // More than was announced would be taken for the next message.
        to = Math.min(end, start + this.#remaining);
        this.#remaining -= to - start;
        break;
      case 'chunked':
        if (start < end) this.#writeChunk(chunk, start, end);
        return;
      case 'open':
        break;
    }
    if (to > start) this.#copy(chunk, start, to);
  }

  /** Ends the body. Trailers go with chunked bodies alone. */
  end(trailers: FieldList = NO_FIELDS): void {
    if (this.framing === 'chunked') appendText(this.#output, `0\r\n${trailers === NO_FIELDS ? '' : trailerText(trailers)}\r\n`);
  }

  #writeChunk(chunk: Uint8Array, start: number, end: number): void {
    const output = this.#output;
    const size = end - start;
    if (size > CHUNK_SIZE - CHUNK_FRAMING) {
      const half = start + (size >> 1);
      this.#writeChunk(chunk, start, half);
      this.#writeChunk(chunk, half, end);
      return;
    }
    output.reserve(size + CHUNK_FRAMING);
    appendText(output, `${size.toString(16)}\r\n`);
    this.#copy(chunk, start, end);
    appendText(output, '\r\n');
  }

  #copy(chunk: Uint8Array, start: number, end: number): void {
    for (let from = start; from < end; ) {
      const size = Math.min(end - from, CHUNK_SIZE);
      this.#output.reserve(size);
      this.#output.bytes.set(chunk.subarray(from, from + size), this.#output.position);
      this.#output.position += size;
      from += size;
    }
  }
}
