import assert from 'node:assert/strict';
import { parseTimeout } from '../../../src/grpc/timeout.ts';

describe('grpc/timeout', () => {
  it('reads every unit', () => {
    const cases: readonly (readonly [string, number])[] = [
      ['2H', 7_200_000], ['3M', 180_000], ['10S', 10_000], ['250m', 250], ['1500u', 1.5], ['2500000n', 2.5], ['0m', 0], ['00000001S', 1000],
      ['99999999H', 99_999_999 * 3_600_000],
    ];
    for (const [text, ms] of cases) assert.equal(parseTimeout(text), ms, text);
  });

  it('refuses what is malformed', () => {
    for (const text of ['', 'S', '1', '100000000S', '-1S', '+1S', '1.5S', '1 S', ' 1S', '1s', '1h', '1Sm', '١S', '1e3S']) {
      assert.equal(parseTimeout(text), -1, JSON.stringify(text));
    }
  });
});
