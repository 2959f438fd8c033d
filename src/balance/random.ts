import { eligible } from './picker.ts';
import type { Picker, Target } from './picker.ts';

/**
 * `balance random` (HAProxy manual 4.2 "balance"): some weighted draws, of which the least loaded per weight is picked.
 * `draws` is at least 1; `random` gives numbers in [0, 1).
 */
export class RandomPicker<T extends Target> implements Picker<T> {
  readonly #targets: readonly T[];
  readonly #draws: number;
  readonly #random: () => number;
  /** Sums of the weights of targets 0…i, so that a draw is a binary search. */
  readonly #sums: Float64Array;
  readonly #total: number;

  constructor(targets: readonly T[], draws: number, random: () => number) {
    this.#targets = targets;
    this.#draws = draws;
    this.#random = random;
    this.#sums = new Float64Array(targets.length);
    let total = 0;
    for (let i = 0; i < targets.length; i++) {
      total += (targets[i] as T).weight;
      this.#sums[i] = total;
    }
    this.#total = total;
  }

  pick(avoid: readonly T[] | null): T | null {
    if (this.#total === 0) return null;
    let best: T | null = null;
    for (let n = 0; n < this.#draws; n++) {
      const target = this.#draw(avoid);
      if (target === null) return null;
      if (best === null || target.inflight * best.weight < best.inflight * target.weight) best = target;
    }
    return best;
  }

  /**
   * Draws among all targets first; only when the one drawn cannot take the stream, a second draw is made among those that can.
   * Together this draws each eligible target in proportion to its weight.
   */
  #draw(avoid: readonly T[] | null): T | null {
    const sums = this.#sums;
    const point = this.#random() * this.#total;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) > point) high = middle;
      else low = middle + 1;
    }
    const target = this.#targets[low] as T;
    return eligible(target, avoid) ? target : this.#drawEligible(avoid);
  }

  #drawEligible(avoid: readonly T[] | null): T | null {
    const targets = this.#targets;
    let total = 0;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as T;
      if (eligible(target, avoid)) total += target.weight;
    }
    let point = this.#random() * total;
    let drawn: T | null = null;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as T;
      if (!eligible(target, avoid)) continue;
      drawn = target;
      point -= target.weight;
      if (point < 0) break;
    }
    return drawn;
  }
}
