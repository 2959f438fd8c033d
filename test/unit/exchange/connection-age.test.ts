import assert from 'node:assert/strict';
import { agedAt } from '../../../src/exchange/connection-age.ts';

describe('max-connection-age', () => {
  it('comes a tenth earlier or later', () => {
    const ages = [0, 0.25, 0.5, 0.75, 0.999_999].map((random) => Math.round(agedAt(60_000, random)));
    assert.deepEqual(ages, [54_000, 57_000, 60_000, 63_000, 66_000]);
  });
});
