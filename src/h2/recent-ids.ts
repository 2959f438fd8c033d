/** Stream identifiers added lately: a ring of the last `size`, allocated when the first comes. Of older ones the highest is kept. */
export class RecentIds {
  readonly #size: number;
  #ids: Uint32Array | null = null;
  #next = 0;
  #highestForgotten = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(id: number): void {
    this.#ids ??= new Uint32Array(this.#size);
    const forgotten = this.#ids[this.#next] as number;
    if (forgotten > this.#highestForgotten) this.#highestForgotten = forgotten;
    this.#ids[this.#next] = id;
    this.#next = (this.#next + 1) % this.#size;
  }

  /** Whether `id` was added, as far as is known: always true for one that was, and for those below one that is forgotten. */
  mayHave(id: number): boolean {
    return this.#ids !== null && (id <= this.#highestForgotten || this.#ids.includes(id));
  }
}
