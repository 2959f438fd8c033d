import assert from 'node:assert/strict';
import { HpackDecoder } from '../../../../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../../../../src/h2/hpack/encoder.ts';
import { HpackError } from '../../../../src/h2/hpack/error.ts';
import { randomList, seeded } from './random-lists.ts';

const MAX_LIST_SIZE = 4096;

/** Decodes; true when the block was taken. Anything but a bounded list, null or an HpackError fails the test. */
function survives(decoder: HpackDecoder, block: Uint8Array, start: number, end: number): boolean {
  try {
    const list = decoder.decode(block, start, end);
    if (list !== null) {
      let size = 0;
      for (const { name, value } of list.fields) size += name.length + value.length + 32;
      assert.equal(list.size, size);
      assert.ok(size <= MAX_LIST_SIZE);
    }
    return true;
  } catch (error) {
    if (!(error instanceof HpackError)) throw error;
    assert.match(error.message, /\(RFC 7541 §[\d.]+\)$/);
    return false;
  }
}

describe('HPACK from a hostile peer', () => {
  const random = seeded(42);
  const encoder = new HpackEncoder();
  const out = Buffer.alloc(65536);
  const blocks = Array.from({ length: 60 }, () => {
    const end = encoder.encode(randomList(random, 8), null, out, 0);
    return Buffer.from(out.subarray(0, end));
  });

  it('every truncation decodes or is refused', () => {
    const following = new HpackDecoder(4096, MAX_LIST_SIZE);
    let refused = 0;
    for (const block of blocks) {
      for (let end = 0; end < block.length; end++) {
        // What is beyond the end must not be read as part of the block.
        if (!survives(new HpackDecoder(4096, MAX_LIST_SIZE), block, 0, end)) refused++;
      }
      assert.ok(survives(following, block, 0, block.length));
    }
    assert.ok(refused > 100);
  });

  it('random mutations decode or are refused', () => {
    let taken = 0;
    let refused = 0;
    for (let round = 0; round < 150; round++) {
      const decoder = new HpackDecoder(4096, MAX_LIST_SIZE);
      for (const valid of blocks) {
        const block = Buffer.from(valid);
        if (random() < 0.3) for (let i = 0; i < 3; i++) block[Math.floor(random() * block.length)] = random() * 256;
        if (!survives(decoder, block, 0, block.length)) {
          refused++;
          break;
        }
        taken++;
      }
    }
    assert.ok(taken > 100 && refused > 50, `${taken} taken, ${refused} refused`);
  });

  it('random octets decode or are refused', () => {
    for (let round = 0; round < 20000; round++) {
      const block = Uint8Array.from({ length: Math.floor(random() * 24) }, () => random() * 256);
      survives(new HpackDecoder(4096, MAX_LIST_SIZE), block, 0, block.length);
    }
  });

  it('a block that refers to one large entry thousands of times costs no more than the limit', () => {
    const decoder = new HpackDecoder(4096, MAX_LIST_SIZE);
    const large = Buffer.concat([Buffer.from('4001617fa11e', 'hex'), Buffer.alloc(4000, 0x78)]);
    assert.notEqual(decoder.decode(large, 0, large.length), null);
    assert.equal(decoder.decode(Buffer.alloc(16000, 0xbe), 0, 16000), null);
    assert.equal(decoder.decode(Buffer.from('be', 'hex'), 0, 1)?.size, 4033);
  });
});
