import assert from 'node:assert/strict';
import { RetryBudget } from '../../../src/pool/retry-budget.ts';

describe('the retry budget', () => {
  /** How many of `wanted` retries are allowed at `time`. */
  function granted(budget: RetryBudget, time: number, wanted: number): number {
    return Array.from({ length: wanted }, () => budget.take(time)).filter(Boolean).length;
  }

  function streams(budget: RetryBudget, time: number, count: number): void {
    for (let i = 0; i < count; i++) budget.streamBegan(time);
  }

  it('allows a share of the streams', () => {
    const budget = new RetryBudget({ percent: 20, minPerSecond: 0 });
    streams(budget, 5000, 100);
    assert.equal(granted(budget, 5100, 50), 20);
    streams(budget, 5200, 10);
    assert.equal(granted(budget, 5300, 50), 2);
  });

  it('allows a few in each second whatever the share', () => {
    const budget = new RetryBudget({ percent: 20, minPerSecond: 3 });
    assert.deepEqual([1000, 1900, 2000, 2999, 3000].map((time) => granted(budget, time, 5)), [3, 0, 3, 0, 3]);
  });

  it('allows the greater of the two, not their sum', () => {
    const budget = new RetryBudget({ percent: 20, minPerSecond: 3 });
    streams(budget, 1000, 100);
    assert.equal(granted(budget, 1000, 100), 20);
  });

  it('looks back ten seconds', () => {
    const budget = new RetryBudget({ percent: 50, minPerSecond: 0 });
    streams(budget, 0, 10);
    assert.equal(granted(budget, 9999, 3), 3);
    assert.equal(granted(budget, 10_000, 3), 0);
    streams(budget, 15_000, 10);
    assert.equal(granted(budget, 15_000, 9), 2);
    // Those of the tenth second are forgotten, the streams of the fifteenth are not.
    assert.equal(granted(budget, 20_000, 9), 3);
    streams(budget, 1_000_000, 4);
    assert.equal(granted(budget, 1_000_000, 9), 2);
  });

  it('allows none where that is asked for', () => {
    const budget = new RetryBudget({ percent: 0, minPerSecond: 0 });
    streams(budget, 0, 1000);
    assert.equal(granted(budget, 0, 1), 0);
  });
});
