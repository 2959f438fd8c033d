import { eligible } from './picker.ts';
import type { Picker, Target } from './picker.ts';

/**
 * `balance roundrobin` (HAProxy manual 4.2 "balance"): smooth weighted round robin, nginx's algorithm. At every pick each
 * eligible target earns its weight, the richest is picked and pays what all of them earned; so weights 5:1:1 give
 * a a b a c a a rather than a a a a a b c.
 */
export class RoundrobinPicker<T extends Target> implements Picker<T> {
  readonly #targets: readonly T[];
  /** What each target has earned and not paid; the sum stays what it was. */
  readonly #credits: Float64Array;

  constructor(targets: readonly T[], previous: RoundrobinPicker<T> | null) {
    this.#targets = targets;
    this.#credits = new Float64Array(targets.length);
    if (previous !== null) this.#resume(previous);
  }

  /**
   * Takes the credits over. Whoever left took its own along, so the rest are shifted to sum to zero again; otherwise a long
   * series of departures would leave newcomers, which begin at zero, far behind or ahead of all others.
   */
  #resume(previous: RoundrobinPicker<T>): void {
    const before = new Map<T, number>();
    for (let i = 0; i < previous.#targets.length; i++) before.set(previous.#targets[i] as T, previous.#credits[i] as number);
    const kept: number[] = [];
    let sum = 0;
    for (let i = 0; i < this.#targets.length; i++) {
      const credit = before.get(this.#targets[i] as T);
      if (credit === undefined) continue;
      kept.push(i);
      this.#credits[i] = credit;
      sum += credit;
    }
    const shift = kept.length === 0 ? 0 : Math.trunc(sum / kept.length);
    for (const i of kept) this.#credits[i] = (this.#credits[i] as number) - shift;
  }

  pick(avoid: readonly T[] | null): T | null {
    const targets = this.#targets;
    const credits = this.#credits;
    let best: T | null = null;
    let bestAt = 0;
    let bestCredit = 0;
    let earned = 0;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as T;
      if (!eligible(target, avoid)) continue;
      const credit = (credits[i] as number) + target.weight;
      credits[i] = credit;
      earned += target.weight;
      if (best === null || credit > bestCredit) {
        best = target;
        bestAt = i;
        bestCredit = credit;
      }
    }
    if (best !== null) credits[bestAt] = bestCredit - earned;
    return best;
  }
}
