/** The figures of a run, added up from the client's reports. */
import { addTo, emptyHistogram } from './histogram.ts';
import type { Histogram } from './histogram.ts';
import type { LoadReport } from './messages.ts';

const MOST_FAILURES = 5;
/** Reports in the window of the current rate and percentiles: two seconds. */
const WINDOW = 8;

export class Tally {
  calls = 0;
  failed = 0;
  readonly latencies: Histogram = emptyHistogram();
  /** Answered calls by replica name. */
  readonly answered: Map<string, number> = new Map();
  /** The first few failures. */
  readonly failures: string[] = [];
  readonly #window: { readonly at: number; readonly report: LoadReport }[] = [];
  readonly #waiting = new Map<string, () => void>();

  add(report: LoadReport): void {
    this.calls += report.calls;
    this.failed += report.failed;
    addTo(this.latencies, report.latencies);
    for (const [replica, count] of Object.entries(report.byReplica)) {
      const name = nameOf(replica);
      this.answered.set(name, (this.answered.get(name) ?? 0) + count);
      this.#waiting.get(replica)?.();
      this.#waiting.delete(replica);
    }
    this.failures.push(...report.failures.slice(0, MOST_FAILURES - this.failures.length));
    this.#window.push({ at: performance.now(), report });
    if (this.#window.length > WINDOW) this.#window.shift();
  }

  /** Resolves when `replica` (name#start) has answered a call. */
  answeredBy(replica: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(replica, resolve);
    return promise;
  }

  /** Over the last two seconds. Shares are 0–1. */
  recent(): { readonly callsPerSecond: number; readonly latencies: Histogram; readonly shares: ReadonlyMap<string, number> } {
    const latencies = emptyHistogram();
    const counts = new Map<string, number>();
    let calls = 0;
    let answered = 0;
    for (const [index, { report }] of this.#window.entries()) {
      // The first report opens the span of time that the others fill.
      if (index > 0) calls += report.calls;
      addTo(latencies, report.latencies);
      for (const [replica, count] of Object.entries(report.byReplica)) {
        counts.set(nameOf(replica), (counts.get(nameOf(replica)) ?? 0) + count);
        answered += count;
      }
    }
    const spanMs = (this.#window.at(-1)?.at ?? 0) - (this.#window[0]?.at ?? 0);
    const shares = new Map([...counts].map(([name, count]) => [name, count / answered]));
    return { callsPerSecond: spanMs > 0 ? (calls * 1000) / spanMs : 0, latencies, shares };
  }
}

function nameOf(replica: string): string {
  return replica.slice(0, replica.indexOf('#'));
}
