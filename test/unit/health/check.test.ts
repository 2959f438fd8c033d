import assert from 'node:assert/strict';
import { checkTimeouts } from '../../../src/health/check.ts';

describe('check timeouts', () => {
  it('are inter for all without `timeout check`', () => {
    assert.deepEqual(checkTimeouts(2000, 500, null), { connectMs: 2000, totalMs: 2000 });
  });

  it('are min(connect, inter), then `timeout check` more', () => {
    assert.deepEqual(checkTimeouts(2000, 500, 300), { connectMs: 500, totalMs: 800 });
    assert.deepEqual(checkTimeouts(2000, 5000, 300), { connectMs: 2000, totalMs: 2300 });
    assert.deepEqual(checkTimeouts(2000, null, 300), { connectMs: 2000, totalMs: 2300 });
  });
});
