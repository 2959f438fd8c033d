/**
 * A map from stream identifiers to streams: open addressing with linear probing over two flat arrays.
 *
 * Not a Map: a Map that is added to and deleted from all the time is rehashed all the time, and each table that it leaves behind points
 * to its successor. Once one of them has been promoted to the old generation, everything that came after it survives every minor
 * collection. With that, half of the CPU went into garbage collection.
 */
const INITIAL_CAPACITY = 8;

export class IdMap<T> {
  size = 0;
  #ids: Uint32Array = new Uint32Array(INITIAL_CAPACITY);
  #values: (T | undefined)[] = new Array<T | undefined>(INITIAL_CAPACITY).fill(undefined);
  #mask: number = INITIAL_CAPACITY - 1;

  /** @param id not 0 */
  get(id: number): T | undefined {
    const ids = this.#ids;
    const mask = this.#mask;
    // Identifiers of one side differ by two: halved, consecutive streams lie side by side.
    for (let slot = (id >>> 1) & mask; ids[slot] !== 0; slot = (slot + 1) & mask) {
      if (ids[slot] === id) return this.#values[slot];
    }
    return undefined;
  }

  /** Adds an identifier that is not in the map. */
  add(id: number, value: T): void {
    if ((this.size + 1) * 2 > this.#ids.length) this.#grow();
    this.size++;
    this.#put(id, value);
  }

  delete(id: number): void {
    const ids = this.#ids;
    const values = this.#values;
    const mask = this.#mask;
    let hole = (id >>> 1) & mask;
    while (ids[hole] !== id) {
      if (ids[hole] === 0) return;
      hole = (hole + 1) & mask;
    }
    this.size--;
    // Entries behind the hole move up, so that no probe stops short of them.
    for (let slot = (hole + 1) & mask; ids[slot] !== 0; slot = (slot + 1) & mask) {
      const home = ((ids[slot] as number) >>> 1) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      ids[hole] = ids[slot] as number;
      values[hole] = values[slot];
      hole = slot;
    }
    ids[hole] = 0;
    values[hole] = undefined;
  }

  /** The values now; later changes do not show. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }

  #put(id: number, value: T): void {
    let slot = (id >>> 1) & this.#mask;
    while (this.#ids[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#ids[slot] = id;
    this.#values[slot] = value;
  }

  #grow(): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#ids = new Uint32Array(ids.length * 2);
    this.#values = new Array<T | undefined>(ids.length * 2).fill(undefined);
    this.#mask = ids.length * 2 - 1;
    for (let slot = 0; slot < ids.length; slot++) {
      const value = values[slot];
      if (value !== undefined) this.#put(ids[slot] as number, value);
    }
  }
}
