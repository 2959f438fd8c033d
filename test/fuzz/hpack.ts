/** The HPACK decoder and Huffman's code: any octets decode or are refused, within bounds. */
import assert from 'node:assert/strict';
import { HpackDecoder } from '../../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../../src/h2/hpack/encoder.ts';
import { HpackError } from '../../src/h2/hpack/error.ts';
import { decodeHuffman, encodeHuffman, huffmanLength } from '../../src/h2/hpack/huffman.ts';
import { randomList } from '../unit/h2/hpack/random-lists.ts';
import { runCase, type Case } from './case.ts';
import { mutate, Random } from './random.ts';

const LIST_LIMIT = 2000;

/** Blocks one after another into one decoder, most of them nearly right. */
export function fuzzHpack(seed: number): void {
  runCase('hpack', seed, hpackCase);
}

export function fuzzHuffman(seed: number): void {
  runCase('huffman', seed, huffmanCase);
}

function hpackCase(seed: number): Case {
  const random = new Random(seed);
  const encoder = new HpackEncoder();
  const blocks = Array.from({ length: 1 + random.below(6) }, () => {
    if (random.once(4)) return random.octets(random.below(60));
    if (random.once(5)) encoder.setMaxTableSize(random.pick([0, 50, 200, 4096]));
    const list = randomList(random.float, 8);
    const out = Buffer.alloc(encoder.maxEncodedLength(list, null));
    return mutate(out.subarray(0, encoder.encode(list, null, out, 0)), random);
  });
  const run = (): void => {
    const decoder = new HpackDecoder(4096, LIST_LIMIT);
    for (const block of blocks) {
      try {
        const list = decoder.decode(block, 0, block.length) ?? decoder.beginning;
        const size = list.fields.reduce((sum, { name, value }) => sum + name.length + value.length + 32, 0);
        assert.ok(size <= LIST_LIMIT, `a list of ${size} octets`);
        if (random.once(8)) decoder.setMaxTableSize(random.pick([0, 100, 4096]));
      } catch (error) {
        if (!(error instanceof HpackError)) throw error;
        return;
      }
    }
  };
  return { octets: Buffer.concat(blocks), run };
}

function huffmanCase(seed: number): Case {
  const random = new Random(seed);
  const text = random.octets(random.below(40)).toString('latin1');
  const coded = Buffer.alloc(huffmanLength(text) + 8);
  const whole = Buffer.alloc(text.length + 8);
  const shorter = encodeHuffman(text, coded, 0);
  const octets = shorter < 0 || random.once(2) ? random.octets(random.below(40)) : mutate(coded.subarray(0, shorter), random);
  const run = (): void => {
    if (shorter >= 0) assert.equal(whole.toString('latin1', 0, decodeHuffman(coded, 0, shorter, whole)), text);
    // No code is shorter than five bits.
    const target = Buffer.alloc(Math.floor((octets.length * 8) / 5));
    try {
      const length = decodeHuffman(octets, 0, octets.length, target);
      assert.ok(length <= target.length, `${length} octets out of ${octets.length}`);
      // Code and padding are unique: what decodes is what would have been encoded.
      const again = Buffer.alloc(length + 8);
      const end = encodeHuffman(target.toString('latin1', 0, length), again, 0);
      if (end >= 0) assert.deepEqual(again.subarray(0, end), octets);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
    }
  };
  return { octets, run };
}
