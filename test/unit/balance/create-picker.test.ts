import assert from 'node:assert/strict';
import { createPicker } from '../../../src/balance/create-picker.ts';
import type { Balance } from '../../../src/config/balance-settings.ts';
import { seeded, sequence, server, servers, tally } from './servers.ts';
import type { Server } from './servers.ts';

const ALGORITHMS: readonly Balance[] = [
  { algorithm: 'leastconn' },
  { algorithm: 'roundrobin' },
  { algorithm: 'static-rr' },
  { algorithm: 'first' },
  { algorithm: 'random', draws: 2 },
];

describe('first', () => {
  it('fills one server before it turns to the next', () => {
    const targets = [server('a', 1, 0, 2), server('b', 1, 0, 3), server('c', 1, 0, 1)];
    assert.equal(sequence(createPicker({ algorithm: 'first' }, targets, null), 7, true), 'aabbbc-');
    targets[0]!.inflight--;
    assert.equal(sequence(createPicker({ algorithm: 'first' }, targets, null), 2, true), 'a-');
  });
});

for (const balance of ALGORITHMS) {
  describe(`every picker: ${balance.algorithm}`, () => {
    const picker = (targets: readonly Server[]): ReturnType<typeof createPicker<Server>> =>
      createPicker(balance, targets, null, seeded(11));

    it('picks nothing from nothing', () => {
      assert.equal(picker([]).pick(null), null);
    });

    it('never picks weight 0', () => {
      const targets = [server('a', 0), server('b', 3), server('c', 0)];
      assert.equal(sequence(picker(targets), 20, true), 'b'.repeat(20));
      assert.equal(picker([server('a', 0)]).pick(null), null);
    });

    it('never picks what is to be avoided', () => {
      const targets = servers('abc');
      const [a, b, c] = targets as [Server, Server, Server];
      assert.equal(tally(sequence(picker(targets), 30, false, [b]))['b'], undefined);
      assert.equal(sequence(picker(targets), 5, true, [a, c]), 'bbbbb');
      assert.equal(picker(targets).pick([a, b, c]), null);
    });

    it('never goes above maxconn, and fills it', () => {
      const targets = [server('a', 1, 0, 3), server('b', 5, 0, 1), server('c', 2, 0, 4)];
      assert.deepEqual(tally(sequence(picker(targets), 10, true)), { a: 3, b: 1, c: 4, '-': 2 });
    });
  });
}
