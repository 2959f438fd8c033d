import type { Field } from '../../model/fields.ts';

const FIRST_CAPACITY = 32;

/** The dynamic table of a decoder (RFC 7541 §2.3.2, §4): a ring of fields that doubles when it is full, bounded by its size. */
export class DecoderTable {
  #ring: (Field | undefined)[] = [];
  #mask = -1;
  /** Position after the newest entry; grows for ever, wrapped by the mask. */
  #next = 0;
  #count = 0;
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  /** Sets the maximum size in bytes and evicts what no longer fits (RFC 7541 §4.3). */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evictTo(maxSize);
  }

  /** The entry inserted `age` insertions before the newest one, undefined if there is none. */
  get(age: number): Field | undefined {
    if (age >= this.#count) return undefined;
    return this.#ring[(this.#next - 1 - age) & this.#mask];
  }

  /** Inserts a field of `size` bytes; one that is too large empties the table and is not kept (RFC 7541 §4.4). */
  insert(field: Field, size: number): void {
    if (size > this.#maxSize) {
      this.#evictTo(0);
      return;
    }
    this.#evictTo(this.#maxSize - size);
    if (this.#count > this.#mask) this.#grow();
    this.#ring[this.#next & this.#mask] = field;
    this.#next = (this.#next + 1) | 0;
    this.#count++;
    this.#size += size;
  }

  #evictTo(size: number): void {
    while (this.#size > size) {
      const at = (this.#next - this.#count) & this.#mask;
      const { name, value } = this.#ring[at] as Field;
      this.#size -= name.length + value.length + 32;
      this.#ring[at] = undefined;
      this.#count--;
    }
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, (this.#mask + 1) * 2);
    const ring = Array.from<Field | undefined>({ length: capacity });
    for (let age = 0; age < this.#count; age++) ring[(this.#next - 1 - age) & (capacity - 1)] = this.get(age);
    this.#ring = ring;
    this.#mask = capacity - 1;
  }
}
