/** Rates, measured by looking at counters once a second: the data path has nothing to do with it. */

const INTERVAL_MS = 1000;

/** Events per second of a counter that only grows. */
export class Meter {
  max = 0;
  /** Monotonic milliseconds at which the counter was last seen to grow, -1: never. */
  lastAt = -1;
  #total: number;
  /** Of the second before. */
  #previous = 0;
  #since: number;

  constructor(total: number, at: number) {
    this.#total = total;
    this.#since = at;
  }

  /** A second is over. */
  tick(total: number, at: number): void {
    const events = total - this.#total;
    const rate = Math.round((events * INTERVAL_MS) / Math.max(INTERVAL_MS, at - this.#since));
    if (events > 0) this.lastAt = at;
    if (rate > this.max) this.max = rate;
    this.#previous = rate;
    this.#total = total;
    this.#since = at;
  }

  /** Events of this second so far, and of the one before in proportion to what is left of it. */
  rate(total: number, at: number): number {
    const passed = Math.min(1, (at - this.#since) / INTERVAL_MS);
    const rate = Math.round(total - this.#total + this.#previous * (1 - passed));
    if (rate > this.max) this.max = rate;
    return rate;
  }
}

/** What is metered: `of` is who has the counter, `name` which one. */
export interface Metered {
  readonly of: object;
  readonly name: string;
  readonly total: number;
}

export class Meters {
  readonly #now: () => number;
  readonly #list: () => readonly Metered[];
  readonly #meters = new WeakMap<object, Map<string, Meter>>();
  readonly #timer: NodeJS.Timeout;

  /** @param list all counters that there are at the moment */
  constructor(now: () => number, list: () => readonly Metered[]) {
    this.#now = now;
    this.#list = list;
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  meter(of: object, name: string): Meter {
    let meters = this.#meters.get(of);
    if (meters === undefined) {
      meters = new Map();
      this.#meters.set(of, meters);
    }
    let meter = meters.get(name);
    if (meter === undefined) {
      // Who was not known a second ago began at nothing.
      meter = new Meter(0, this.#now());
      meters.set(name, meter);
    }
    return meter;
  }

  #tick(): void {
    const at = this.#now();
    for (const { of, name, total } of this.#list()) this.meter(of, name).tick(total, at);
  }
}
