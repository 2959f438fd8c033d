import assert from 'node:assert/strict';
import { defaultFullconn, queueLimit, streamLimit } from '../../../src/pool/stream-limit.ts';

describe('how many streams a server takes', () => {
  it('is fixed without minconn', () => {
    assert.equal(streamLimit(0, 100, 1, 1000), 100);
    assert.equal(streamLimit(100, 100, 1, 1000), 100);
    assert.equal(streamLimit(0, 0, 1, 1000), 0);
  });

  // The example of the manual ("fullconn"): minconn 100 maxconn 1000, fullconn 10000.
  it('grows with the load of the backend from minconn to maxconn', () => {
    const at = (load: number): number => streamLimit(100, 1000, load, 10_000);
    assert.deepEqual([0, 1, 1000, 1010, 5000, 9999, 10_000, 20_000].map(at), [100, 100, 100, 101, 500, 999, 1000, 1000]);
  });

  it('takes a tenth of what the frontends take for full', () => {
    assert.equal(defaultFullconn([2000, 15]), 202);
    assert.equal(defaultFullconn([]), 1);
  });

  it('lets as many wait as the servers allow together', () => {
    assert.equal(queueLimit([5, 7], 10_000), 12);
    assert.equal(queueLimit([5, 0], 10_000), 10_000);
    assert.equal(queueLimit([9000, 9000], 10_000), 10_000);
    assert.equal(queueLimit([], 10_000), 10_000);
  });
});
