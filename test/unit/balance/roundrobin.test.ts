import assert from 'node:assert/strict';
import { createPicker } from '../../../src/balance/create-picker.ts';
import type { Picker } from '../../../src/balance/picker.ts';
import { sequence, server, servers, tally } from './servers.ts';
import type { Server } from './servers.ts';

const roundrobin = (targets: readonly Server[], previous: Picker<Server> | null = null): Picker<Server> =>
  createPicker({ algorithm: 'roundrobin' }, targets, previous);

describe('roundrobin', () => {
  it('takes turns', () => {
    assert.equal(sequence(roundrobin(servers('abc')), 7), 'abcabca');
  });

  it('spreads a heavy weight out', () => {
    assert.equal(sequence(roundrobin([server('a', 5), server('b'), server('c')]), 7), 'aabacaa');
  });

  it('gives weights 1:2:5 exactly, in every window of eight', () => {
    const names = sequence(roundrobin([server('a', 1), server('b', 2), server('c', 5)]), 80);
    for (let at = 0; at + 8 <= names.length; at++) assert.deepEqual(tally(names.slice(at, at + 8)), { a: 1, b: 2, c: 5 });
  });

  it('does not look at the load', () => {
    assert.equal(sequence(roundrobin([server('a', 1, 50), server('b')]), 4), 'abab');
  });

  it('goes on with the rotation in a new snapshot', () => {
    const [a, b, c] = servers('abc') as [Server, Server, Server];
    const before = roundrobin([a, b, c]);
    assert.equal(sequence(before, 2), 'ab');
    assert.equal(sequence(roundrobin([a, b, c], before), 3), 'cab');
  });

  it('neither floods nor starves a newcomer after many departures', () => {
    const stay = servers('ab');
    let guest = server('x', 10);
    let picker = roundrobin([...stay, guest]);
    for (let i = 0; i < 500; i++) {
      // The guest leaves right after it was picked, so always with a debt.
      while (picker.pick(null) !== guest);
      guest = server('x', 10);
      picker = roundrobin([...stay, guest], picker);
    }
    const { a = 0, b = 0, x = 0 } = tally(sequence(picker, 120));
    assert.ok(Math.abs(a - 10) <= 2 && Math.abs(b - 10) <= 2 && Math.abs(x - 100) <= 3, `${a} ${b} ${x}`);
  });

  it('catches up with nobody: a server that was full takes its share from now on', () => {
    const full = server('b', 1, 1, 1);
    const picker = roundrobin([server('a'), full]);
    assert.equal(sequence(picker, 6), 'aaaaaa');
    full.inflight = 0;
    assert.deepEqual(tally(sequence(picker, 6)), { a: 3, b: 3 });
  });
});
