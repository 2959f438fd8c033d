import assert from 'node:assert/strict';
import { StickTable } from '../../../src/balance/stick-table.ts';
import type { StickTableSettings } from '../../../src/config/stickiness-settings.ts';

const SETTINGS: StickTableSettings = { type: 'string', keyLength: 8, size: 3, expireMs: 1000, noPurge: false };

describe('stick tables', () => {
  it('remember the last server of a key', () => {
    const table = new StickTable(SETTINGS);
    assert.equal(table.get('a', 0), null);
    table.set('a', 1, 0);
    table.set('a', 2, 0);
    assert.equal(table.get('a', 0), 2);
    assert.equal(table.size, 1);
  });

  it('forget a key that was not used for its time', () => {
    const table = new StickTable(SETTINGS);
    table.set('a', 1, 0);
    table.set('b', 2, 0);
    assert.equal(table.get('a', 999), 1);
    assert.equal(table.get('b', 1000), null);
    assert.equal(table.get('a', 1998), 1);
    assert.equal(table.get('a', 2998), null);
    assert.equal(table.size, 0);
  });

  it('hold no more than they have room for: what was not used for the longest goes', () => {
    const table = new StickTable({ ...SETTINGS, expireMs: null });
    for (const key of ['a', 'b', 'c']) table.set(key, 1, 0);
    table.get('a', 0);
    table.set('d', 4, 0);
    assert.deepEqual(['a', 'b', 'c', 'd'].map((key) => table.get(key, 0)), [1, null, 1, 4]);
    assert.equal(table.size, 3);
  });

  it('take no more with nopurge', () => {
    const table = new StickTable({ ...SETTINGS, noPurge: true });
    for (const key of ['a', 'b', 'c', 'd']) table.set(key, 1, 0);
    assert.deepEqual(['a', 'd'].map((key) => table.get(key, 0)), [1, null]);
    table.set('d', 1, 1000);
    assert.equal(table.get('d', 1000), 1);
  });

  it('look at as much of a key as they store', () => {
    const table = new StickTable(SETTINGS);
    table.set('12345678-one', 5, 0);
    assert.equal(table.get('12345678-two', 0), 5);
  });
});
