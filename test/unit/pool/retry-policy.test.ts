import assert from 'node:assert/strict';
import type { RetryOn } from '../../../src/config/model.ts';
import type { ResetCause } from '../../../src/model/exchange.ts';
import { mayRedispatch, retriedAnswer, retriesAnswers, retriesProcessed, retriesReset } from '../../../src/pool/retry-policy.ts';

const NONE: RetryOn = { connFailure: true, emptyResponse: false, junkResponse: false, responseTimeout: false, httpStatuses: [], grpcStatuses: [] };

describe('which retries may leave the server', () => {
  function leaving(interval: number, retries: number): number[] {
    return Array.from({ length: retries }, (_, index) => index + 1).filter((retry) => mayRedispatch(interval, retry, retries));
  }

  // HAProxy: a positive interval counts from the first retry, a negative one tells how far from the last.
  for (const [interval, retries, expected] of [
    [0, 3, []], [1, 3, [1, 2, 3]], [2, 5, [2, 4]], [3, 3, [3]], [4, 3, []],
    [-1, 3, [3]], [-2, 3, [2]], [-3, 3, [1, 2, 3]], [-4, 3, [1, 2, 3]], [-9, 3, [1, 2, 3]], [-2, 6, [5]], [-4, 6, [3, 6]],
  ] as const) {
    it(`option redispatch ${interval} with retries ${retries}: ${expected.join(', ') || 'none'}`, () => assert.deepEqual(leaving(interval, retries), expected));
  }
});

describe('what is sent again', () => {
  it('is told by how the stream ended', () => {
    const empty = { ...NONE, emptyResponse: true };
    const junk = { ...NONE, junkResponse: true };
    const ends: readonly (readonly [number, ResetCause])[] = [[8, 'peer'], [2, 'peer'], [8, 'connection'], [0, 'connection'], [1, 'connection'], [1, 'local']];
    assert.deepEqual(ends.map(([code, cause]) => retriesReset(empty, code, cause)), [true, true, true, true, false, false]);
    assert.deepEqual(ends.map(([code, cause]) => retriesReset(junk, code, cause)), [false, false, false, false, true, true]);
  });

  it('is told by the answer', () => {
    const retryOn = { ...NONE, httpStatuses: [503], grpcStatuses: [14] };
    assert.deepEqual(
      [retriedAnswer(retryOn, 503, -1), retriedAnswer(retryOn, 200, 14), retriedAnswer(retryOn, 200, -1), retriedAnswer(retryOn, 200, 0), retriedAnswer(retryOn, 500, 8)],
      ['status 503', 'UNAVAILABLE', '', '', ''],
    );
  });

  it('is nothing but what was not processed, unless asked for', () => {
    assert.deepEqual([retriesProcessed(NONE), retriesAnswers(NONE)], [false, false]);
    assert.deepEqual([retriesProcessed({ ...NONE, junkResponse: true }), retriesAnswers({ ...NONE, junkResponse: true })], [true, false]);
    assert.deepEqual([retriesProcessed({ ...NONE, grpcStatuses: [8] }), retriesAnswers({ ...NONE, grpcStatuses: [8] })], [true, true]);
  });
});
