/**
 * The request's body as far as it has come, held so that a stream that no server processed can be sent again. Bounded; what goes
 * beyond is no longer held, and the stream can no longer be sent elsewhere.
 *
 * Small bodies lie side by side in slabs, so that holding one costs a copy and no allocation of its own.
 */
import type { Half } from '../model/exchange.ts';
import type { FieldList } from '../model/fields.ts';
import type { TraceSpan } from '../model/records.ts';

const SLAB_SIZE = 64 * 1024;
const SLAB_MAX_PIECE = 4 * 1024;

let slab: Buffer = Buffer.allocUnsafeSlow(SLAB_SIZE);
let slabUsed = 0;

export class ReplayBody {
  /** Octets held. */
  length = 0;
  #bytes: Uint8Array;
  #start: number;
  #end: number;
  #more: Uint8Array[] | null = null;

  /** Holds a copy of `chunk[start, end)`. */
  constructor(chunk: Uint8Array, start: number, end: number) {
    const size = end - start;
    this.length = size;
    if (size > SLAB_MAX_PIECE) {
      this.#bytes = Buffer.from(chunk.subarray(start, end));
      this.#start = 0;
      this.#end = size;
      return;
    }
    if (slabUsed + size > SLAB_SIZE) {
      slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      slabUsed = 0;
    }
    this.#bytes = slab;
    this.#start = slabUsed;
    if (size > 64) slab.set(chunk.subarray(start, end), slabUsed);
    else for (let i = 0; i < size; i++) slab[slabUsed + i] = chunk[start + i] as number;
    slabUsed += size;
    this.#end = slabUsed;
  }

  /** Adds a copy of `chunk[start, end)`; false, and nothing is added, when that would be more than `limit` octets. */
  append(chunk: Uint8Array, start: number, end: number, limit: number): boolean {
    if (this.length + end - start > limit) return false;
    this.length += end - start;
    const last = this.#bytes === slab && this.#end === slabUsed && this.#more === null;
    if (last && slabUsed + end - start <= SLAB_SIZE) {
      slab.set(chunk.subarray(start, end), slabUsed);
      slabUsed += end - start;
      this.#end = slabUsed;
      return true;
    }
    (this.#more ??= []).push(Buffer.from(chunk.subarray(start, end)));
    return true;
  }

  /** Hands all pieces to `take` in order. */
  forEach(take: (bytes: Uint8Array, start: number, end: number, last: boolean) => void): void {
    take(this.#bytes, this.#start, this.#end, this.#more === null);
    this.#more?.forEach((piece, index, all) => take(piece, 0, piece.length, index === all.length - 1));
  }
}

/** Sends a request as far as it has come: its header with `more` fields, what is held of its body, its trailers. `ended`: that is all. */
export function sendRequest(
  half: Half, fields: FieldList, more: FieldList | null, span: TraceSpan | null, body: ReplayBody | null, trailers: FieldList | null, ended: boolean,
): void {
  const ends = ended && trailers === null;
  if (span === null) half.sendHeaders(fields, more, ends && body === null);
  else half.sendHeaders(fields.without(span.replaces), more === null ? span.headers : span.headers.and(more), ends && body === null);
  if (body !== null) body.forEach((bytes, start, end, last) => half.sendData(bytes, start, end, last && ends));
  if (trailers !== null) half.sendTrailers(trailers);
}
