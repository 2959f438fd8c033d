import { Buffer } from 'node:buffer';
import type { Field } from '../../model/fields.ts';
import { FieldList, NO_FIELDS } from '../../model/fields.ts';
import { BlockMemo } from './block-memo.ts';
import { DecoderTable } from './decoder-table.ts';
import { HpackError } from './error.ts';
import { decodeHuffman } from './huffman.ts';
import { STATIC_LENGTH, STATIC_TABLE } from './static-table.ts';
import { internOctets } from './strings.ts';

/** Table size before anything was agreed (RFC 9113 §6.5.2, SETTINGS_HEADER_TABLE_SIZE), bytes. */
const INITIAL_TABLE_SIZE = 4096;
const MAX_INTEGER = 0x7fffffff;
const NOTHING_REQUIRED = -1;
/** However often the size changed between two blocks: the smallest it was, and what it is. */
const MAX_UPDATES = 2;

/** Where Huffman strings are unpacked; shared, because decoding is synchronous. Grows to the largest limit that a decoder has. */
let scratch: Buffer = Buffer.allocUnsafeSlow(8192);

/** Decodes the header blocks of one direction of one connection. */
export class HpackDecoder {
  readonly #table: DecoderTable;
  readonly #memo = new BlockMemo();
  readonly #maxListSize: number;
  #maxTableSize: number;
  /** Greatest size that the update at the start of the next block may have, when there must be one (RFC 7541 §4.2). */
  #requiredUpdate = NOTHING_REQUIRED;
  /** Of the last list that was larger than the limit: the fields that came before the limit was reached. */
  beginning: FieldList = NO_FIELDS;
  /** Cursor within the block that is being decoded. */
  #at = 0;
  /** Octets of the string last read. */
  #length = 0;
  /** Size of the literal field last read, bytes (RFC 7541 §4.1). */
  #fieldSize = 0;

  /**
   * @param maxTableSize SETTINGS_HEADER_TABLE_SIZE in force towards the peer, bytes; above 4096 the peer must first announce
   *   that it uses more (RFC 7541 §4.2)
   * @param maxListSize SETTINGS_MAX_HEADER_LIST_SIZE that is kept, bytes as in {@link FieldList.size}
   */
  constructor(maxTableSize: number, maxListSize: number) {
    this.#table = new DecoderTable(Math.min(maxTableSize, INITIAL_TABLE_SIZE));
    this.#maxTableSize = maxTableSize;
    this.#maxListSize = maxListSize;
  }

