import type { Field } from '../../model/fields.ts';
import { STATIC_LENGTH, staticNameIndex } from './static-table.ts';

const FIRST_CAPACITY = 32;
const MAX_NAMES = 256;

/** Fields that have another value in every call: never worth a place in the table. */
const VARYING: ReadonlySet<string> = new Set([
  'age', 'b3', 'content-length', 'content-range', 'date', 'etag', 'grpc-timeout', 'if-modified-since', 'if-none-match',
  'last-modified', 'location', 'set-cookie', 'traceparent', 'tracestate', 'x-b3-parentspanid', 'x-b3-spanid', 'x-b3-traceid',
  'x-request-id',
]);

/** What the encoder knows of a field name. */
export interface NameState {
  /** Index in the static table, 0 if it is not there. */
  readonly staticIndex: number;
  /** Not to be indexed. */
  readonly varies: boolean;
  /** Serial number of the newest entry with this name; stale once that is evicted. */
  newest: number;
  /** Values inserted or passed over since one was last found in the table. */
  unused: number;
  /** The value last passed over. */
  passedOver: string;
}

/**
 * The dynamic table of an encoder (RFC 7541 §2.3.2, §4) with its index. Entries have serial numbers; one map leads from a value
 * to the newest entry with it, and entries with the same value under several names are chained by serial number. Links to
 * evicted entries are not removed but recognised: their number is below that of the oldest entry.
 */
export class EncoderTable {
  #ring: (Field | undefined)[] = [];
  #chain = new Float64Array(0);
  #mask = -1;
  #oldest = 1;
  #next = 1;
  #size = 0;
  #maxSize: number;
  readonly #byValue = new Map<string, number>();
  readonly #names = new Map<string, NameState>();

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  /** Grows with every insertion, so that a change shows. */
  get insertions(): number {
    return this.#next;
  }

  /** Sets the maximum size in bytes and evicts what no longer fits (RFC 7541 §4.3). */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evictTo(maxSize);
  }

  /** Index of the entry with this name and value, 0 if there is none. */
  find(name: string, value: string): number {
    let serial = this.#byValue.get(value);
    if (serial === undefined) return 0;
    while (serial >= this.#oldest) {
      const at = serial & this.#mask;
      if ((this.#ring[at] as Field).name === name) return this.#indexOf(serial);
      serial = this.#chain[at] as number;
    }
    return 0;
  }

  /** What is known of `name`; made when it is new. */
  nameState(name: string): NameState {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    // Entries under a forgotten name are still found by their value.
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    const state = { staticIndex: staticNameIndex(name), varies: VARYING.has(name), newest: 0, unused: 0, passedOver: '' };
    this.#names.set(name, state);
    return state;
  }

  /** Index of an entry with this name in either table, 0 if there is none. */
  nameIndex(state: NameState): number {
    if (state.staticIndex > 0) return state.staticIndex;
    return state.newest >= this.#oldest ? this.#indexOf(state.newest) : 0;
  }

  /** Inserts a field of `size` bytes, which must not be larger than the table. */
  insert(field: Field, state: NameState, size: number): void {
    this.#evictTo(this.#maxSize - size);
    if (this.#next - this.#oldest > this.#mask) this.#grow();
    const serial = this.#next++;
    const at = serial & this.#mask;
    this.#ring[at] = field;
    this.#chain[at] = this.#byValue.get(field.value) ?? 0;
    this.#byValue.set(field.value, serial);
    state.newest = serial;
    this.#size += size;
  }

  #indexOf(serial: number): number {
    return STATIC_LENGTH + this.#next - serial;
  }

  #evictTo(size: number): void {
    while (this.#size > size) {
      const serial = this.#oldest++;
      const at = serial & this.#mask;
      const { name, value } = this.#ring[at] as Field;
      this.#ring[at] = undefined;
      this.#size -= name.length + value.length + 32;
      if (this.#byValue.get(value) === serial) this.#byValue.delete(value);
    }
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, (this.#mask + 1) * 2);
    const ring = Array.from<Field | undefined>({ length: capacity });
    const chain = new Float64Array(capacity);
    for (let serial = this.#oldest; serial < this.#next; serial++) {
      ring[serial & (capacity - 1)] = this.#ring[serial & this.#mask];
      chain[serial & (capacity - 1)] = this.#chain[serial & this.#mask] as number;
    }
    this.#ring = ring;
    this.#chain = chain;
    this.#mask = capacity - 1;
  }
}
