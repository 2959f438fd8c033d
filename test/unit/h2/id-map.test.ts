import assert from 'node:assert/strict';
import { IdMap } from '../../../src/h2/id-map.ts';

describe('h2/id-map', () => {
  it('does what a Map does, over random additions and deletions', () => {
    const map = new IdMap<string>();
    const oracle = new Map<number, string>();
    let seed = 7;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    let nextId = 1;
    for (let step = 0; step < 20_000; step++) {
      const grow = random(100) < (Math.floor(step / 2_000) % 2 === 0 ? 55 : 45);
      if (grow) {
        nextId += 2 * (1 + random(3));
        map.add(nextId, `stream ${nextId}`);
        oracle.set(nextId, `stream ${nextId}`);
      } else {
        const ids = [...oracle.keys()];
        const id = random(10) === 0 || ids.length === 0 ? nextId + 2 : (ids[random(ids.length)] as number);
        map.delete(id);
        oracle.delete(id);
      }
      assert.equal(map.size, oracle.size);
      const probe = random(nextId + 10) | 1;
      assert.equal(map.get(probe), oracle.get(probe));
    }
    for (const [id, value] of oracle) assert.equal(map.get(id), value);
    assert.deepEqual(map.values().toSorted(), [...oracle.values()].toSorted());
  });

  it('keeps long-lived streams among short-lived ones whose slots coincide', () => {
    const map = new IdMap<number>();
    map.add(1, 1);
    for (let id = 3; id < 10_001; id += 2) {
      map.add(id, id);
      assert.equal(map.get(id), id);
      assert.equal(map.get(1), 1);
      map.delete(id);
      assert.equal(map.get(id), undefined);
    }
    assert.equal(map.size, 1);
  });
});
