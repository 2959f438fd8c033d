import type { Check, CheckResult, CheckSink } from './check.ts';
import { healthPoints, judge, statusOf, unproven } from './verdict.ts';
import type { Health, HealthStatus, Thresholds } from './verdict.ts';

/** The first checks of all servers are spread over this time (or `inter`, if that is shorter). */
const FIRST_CHECK_SPREAD_MS = 500;
/** Hints bring checks forward no closer than this to the last one. */
const HINT_GAP_MS = 100;

export interface MonitorOptions extends Thresholds {
  /** `inter`: milliseconds from the end of one check to the begin of the next. */
  readonly interMs: number;
  /** `fastinter`, `downinter`: in place of it while a change is being confirmed, and while the server is down; null: not set. */
  readonly fastInterMs?: number | null;
  readonly downInterMs?: number | null;
  /** `spread-checks`, in percent; default 0. */
  readonly spreadPercent?: number;
  /** `max-spread-checks`: the first check comes within this time, or `inter`; null, and the default: 500. */
  readonly firstWithinMs?: number | null;
  /** Numbers in [0, 1). */
  readonly random?: () => number;
  /** Called for every failed check. */
  readonly onFailure?: (reason: string) => void;
  /** Called for every result: how long it took (0 for what a server said of its own accord), and how far the next change is. */
  readonly onResult?: (result: CheckResult, durationMs: number, points: number) => void;
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
  #begunAt = 0;
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
    const { interMs, firstWithinMs, random = Math.random } = this.#options;
    this.#wait(random() * Math.min(interMs, firstWithinMs ?? FIRST_CHECK_SPREAD_MS));
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
    this.#endedAt = performance.now();
    this.#state = 'waiting';
    this.#take(result, this.#endedAt - this.#begunAt);
    this.#rest();
  }

  onPush(result: CheckResult): void {
    if (this.#state === 'stopped') return;
    // A loss that was noticed between probes is a failed check: the next one comes an interval later.
    const failed = this.#state === 'waiting' && result.word === 'fail';
    if (failed) this.#endedAt = performance.now();
    this.#take(result, 0);
    if (failed) this.#rest();
  }

  onProbeWanted(): void {
    this.checkNow();
  }

  /** Waits for the next check, unless the last one put an end to them. */
  #rest(): void {
    if (this.#state !== 'waiting') return;
    const { spreadPercent = 0, random = Math.random } = this.#options;
    this.#wait(spread(this.#interval(), spreadPercent, random));
  }

  /** HAProxy manual 5.2, "inter": by how sure the present state is. */
  #interval(): number {
    const { interMs, fastInterMs, downInterMs } = this.#options;
    const health = this.#health;
    if (health.kind === 'down') return downInterMs ?? interMs;
    const sure = health.kind === 'up' || (health.kind === 'nolb' && health.failed === 0);
    return sure ? interMs : (fastInterMs ?? interMs);
  }

  /** Overrules what the checks said; the next ones may say otherwise. */
  force(status: HealthStatus, reason: string): void {
    this.#health = status === 'UP' ? { kind: 'up' } : status === 'DOWN' ? { kind: 'down' } : { kind: 'nolb', failed: 0 };
    this.#onChange(status, reason);
  }

  #take(result: CheckResult, durationMs: number): void {
    const { word, reason } = result;
    const before = this.status;
    this.#health = judge(this.#health, word, this.#options);
    this.#options.onResult?.(result, durationMs, healthPoints(this.#health, this.#options));
    if (word === 'fail') this.#options.onFailure?.(reason);
    if (this.status !== before) this.#onChange(this.status, reason);
  }

  #wait(ms: number): void {
    this.#clearTimer();
    this.#state = 'waiting';
    this.#dueAt = performance.now() + ms;
    this.#timer = setTimeout(() => {
      this.#state = 'probing';
      this.#begunAt = performance.now();
      this.#check.probe(this);
    }, ms);
    this.#timer.unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** `ms`, up to so much longer or shorter (HAProxy manual 3.2, "spread-checks"). */
export function spread(ms: number, percent: number, random: () => number): number {
  return ms * (1 + (percent / 100) * (2 * random() - 1));
}
