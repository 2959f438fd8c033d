/** What came of a message while rules had not decided. */
import type { FieldList } from '../model/fields.ts';

export class HeldBody {
  readonly #chunks: Buffer[] = [];
  length = 0;
  ended = false;
  trailers: FieldList | null = null;

  add(chunk: Uint8Array, start: number, end: number): void {
    if (end === start) return;
    this.#chunks.push(Buffer.from(chunk.subarray(start, end)));
    this.length += end - start;
  }

  /** All of it as one piece. */
  get bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks));
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
}

/** A response whose body a rule waits for: `extra` goes with its header section. */
export interface HeldResponse {
  readonly extra: FieldList | null;
  readonly held: HeldBody;
  atLeast: number;
}
