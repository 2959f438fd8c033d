/**
 * How many streams may be sent again: a share of the streams of the last ten seconds, and a few a second in any case. A backend that
 * answers most calls with errors would otherwise get each call several times over, just when it can least bear it.
 */
import type { RetryBudgetSettings } from '../config/model.ts';

const WINDOW_S = 10;

export class RetryBudget {
  readonly #settings: RetryBudgetSettings;
  /** Streams, and retries, of each of the last seconds, by the second modulo the window. */
  readonly #streams = new Float64Array(WINDOW_S);
  readonly #retries = new Float64Array(WINDOW_S);
  #streamsInWindow = 0;
  #retriesInWindow = 0;
  #second = 0;

  constructor(settings: RetryBudgetSettings) {
    this.#settings = settings;
  }

  /** A stream began; `time` is monotonic, in milliseconds. */
  streamBegan(time: number): void {
    const slot = this.#advance(time);
    this.#streams[slot] = (this.#streams[slot] as number) + 1;
    this.#streamsInWindow++;
  }

  /** True, and it is counted, when one more retry may be made at `time`. */
  take(time: number): boolean {
    const slot = this.#advance(time);
    const { percent, minPerSecond } = this.#settings;
    const now = this.#retries[slot] as number;
    if (now >= minPerSecond && (this.#retriesInWindow + 1) * 100 > this.#streamsInWindow * percent) return false;
    this.#retries[slot] = now + 1;
    this.#retriesInWindow++;
    return true;
  }

  /** Forgets the seconds that have left the window; the answer is the slot of the present one. */
  #advance(time: number): number {
    const second = Math.floor(time / 1000);
    for (let gone = Math.max(this.#second, second - WINDOW_S) + 1; gone <= second; gone++) {
      const slot = gone % WINDOW_S;
      this.#streamsInWindow -= this.#streams[slot] as number;
      this.#retriesInWindow -= this.#retries[slot] as number;
      this.#streams[slot] = 0;
      this.#retries[slot] = 0;
    }
    this.#second = second;
    return second % WINDOW_S;
  }
}