  /** Takes a new SETTINGS_HEADER_TABLE_SIZE into force: we announced it and the peer acknowledged. Bytes. */
  setMaxTableSize(size: number): void {
    this.#maxTableSize = size;
    if (this.#requiredUpdate !== NOTHING_REQUIRED) this.#requiredUpdate = Math.min(this.#requiredUpdate, size);
    else if (size < this.#table.maxSize) this.#requiredUpdate = size;
  }

  /**
   * Decodes the complete header block `block[start, end)`. A block that leaves the dynamic table alone gives the same list
   * object again as long as the table does not change.
   *
   * @returns null when the list is larger than the limit, see {@link beginning}; the table is right all the same
   * @throws HpackError when the block is malformed; the decoder must not be used any more
   */
  decode(block: Uint8Array, start: number, end: number): FieldList | null {
    if (this.#requiredUpdate === NOTHING_REQUIRED) {
      const known = this.#memo.find(block, start, end);
      if (known !== null) return known;
    }
    this.#at = start;
    let changed = this.#readSizeUpdates(block, end);
    const maxListSize = this.#maxListSize;
    const fields: Field[] = [];
    let size = 0;
    while (this.#at < end) {
      const octet = block[this.#at] as number;
      let field: Field;
      if (octet >= 0x80) {
        field = this.#fieldAt(this.#readInteger(block, end, 0x7f));
        size += field.name.length + field.value.length + 32;
      } else if (octet >= 0x40) {
        field = this.#readLiteral(block, end, 0x3f, false);
        size += this.#fieldSize;
        this.#table.insert(field, this.#fieldSize);
        changed = true;
      } else if (octet >= 0x20) {
        throw new HpackError('dynamic table size update after the first field', '4.2');
      } else {
        field = this.#readLiteral(block, end, 0x0f, octet >= 0x10);
        size += this.#fieldSize;
      }
      if (size <= maxListSize) fields.push(field);
    }
    if (changed) this.#memo.clear();
    if (size > maxListSize) {
      this.beginning = new FieldList(fields, maxListSize);
      return null;
    }
    if (fields.length === 0) return NO_FIELDS;
    const list = new FieldList(fields, size);
    if (!changed) this.#memo.store(block, start, end, list);
    return list;
  }

  /** Reads the updates at the start of a block (RFC 7541 §4.2, §6.3); true if there was one. */
  #readSizeUpdates(block: Uint8Array, end: number): boolean {
    let found = 0;
    while (this.#at < end && ((block[this.#at] as number) & 0xe0) === 0x20) {
      const size = this.#readInteger(block, end, 0x1f);
      if (size > this.#maxTableSize) throw new HpackError(`table size ${size} is above the limit of ${this.#maxTableSize}`, '6.3');
      if (size <= this.#requiredUpdate) this.#requiredUpdate = NOTHING_REQUIRED;
      this.#table.resize(size);
      if (++found > MAX_UPDATES) throw new HpackError('more than two table size updates', '4.2');
    }
    if (this.#requiredUpdate !== NOTHING_REQUIRED) {
      throw new HpackError(`no table size update to ${this.#requiredUpdate} or less after the limit was reduced`, '4.2');
    }
    return found > 0;
  }

  #fieldAt(index: number): Field {
    if (index === 0) throw new HpackError('index 0', '6.1');
    const field = index <= STATIC_LENGTH ? STATIC_TABLE[index - 1] : this.#table.get(index - STATIC_LENGTH - 1);
    if (field === undefined) throw new HpackError(`index ${index} is beyond the tables`, '2.3.3');
    return field;
  }

  /** RFC 7541 §6.2. Strings that are over every limit are left empty; `#fieldSize` counts them in full. */
  #readLiteral(block: Uint8Array, end: number, mask: number, neverIndexed: boolean): Field {
    const index = this.#readInteger(block, end, mask);
    let name: string;
    if (index === 0) {
      name = this.#readString(block, end);
    } else {
      name = this.#fieldAt(index).name;
      this.#length = name.length;
    }
    const nameLength = this.#length;
    const value = this.#readString(block, end);
    this.#fieldSize = nameLength + this.#length + 32;
    return { name, value, neverIndexed };
  }

  /** RFC 7541 §5.2. */
  #readString(block: Uint8Array, end: number): string {
    if (this.#at >= end) throw new HpackError('block ends before a string', '5.2');
    const huffman = (block[this.#at] as number) >= 0x80;
    const length = this.#readInteger(block, end, 0x7f);
    const start = this.#at;
    if (length > end - start) throw new HpackError(`string of ${length} octets in a block that has ${end - start} left`, '5.2');
    this.#at = start + length;
    const limit = Math.max(this.#maxListSize, this.#maxTableSize);
    if (!huffman) {
      this.#length = length;
      return length > limit ? '' : internOctets(block, start, length);
    }
    // No code is shorter than five bits.
    const room = Math.min(limit, Math.floor((length * 8) / 5));
    if (room > scratch.length) scratch = Buffer.allocUnsafeSlow(room);
    this.#length = decodeHuffman(block, start, this.#at, scratch);
    return this.#length > limit ? '' : internOctets(scratch, 0, this.#length);
  }

  /** RFC 7541 §5.1. */
  #readInteger(block: Uint8Array, end: number, mask: number): number {
    let value = (block[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let weight = 1; weight <= 2 ** 28; weight *= 128) {
      if (this.#at >= end) throw new HpackError('block ends within an integer', '5.1');
      const octet = block[this.#at++] as number;
      value += (octet & 0x7f) * weight;
      if (octet < 0x80) {
        if (value > MAX_INTEGER) break;
        return value;
      }
    }
    throw new HpackError('integer is too large', '5.1');
  }
}
