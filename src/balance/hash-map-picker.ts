import { NO_KEY } from './key.ts';
import type { Picker, Target } from './picker.ts';
import { serverMap } from './server-map.ts';
import { StaticRoundrobinPicker } from './static-roundrobin.ts';

/**
 * `hash-type map-based` (HAProxy manual 4.2): hash modulo the sum of the weights. Exact by weight, and cheap; when a server comes or
 * goes, most keys move.
 */
export class HashMapPicker<T extends Target> implements Picker<T> {
  readonly #map: readonly T[];
  readonly #rest: StaticRoundrobinPicker<T>;

  constructor(targets: readonly T[], previous: HashMapPicker<T> | null) {
    this.#map = serverMap(targets);
    this.#rest = new StaticRoundrobinPicker(targets, previous === null ? null : previous.#rest);
  }

  pick(avoid: readonly T[] | null, key: number = NO_KEY): T | null {
    if (key === NO_KEY) return this.#rest.pick(avoid);
    const map = this.#map;
    for (let i = 0, at = key % map.length; i < map.length; i++, at = at + 1 === map.length ? 0 : at + 1) {
      const target = map[at] as T;
      if (avoid === null || !avoid.includes(target)) return target;
    }
    return null;
  }
}
