/** Warnings that come now and then however often their cause does. */
import type { Observer } from '../model/observer.ts';

/** Where a part of the observers reports its own trouble. */
export type Report = Observer['event'];

/** Milliseconds between two warnings about the same thing. */
const INTERVAL_MS = 60_000;

/**
 * A function that reports its first call at once and later ones at most once a minute, then with `count`: how many there were
 * since the last report. Nothing waits: what is never followed by another call is not reported late.
 */
export function rareWarning(report: Report, intervalMs: number = INTERVAL_MS): (message: string, details: Readonly<Record<string, string | number>>) => void {
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (message, details) => {
    count++;
    const time = performance.now();
    if (time - last < intervalMs) return;
    last = time;
    report('warn', message, { ...details, count });
    count = 0;
  };
}
