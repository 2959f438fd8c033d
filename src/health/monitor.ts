import type { Check, CheckResult, CheckSink } from './check.ts';
import { judge, statusOf, unproven } from './verdict.ts';
import type { Health, HealthStatus, Thresholds } from './verdict.ts';

/** The first checks of all servers are spread over this time (or `inter`, if that is shorter). */
const FIRST_CHECK_SPREAD_MS = 500;
/** Hints bring checks forward no closer than this to the last one. */
const HINT_GAP_MS = 100;

export interface MonitorOptions extends Thresholds {
  /** `inter`: milliseconds from the end of one check to the begin of the next. */
  readonly interMs: number;
  /** Numbers in [0, 1). */
  readonly random?: () => number;
  /** Called for every failed check. */
  readonly onFailure?: (reason: string) => void;
}

/** Checks one server again and again, and tells when its status changes. The status is UP until the first check says otherwise. */
export class HealthMonitor implements CheckSink {
  readonly #options: MonitorOptions;
  readonly #check: Check;
  readonly #onChange: (status: HealthStatus, reason: string) => void;
  #health: Health;
  #state: 'stopped' | 'waiting' | 'probing' = 'stopped';
  #timer: NodeJS.Timeout | null = null;
  /** When the timer fires and when the last probe ended; performance.now(). */
  #dueAt = 0;
  #endedAt = -Infinity;

  constructor(options: MonitorOptions, check: Check, onChange: (status: HealthStatus, reason: string) => void) {
    this.#options = options;
    this.#check = check;
    this.#onChange = onChange;
    this.#health = unproven(options);
  }

  get status(): HealthStatus {
    return statusOf(this.#health);
  }

  start(): void {
    if (this.#state !== 'stopped') return;
    const { interMs, random = Math.random } = this.#options;
    this.#wait(random() * Math.min(interMs, FIRST_CHECK_SPREAD_MS));
  }

  /** Ends the checks. The status stays; nothing is reported any more. */
  stop(): void {
    this.#state = 'stopped';
    this.#clearTimer();
    this.#check.close();
  }

  /** A hint that something is wrong (a connection failed, say): the next check comes at once, 100 ms after the last at the earliest. */
  checkNow(): void {
    if (this.#state !== 'waiting') return;
    const now = performance.now();
    const at = Math.max(this.#endedAt + HINT_GAP_MS, now);
    if (at < this.#dueAt) this.#wait(at - now);
  }

  onResult(result: CheckResult): void {
    if (this.#state !== 'probing') return;
    this.#probeEnded();
    this.#take(result);
  }

  onPush(result: CheckResult): void {
    if (this.#state === 'stopped') return;
    // A loss that was noticed between probes is a failed check: the next one comes an interval later.
    if (this.#state === 'waiting' && result.word === 'fail') this.#probeEnded();
    this.#take(result);
  }

  onProbeWanted(): void {
    this.checkNow();
  }

  #probeEnded(): void {
    this.#endedAt = performance.now();
    this.#wait(this.#options.interMs);
  }

  #take({ word, reason }: CheckResult): void {
    const before = this.status;
    this.#health = judge(this.#health, word, this.#options);
    if (word === 'fail') this.#options.onFailure?.(reason);
    if (this.status !== before) this.#onChange(this.status, reason);
  }

  #wait(ms: number): void {
    this.#clearTimer();
    this.#state = 'waiting';
    this.#dueAt = performance.now() + ms;
    this.#timer = setTimeout(() => {
      this.#state = 'probing';
      this.#check.probe(this);
    }, ms);
    this.#timer.unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
