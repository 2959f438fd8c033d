import assert from 'node:assert/strict';
import { BufferPool } from '../../../src/tcp/buffer-pool.ts';

describe('tcp/buffer-pool', () => {
  it('lends as many buffers as it may, each to one at a time', () => {
    const pool = new BufferPool(1024, 2);
    const one = pool.lend();
    const two = pool.lend();
    assert.ok(one !== null && two !== null && one !== two);
    assert.equal(one.length, 1024);
    assert.equal(pool.lend(), null);
    pool.giveBack(one);
    assert.equal(pool.lend(), one);
    assert.equal(pool.lend(), null);
  });
});
