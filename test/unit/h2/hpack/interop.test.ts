import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { HpackDecoder } from '../../../../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../../../../src/h2/hpack/encoder.ts';
import { writeInteger } from '../../../../src/h2/hpack/integer.ts';
import { randomList, seeded } from './random-lists.ts';

interface PeerField {
  readonly name: string;
  readonly value: string;
  readonly neverIndex?: boolean;
  readonly incremental?: boolean;
  readonly huffman?: boolean;
}

/** The parts used of the codec hpack.js, which has no types. */
interface PeerCodec {
  readonly compressor: { create(options: object): PeerCompressor };
  readonly decompressor: { create(options: object): PeerDecompressor };
}

interface PeerCompressor {
  readonly _table: { updateSize(size: number): void };
  write(fields: readonly PeerField[]): void;
  read(): Buffer | null;
}

interface PeerDecompressor {
  write(block: Buffer): void;
  execute(): void;
  read(): PeerField | null;
}

const peer = createRequire(import.meta.url)('hpack.js') as PeerCodec;
const ROUNDS = 12;
const BLOCKS = 120;

function drain<T>(source: { read(): T | null }): T[] {
  const all: T[] = [];
  for (let item = source.read(); item !== null; item = source.read()) all.push(item);
  return all;
}

describe('HPACK against an independent codec', () => {
  for (let round = 0; round < ROUNDS; round++) {
    it(`what we encode is decoded alike, seed ${round}`, () => {
      const random = seeded(round);
      const cap = [0, 64, 256, 1024, 4096, 16384][round % 6] as number;
      const encoder = new HpackEncoder(cap);
      const theirs = peer.decompressor.create({ table: { maxSize: 65536 } });
      // Their table starts at its limit, RFC 9113's at 4096.
      theirs.write(Buffer.from('3fe11f', 'hex'));
      theirs.execute();
      const ours = new HpackDecoder(65536, 1 << 20);
      const lists = Array.from({ length: 20 }, () => randomList(random, 12));
      const out = Buffer.alloc(65536);
      for (let i = 0; i < BLOCKS; i++) {
        if (random() < 0.15) encoder.setMaxTableSize(Math.floor(random() * 5000));
        if (random() < 0.05) encoder.setMaxTableSize(Math.floor(random() * 200));
        const list = random() < 0.6 ? lists[Math.floor(random() ** 2 * lists.length)] : randomList(random, 12);
        assert.ok(list);
        const extra = random() < 0.3 ? randomList(random, 2) : null;
        const end = encoder.encode(list, extra, out, 0);
        assert.ok(end <= encoder.maxEncodedLength(list, extra));
        const expected = [...list.fields, ...(extra?.fields ?? [])];
        theirs.write(Buffer.from(out.subarray(0, end)));
        theirs.execute();
        const got = drain(theirs).map(({ name, value, neverIndex }) => ({ name, value, neverIndexed: neverIndex === true }));
        assert.deepEqual(got, expected);
        assert.deepEqual(ours.decode(out, 0, end)?.fields, expected);
      }
    });

    it(`what it encodes we decode alike, seed ${round}`, () => {
      const random = seeded(1000 + round);
      const limit = [0, 64, 256, 1024, 4096, 4096][round % 6] as number;
      const theirs = peer.compressor.create({ table: { maxSize: limit } });
      const decoder = new HpackDecoder(limit, 1 << 20);
      const lists = Array.from({ length: 20 }, () => randomList(random, 12));
      for (let i = 0; i < BLOCKS; i++) {
        const updates = Buffer.alloc(16);
        let at = 0;
        while (random() < 0.1 && at < 8) {
          const size = Math.floor(random() * (limit + 1));
          theirs._table.updateSize(size);
          at = writeInteger(updates, at, 0x20, 0x1f, size);
        }
        const list = random() < 0.6 ? lists[Math.floor(random() ** 2 * lists.length)] : randomList(random, 12);
        assert.ok(list);
        theirs.write(list.fields.map(({ name, value, neverIndexed }) => (
          { name, value, neverIndex: neverIndexed, incremental: random() < 0.7, huffman: random() < 0.5 }
        )));
        const block = Buffer.concat([updates.subarray(0, at), ...drain(theirs)]);
        const got = decoder.decode(block, 0, block.length);
        assert.deepEqual(got?.fields, list.fields);
        assert.equal(got?.size, list.size);
      }
    });
  }
});
