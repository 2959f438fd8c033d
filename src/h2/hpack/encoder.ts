import type { Field, FieldList } from '../../model/fields.ts';
import type { NameState } from './encoder-table.ts';
import { EncoderTable } from './encoder-table.ts';
import { encodeHuffman, huffmanLength } from './huffman.ts';
import { writeInteger } from './integer.ts';
import { staticIndex } from './static-table.ts';

/** Table size before anything was agreed (RFC 9113 §6.5.2, SETTINGS_HEADER_TABLE_SIZE), bytes. */
const INITIAL_TABLE_SIZE = 4096;
/** Two size updates of an octet and five more each, at the start of a block. */
const MAX_UPDATES_LENGTH = 12;
const MAX_MEMO_ENTRIES = 128;
/** Blocks larger than this are not remembered, bytes. */
const MAX_MEMO_LENGTH = 512;
/** Up to this length a loop beats `TypedArray.set`. */
const SHORT_COPY = 64;
/** A name is no longer indexed when this many values in a row were of no use later. */
const MAX_UNUSED = 16;

const INDEXED = 0x80;
const LITERAL_INDEXED = 0x40;
const SIZE_UPDATE = 0x20;
const LITERAL_NEVER_INDEXED = 0x10;
const LITERAL = 0x00;
const HUFFMAN = 0x80;

/** Encodes the header blocks of one direction of one connection. */
export class HpackEncoder {
  readonly #table: EncoderTable;
  readonly #maxTableSize: number;
  /** Bytes of lists seen again since the table changed; null for a list that was seen once. */
  readonly #memo = new Map<FieldList, Uint8Array | null>();
  /** Smallest table size since the last block, when a change has not been announced yet, otherwise -1. */
  #smallest = -1;

  /** @param maxTableSize the most that our table may take whatever the peer allows, bytes */
  constructor(maxTableSize: number = INITIAL_TABLE_SIZE) {
    this.#maxTableSize = maxTableSize;
    this.#table = new EncoderTable(INITIAL_TABLE_SIZE);
    this.setMaxTableSize(INITIAL_TABLE_SIZE);
  }

  /** Takes the peer's SETTINGS_HEADER_TABLE_SIZE, bytes. The next block announces what became of it (RFC 7541 §4.2). */
  setMaxTableSize(size: number): void {
    const used = Math.min(size, this.#maxTableSize);
    if (used === this.#table.maxSize) return;
    this.#smallest = this.#smallest < 0 ? used : Math.min(this.#smallest, used);
    this.#table.resize(used);
    this.#forget();
  }

  /** Upper bound of what {@link encode} writes for these lists, bytes. */
  maxEncodedLength(list: FieldList, extra: FieldList | null): number {
    // The 32 octets that `size` counts per field are more than its three integers take.
    return MAX_UPDATES_LENGTH + list.size + (extra === null ? 0 : extra.size);
  }

  /**
   * Writes one header block: `list`, then `extra`, which is never indexed because it varies. There must be room for
   * {@link maxEncodedLength} bytes.
   *
   * @returns the offset after the block
   */
  encode(list: FieldList, extra: FieldList | null, out: Uint8Array, offset: number): number {
    let at = offset;
    if (this.#smallest >= 0) at = this.#writeSizeUpdates(out, at);
    const known = this.#memo.get(list);
    if (known !== undefined && known !== null) {
      const { length } = known;
      if (length > SHORT_COPY) out.set(known, at);
      else for (let i = 0; i < length; i++) out[at + i] = known[i] as number;
      at += length;
    } else {
      const start = at;
      const { insertions } = this.#table;
      const { fields } = list;
      for (let i = 0; i < fields.length; i++) at = this.#writeField(fields[i] as Field, out, at);
      if (this.#table.insertions !== insertions) this.#forget();
      else this.#remember(list, known === null, out, start, at);
    }
    if (extra !== null) {
      for (const field of extra.fields) {
        const pattern = field.neverIndexed ? LITERAL_NEVER_INDEXED : LITERAL;
        at = this.#writeLiteral(field, this.#table.nameState(field.name), pattern, out, at);
      }
    }
    return at;
  }

  #forget(): void {
    // Clearing an empty map is not free.
    if (this.#memo.size > 0) this.#memo.clear();
  }

  #remember(list: FieldList, seenBefore: boolean, out: Uint8Array, start: number, end: number): void {
    if (end - start > MAX_MEMO_LENGTH) return;
    if (!seenBefore && this.#memo.size >= MAX_MEMO_ENTRIES) this.#memo.clear();
    this.#memo.set(list, seenBefore ? Uint8Array.prototype.slice.call(out, start, end) : null);
  }

  #writeSizeUpdates(out: Uint8Array, offset: number): number {
    const size = this.#table.maxSize;
    let at = offset;
    if (this.#smallest < size) at = writeInteger(out, at, SIZE_UPDATE, 0x1f, this.#smallest);
    this.#smallest = -1;
    return writeInteger(out, at, SIZE_UPDATE, 0x1f, size);
  }

  #writeField(field: Field, out: Uint8Array, offset: number): number {
    const { name, value } = field;
    const state = this.#table.nameState(name);
    if (field.neverIndexed) return this.#writeLiteral(field, state, LITERAL_NEVER_INDEXED, out, offset);
    if (state.varies) return this.#writeLiteral(field, state, LITERAL, out, offset);
    // Static entries that have a value are pseudo-header fields, but for one.
    let index = name.charCodeAt(0) === 0x3a ? staticIndex(name, value) : 0;
    if (index === 0) index = this.#table.find(name, value);
    if (index > 0) {
      state.unused = 0;
      return writeInteger(out, offset, INDEXED, 0x7f, index);
    }
    const size = name.length + value.length + 32;
    if (size > this.#table.maxSize / 4 || (name === ':path' && value.includes('?'))) {
      return this.#writeLiteral(field, state, LITERAL, out, offset);
    }
    if (state.unused >= MAX_UNUSED && state.passedOver !== value) {
      state.passedOver = value;
      return this.#writeLiteral(field, state, LITERAL, out, offset);
    }
    state.unused++;
    const end = this.#writeLiteral(field, state, LITERAL_INDEXED, out, offset);
    this.#table.insert(field, state, size);
    return end;
  }

  /** RFC 7541 §6.2. */
  #writeLiteral(field: Field, state: NameState, pattern: number, out: Uint8Array, offset: number): number {
    const index = this.#table.nameIndex(state);
    const at = writeInteger(out, offset, pattern, pattern === LITERAL_INDEXED ? 0x3f : 0x0f, index);
    return writeString(field.value, out, index === 0 ? writeString(field.name, out, at) : at);
  }
}

/** RFC 7541 §5.2; Huffman-coded only when that is shorter. */
function writeString(text: string, out: Uint8Array, offset: number): number {
  const { length } = text;
  // The length of what is coded comes before it: an octet if it is below 127, otherwise it must be known first.
  const coded = length <= 0x7f ? 0 : huffmanLength(text);
  if (coded < length) {
    const start = writeInteger(out, offset, HUFFMAN, 0x7f, coded);
    const end = encodeHuffman(text, out, start);
    if (end >= 0) {
      if (coded === 0) out[offset] = HUFFMAN | (end - start);
      return end;
    }
  }
  let at = writeInteger(out, offset, 0, 0x7f, length);
  for (let i = 0; i < length; i++) out[at++] = text.charCodeAt(i);
  return at;
}
