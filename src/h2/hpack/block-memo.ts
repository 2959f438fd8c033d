import type { FieldList } from '../../model/fields.ts';

const SLOTS = 16;
const SLOT_LENGTH = 256;
const NO_OCTETS = new Uint8Array(0);

/**
 * Remembers what header blocks decoded to: direct-mapped by a hash of the block's octets, which are kept and compared. Only
 * good while the dynamic table is what it was when the block was decoded; {@link clear} it when that changes.
 */
export class BlockMemo {
  readonly #lists: (FieldList | null)[] = Array.from({ length: SLOTS }, () => null);
  readonly #lengths = new Uint16Array(SLOTS);
  /** Hash of the last block that missed in a used slot: only one that comes twice in a row takes the slot over. */
  readonly #rivals = new Int32Array(SLOTS);
  #octets: Uint8Array = NO_OCTETS;
  #used = 0;
  /** The slot last found. */
  #latest = 0;
  /** Hash of the block last looked for. */
  #key = 0;

  /** The list of the block `source[start, end)`, or null if it is not known. */
  find(source: Uint8Array, start: number, end: number): FieldList | null {
    const octets = this.#octets;
    const length = end - start;
    if (length > SLOT_LENGTH) return null;
    const latest = this.#latest;
    if (this.#lengths[latest] === length && isSame(octets, latest * SLOT_LENGTH, source, start, length)) {
      return this.#lists[latest] as FieldList | null;
    }
    this.#key = hash(source, start, end);
    const slot = this.#key & (SLOTS - 1);
    if (this.#lengths[slot] !== length || !isSame(octets, slot * SLOT_LENGTH, source, start, length)) return null;
    this.#latest = slot;
    return this.#lists[slot] as FieldList | null;
  }

  /** Remembers `list` for the block that {@link find} was last asked for and did not know. */
  store(source: Uint8Array, start: number, end: number, list: FieldList): void {
    const length = end - start;
    if (length > SLOT_LENGTH || length === 0) return;
    const key = this.#key;
    const slot = key & (SLOTS - 1);
    if (this.#lists[slot] === null) {
      this.#used++;
    } else if (this.#rivals[slot] !== key) {
      this.#rivals[slot] = key;
      return;
    }
    if (this.#octets.length === 0) this.#octets = new Uint8Array(SLOTS * SLOT_LENGTH);
    const octets = this.#octets;
    this.#lists[slot] = list;
    this.#lengths[slot] = length;
    for (let from = start, to = slot * SLOT_LENGTH; from < end; from++, to++) octets[to] = source[from] as number;
  }

  clear(): void {
    if (this.#used === 0) return;
    this.#used = 0;
    this.#lists.fill(null);
    this.#lengths.fill(0);
  }
}

function isSame(known: Uint8Array, knownStart: number, source: Uint8Array, start: number, length: number): boolean {
  for (let i = length - 1; i >= 0; i--) if (known[knownStart + i] !== source[start + i]) return false;
  return true;
}

function hash(source: Uint8Array, start: number, end: number): number {
  let key = end - start;
  for (let i = start; i < end; i++) key = Math.imul(key ^ (source[i] as number), 0x01000193);
  return key ^ (key >>> 15);
}
