import assert from 'node:assert/strict';
import { createPicker } from '../../../src/balance/create-picker.ts';
import type { Picker } from '../../../src/balance/picker.ts';
import { seeded, sequence, server, servers, tally } from './servers.ts';
import type { Server } from './servers.ts';

const random = (draws: number, targets: readonly Server[], seed = 1): Picker<Server> =>
  createPicker({ algorithm: 'random', draws }, targets, null, seeded(seed));

describe('random', () => {
  it('draws by weight', () => {
    const { a = 0, b = 0, c = 0 } = tally(sequence(random(1, [server('a', 1), server('b', 2), server('c', 5)]), 8000));
    assert.ok(Math.abs(a - 1000) < 120 && Math.abs(b - 2000) < 160 && Math.abs(c - 5000) < 180, `${a} ${b} ${c}`);
  });

  it('draws by weight among those that are left', () => {
    const targets = [server('a', 1), server('b', 2), server('c', 5, 1, 1), server('d', 1)];
    const picker = random(1, targets);
    const { a = 0, b = 0, c = 0, d = 0 } = tally(sequence(picker, 6000, false, [targets[3] as Server]));
    assert.ok(c === 0 && d === 0 && Math.abs(a - 2000) < 160 && Math.abs(b - 4000) < 160, `${a} ${b} ${c} ${d}`);
  });

  it('takes the less loaded of two draws', () => {
    const targets = [server('a', 1, 10), server('b', 1, 0)];
    const { a = 0, b = 0 } = tally(sequence(random(2, targets), 4000));
    assert.ok(Math.abs(a - 1000) < 120 && Math.abs(b - 3000) < 120, `${a} ${b}`);
  });

  it('weighs the load by the weight', () => {
    const targets = [server('a', 4, 4), server('b', 4, 3)];
    targets[1]!.weight = 1;
    const { a = 0, b = 0 } = tally(sequence(random(2, targets), 4000));
    // b is picked only when both draws fall on it: (1/5)².
    assert.ok(Math.abs(b - 160) < 50 && a + b === 4000, `${a} ${b}`);
  });

  it('keeps held streams close to even with two draws', () => {
    const targets = servers('abcdefgh');
    sequence(random(2, targets), 800, true);
    for (const { inflight } of targets) assert.ok(Math.abs(inflight - 100) <= 4, String(inflight));
  });
});
