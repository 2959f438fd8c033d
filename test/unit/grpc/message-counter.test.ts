import assert from 'node:assert/strict';
import { MessageCounter } from '../../../src/grpc/message-counter.ts';

function body(...lengths: number[]): Uint8Array {
  return Buffer.concat(lengths.map((length, i) => {
    const message = Buffer.alloc(5 + length, i + 1);
    message.writeUInt8(i % 2, 0);
    message.writeUInt32BE(length, 1);
    return message;
  }));
}

describe('grpc/message-counter', () => {
  it('counts whatever the chunks are', () => {
    const octets = body(0, 5, 1, 0, 0, 300, 4, 70_000, 0);
    for (const size of [1, 2, 3, 4, 5, 6, 7, 11, 64, 305, 16_384, octets.length]) {
      const counter = new MessageCounter();
      for (let at = 0; at < octets.length; at += size) counter.feed(octets, at, Math.min(octets.length, at + size));
      assert.equal(counter.messages, 9, `chunks of ${size}`);
      assert.equal(counter.partial, false);
    }
  });

  it('counts split in two at every offset', () => {
    const octets = body(3, 0, 8);
    const ends = [8, 13, 26];
    for (let split = 0; split <= octets.length; split++) {
      const counter = new MessageCounter();
      counter.feed(octets, 0, split);
      assert.equal(counter.messages, ends.filter((end) => end <= split).length, `at ${split}`);
      assert.equal(counter.partial, split !== 0 && !ends.includes(split), `at ${split}`);
      counter.feed(octets, split, octets.length);
      assert.equal(counter.messages, 3, `at ${split}`);
    }
  });

  it('reads only between start and end', () => {
    const counter = new MessageCounter();
    const padded = Buffer.concat([Buffer.alloc(7, 0xff), body(4), Buffer.alloc(9, 0xff)]);
    counter.feed(padded, 7, padded.length - 9);
    assert.equal(counter.messages, 1);
    assert.equal(counter.partial, false);
  });

  it('takes a message of 2^32-1 octets', () => {
    for (const splitPrefix of [false, true]) {
      const counter = new MessageCounter();
      const prefix = Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff);
      if (splitPrefix) counter.feed(prefix, 0, 3);
      counter.feed(prefix, splitPrefix ? 3 : 0, 5);
      const chunk = new Uint8Array(1 << 20);
      for (let i = 0; i < 4095; i++) counter.feed(chunk, 0, chunk.length);
      counter.feed(chunk, 0, chunk.length - 2);
      assert.equal(counter.messages, 0);
      counter.feed(chunk, 0, 1);
      assert.equal(counter.messages, 1);
      assert.equal(counter.partial, false);
    }
  });

  it('takes a chunk of many empty messages, and garbage', () => {
    const counter = new MessageCounter();
    counter.feed(new Uint8Array(5_000_000), 0, 5_000_000);
    assert.equal(counter.messages, 1_000_000);
    const garbage = new MessageCounter();
    let seed = 7;
    for (let i = 0; i < 1000; i++) {
      const chunk = Uint8Array.from({ length: i % 50 }, () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) >>> 16);
      garbage.feed(chunk, 0, chunk.length);
    }
    assert.ok(garbage.messages >= 0);
  });
});
