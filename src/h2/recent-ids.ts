/** The last `size` stream identifiers added: a ring. */
export class RecentIds {
  readonly #ids: Uint32Array;
  #next = 0;

  constructor(size: number) {
    this.#ids = new Uint32Array(size);
  }

  add(id: number): void {
    this.#ids[this.#next] = id;
    this.#next = (this.#next + 1) % this.#ids.length;
  }

  has(id: number): boolean {
    return this.#ids.includes(id);
  }
}
