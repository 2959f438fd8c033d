/**
 * `slowstart` (HAProxy manual 5.2): a server that comes back gets its share of the load by and by, so that a crowd of streams does not
 * meet it cold. Its weight grows in sixteenths, which is how finely HAProxy counts weights, and its limit of streams with it.
 */
const STEPS = 16;

export class SlowStart {
  readonly #ms: number;
  readonly #onStep: () => void;
  #step = STEPS;
  #timer: NodeJS.Timeout | null = null;

  /** @param ms how long it takes; 0: no time. @param onStep called when {@link share} has grown */
  constructor(ms: number, onStep: () => void) {
    this.#ms = ms;
    this.#onStep = onStep;
  }

  /** What part of its weight the server has now: a sixteenth to 1. */
  get share(): number {
    return this.#step / STEPS;
  }

  begin(): void {
    if (this.#ms === 0) return;
    this.stop();
    this.#step = 1;
    const begun = performance.now();
    const timer = setInterval(() => {
      const step = Math.min(STEPS, 1 + Math.floor(((performance.now() - begun) * STEPS) / this.#ms));
      if (step === this.#step) return;
      this.#step = step;
      if (step === STEPS) this.stop();
      this.#onStep();
    }, this.#ms / STEPS);
    timer.unref();
    this.#timer = timer;
  }

  /** The server has its full weight, or has left. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#step = STEPS;
  }
}
