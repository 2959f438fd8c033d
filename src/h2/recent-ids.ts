/** The last `size` stream identifiers added: a ring, allocated when the first comes. */
export class RecentIds {
  readonly #size: number;
  #ids: Uint32Array | null = null;
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(id: number): void {
    this.#ids ??= new Uint32Array(this.#size);
    this.#ids[this.#next] = id;
    this.#next = (this.#next + 1) % this.#size;
  }

  has(id: number): boolean {
    return this.#ids !== null && this.#ids.includes(id);
  }
}
