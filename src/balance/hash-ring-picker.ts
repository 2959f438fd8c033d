import { avalanche } from './hash.ts';
import { NO_KEY } from './key.ts';
import type { Picker, Target } from './picker.ts';
import { RoundrobinPicker } from './roundrobin.ts';

/** Points of a server on the ring per unit of weight, and how far apart servers' numbers lie (HAProxy, BE_WEIGHT_SCALE, SRV_EWGHT_RANGE). */
const POINTS_PER_WEIGHT = 16;
const NUMBERS_PER_SERVER = 4096;

/**
 * `hash-type consistent` (HAProxy manual 4.2; src/lb_chash.c): servers have points on a ring of 2³², a key goes to the nearest. When a
 * server comes or goes, only its share of the keys moves. With a balance factor, a server that has more than that much of its share
 * of the load is passed over for the next on the ring.
 */
export class HashRingPicker<T extends Target> implements Picker<T> {
  readonly #targets: readonly T[];
  /** Where points are, ascending, and whose they are, as indexes of #targets. */
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #factor: number;
  readonly #rest: RoundrobinPicker<T>;

  /** @param factor percent of the fair share, 0: any load */
  constructor(targets: readonly T[], previous: HashRingPicker<T> | null, factor: number) {
    this.#targets = targets;
    this.#factor = factor;
    this.#rest = new RoundrobinPicker(targets, previous === null ? null : previous.#rest);
    const points: { at: number; owner: number }[] = [];
    for (const [owner, { id, weight }] of targets.entries()) {
      for (let n = 0; n < weight * POINTS_PER_WEIGHT; n++) points.push({ at: avalanche(id * NUMBERS_PER_SERVER + n), owner });
    }
    points.sort((a, b) => a.at - b.at);
    this.#points = Uint32Array.from(points, ({ at }) => at);
    this.#owners = Uint32Array.from(points, ({ owner }) => owner);
  }

  pick(avoid: readonly T[] | null, key: number = NO_KEY): T | null {
    if (key === NO_KEY) return this.#rest.pick(avoid);
    const count = this.#points.length;
    let at = count === 0 ? 0 : this.#nearest(key);
    for (let i = 0; i < count; i++, at = at + 1 === count ? 0 : at + 1) {
      const owner = this.#owners[at] as number;
      const target = this.#targets[owner] as T;
      if ((avoid === null || !avoid.includes(target)) && (this.#factor === 0 || this.#hasShare(owner))) return target;
    }
    return null;
  }

  /** The point before or behind `key`, whichever is closer. */
  #nearest(key: number): number {
    const points = this.#points;
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    const next = low === points.length ? 0 : low;
    const previous = next === 0 ? points.length - 1 : next - 1;
    const before = (key - (points[previous] as number)) >>> 0;
    const behind = ((points[next] as number) - key) >>> 0;
    return before <= behind ? previous : next;
  }

  /** Whether the target has less than its share of all streams times the factor, the one that is placed now among them. */
  #hasShare(owner: number): boolean {
    const targets = this.#targets;
    let streams = 1;
    let total = 0;
    let before = 0;
    for (let i = 0; i < targets.length; i++) {
      const { inflight, weight } = targets[i] as T;
      streams += inflight;
      total += weight;
      if (i < owner) before += weight;
    }
    const { inflight, weight } = targets[owner] as T;
    const slots = Math.ceil((streams * this.#factor) / 100);
    const rest = slots % total;
    // Whole slots by weight, then the rest spread so that it adds up.
    const own = weight * Math.floor(slots / total) + Math.floor(((before + weight) * rest) / total) - Math.floor((before * rest) / total);
    return inflight < Math.max(1, own);
  }
}
