import { eligible } from './picker.ts';
import type { Picker, Target } from './picker.ts';
import { resumeRotation } from './rotation.ts';
import { serverMap } from './server-map.ts';

/** `balance static-rr` (HAProxy manual 4.2 "balance"): through the map of servers, again and again. */
export class StaticRoundrobinPicker<T extends Target> implements Picker<T> {
  readonly #map: readonly T[];
  #next = 0;

  constructor(targets: readonly T[], previous: StaticRoundrobinPicker<T> | null) {
    this.#map = serverMap(targets);
    if (previous !== null) this.#next = resumeRotation(previous.#map, previous.#next, this.#map);
  }

  pick(avoid: readonly T[] | null): T | null {
    const map = this.#map;
    for (let i = 0, at = this.#next; i < map.length; i++, at = at + 1 === map.length ? 0 : at + 1) {
      const target = map[at] as T;
      if (!eligible(target, avoid)) continue;
      this.#next = at + 1 === map.length ? 0 : at + 1;
      return target;
    }
    return null;
  }
}
