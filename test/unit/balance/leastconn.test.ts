import assert from 'node:assert/strict';
import { createPicker } from '../../../src/balance/create-picker.ts';
import type { Picker } from '../../../src/balance/picker.ts';
import { seeded, sequence, server, servers, tally } from './servers.ts';
import type { Server } from './servers.ts';

const leastconn = (targets: readonly Server[], previous: Picker<Server> | null = null): Picker<Server> =>
  createPicker({ algorithm: 'leastconn' }, targets, previous);

describe('leastconn', () => {
  it('spreads 1,000 held streams exactly', () => {
    const targets = servers('abc');
    sequence(leastconn(targets), 999, true);
    assert.deepEqual(targets.map((target) => target.inflight), [333, 333, 333]);
  });

  it('lets idle servers take turns', () => {
    assert.equal(sequence(leastconn(servers('abc')), 7), 'abcabca');
  });

  it('lets equally loaded servers take turns', () => {
    const targets = [server('a', 1, 3), server('b', 1, 2), server('c', 1, 2), server('d', 1, 2)];
    assert.equal(sequence(leastconn(targets), 6), 'bcdbcd');
  });

  it('fills idle servers first whatever their weight', () => {
    const targets = [server('a', 1), server('b', 256, 1), server('c', 2)];
    assert.equal(sequence(leastconn(targets), 3, true), 'acb');
  });

  it('holds weights 1:2:5 to the nearest stream', () => {
    const targets = [server('a', 1), server('b', 2), server('c', 5)];
    sequence(leastconn(targets), 800, true);
    const loads = targets.map((target) => target.inflight);
    assert.deepEqual(loads, [100, 200, 500]);
  });

  it('compares close fractions exactly', () => {
    const targets = [server('a', 256, 9999), server('b', 255, 9960)];
    assert.equal(10000 / 256 < 9961 / 255, true);
    assert.equal(leastconn(targets).pick(null)?.name, 'a');
    const swapped = [server('b', 255, 9960), server('a', 256, 9999)];
    assert.equal(leastconn(swapped).pick(null)?.name, 'a');
  });

  it('picks what a full search by the definition picks, at random loads', () => {
    const random = seeded(7);
    for (let round = 0; round < 2000; round++) {
      const targets = Array.from({ length: 1 + Math.floor(random() * 8) }, (_, i) =>
        server(`s${i}`, Math.floor(random() * 5), Math.floor(random() * 6), Math.floor(random() * 6)));
      const free = targets.filter(({ weight, inflight, maxconn }) => weight > 0 && (maxconn === 0 || inflight < maxconn));
      const key = ({ inflight, weight }: Server): number => (inflight === 0 ? 0 : (inflight + 1) / weight);
      const picked = leastconn(targets).pick(null);
      if (picked === null) assert.equal(free.length, 0);
      else assert.equal(key(picked), Math.min(...free.map(key)));
    }
  });

  it('goes on with the rotation in a new snapshot', () => {
    const [a, b, c, d] = servers('abcd') as [Server, Server, Server, Server];
    const before = leastconn([a, b, c]);
    assert.equal(sequence(before, 1), 'a');
    const joined = leastconn([a, b, c, d], before);
    assert.equal(sequence(joined, 1), 'b');
    const left = leastconn([a, b, d], joined);
    assert.equal(sequence(left, 3), 'dab');
    assert.equal(sequence(leastconn([c], left), 2), 'cc');
  });

  it('serves a loaded mix so that shares follow weights while streams come and go', () => {
    const targets = [server('a', 1), server('b', 2), server('c', 5)];
    const picker = leastconn(targets);
    const running: Server[] = [];
    let names = '';
    const random = seeded(3);
    for (let i = 0; i < 8000; i++) {
      const picked = picker.pick(null) as Server;
      picked.inflight++;
      running.push(picked);
      names += picked.name;
      if (running.length > 160) (running.splice(Math.floor(random() * running.length), 1)[0] as Server).inflight--;
    }
    const { a = 0, b = 0, c = 0 } = tally(names);
    assert.ok(Math.abs(a / 8000 - 1 / 8) < 0.02 && Math.abs(b / 8000 - 2 / 8) < 0.02 && Math.abs(c / 8000 - 5 / 8) < 0.02, names.slice(0, 80));
  });
});
