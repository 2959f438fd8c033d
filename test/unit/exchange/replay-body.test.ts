import assert from 'node:assert/strict';
import { ReplayBody } from '../../../src/exchange/replay-body.ts';

function contents(body: ReplayBody): Buffer {
  const pieces: Buffer[] = [];
  const lasts: boolean[] = [];
  body.forEach((bytes, start, end, last) => {
    pieces.push(Buffer.from(bytes.subarray(start, end)));
    lasts.push(last);
  });
  assert.deepEqual(lasts, pieces.map((_, index) => index === pieces.length - 1));
  return Buffer.concat(pieces);
}

const LIMIT = 64 * 1024;

describe('exchange/replay-body', () => {
  it('holds copies: what it was given may be overwritten', () => {
    const chunk = Buffer.from('..hello..');
    const body = new ReplayBody(chunk, 2, 7);
    chunk.fill('x');
    assert.equal(contents(body).toString(), 'hello');
    assert.equal(body.length, 5);
  });

  it('keeps bodies that share a slab apart, however they grow in turn', () => {
    const bodies = Array.from({ length: 50 }, (_, index) => new ReplayBody(Buffer.from([index]), 0, 1));
    for (let round = 0; round < 40; round++) {
      for (const [index, body] of bodies.entries()) assert.equal(body.append(Buffer.alloc(37, index), 0, 37, LIMIT), true);
    }
    for (const [index, body] of bodies.entries()) assert.deepEqual(contents(body), Buffer.alloc(1 + 40 * 37, index));
  });

  it('grows over the end of a slab, and from small to large', () => {
    for (const sizes of [[10, 3_000, 30_000, 5], [5_000, 1, 1, 1], [4_096, 4_097], [60_000, 5_000]]) {
      const all = sizes.map((size, index) => Buffer.alloc(size, index + 1));
      const body = new ReplayBody(all[0] as Buffer, 0, sizes[0] as number);
      for (const piece of all.slice(1)) assert.equal(body.append(piece, 0, piece.length, LIMIT), true);
      assert.deepEqual(contents(body), Buffer.concat(all));
    }
  });

  it('refuses what is beyond its bound and stays as it was', () => {
    const body = new ReplayBody(Buffer.alloc(LIMIT - 1), 0, LIMIT - 1);
    assert.equal(body.append(Buffer.alloc(2), 0, 2, LIMIT), false);
    assert.equal(body.length, LIMIT - 1);
    assert.equal(body.append(Buffer.alloc(1), 0, 1, LIMIT), true);
    assert.equal(contents(body).length, LIMIT);
  });
});
