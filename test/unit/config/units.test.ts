import assert from 'node:assert/strict';
import { formatTime, parseSize, parseTime } from '../../../src/config/units.ts';

describe('units (HAProxy manual 2.5, 2.6)', () => {
  const times: readonly [string, number][] = [
    ['0', 0], ['5000', 5000], ['100ms', 100], ['2s', 2000], ['3m', 180_000], ['1h', 3_600_000], ['1d', 86_400_000],
    ['1us', 1], ['999us', 1], ['1500us', 1], ['2000us', 2], ['2147483647', 2_147_483_647],
  ];
  for (const [text, expected] of times) it(`reads ${text}`, () => assert.deepEqual(parseTime(text), { ok: true, value: expected }));

  for (const text of ['', 's', '1x', '1.5s', '-1', '1 s', '2147483648', '30d', '1S', '99999999999999999999d']) {
    it(`refuses '${text}' as a time`, () => assert.equal(parseTime(text).ok, false));
  }

  it('takes a number without unit in the directive\'s unit', () => assert.deepEqual(parseTime('2', 's'), { ok: true, value: 2000 }));

  it('writes times that read back', () => {
    for (const value of [0, 1, 999, 1000, 25_000, 60_000, 90_000, 3_600_000, 86_400_000]) {
      assert.deepEqual(parseTime(formatTime(value)), { ok: true, value });
    }
    assert.equal(formatTime(25_000), '25s');
  });

  const sizes: readonly [string, number][] = [['0', 0], ['10', 10], ['1k', 1024], ['2M', 2_097_152], ['1g', 1_073_741_824]];
  for (const [text, expected] of sizes) it(`reads ${text} bytes`, () => assert.deepEqual(parseSize(text), { ok: true, value: expected }));
  for (const text of ['', 'k', '1t', '-1', '99999999999999g']) it(`refuses '${text}' as a size`, () => assert.equal(parseSize(text).ok, false));
});
