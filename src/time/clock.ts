/**
 * The coarse monotonic clock of the data path.
 *
 * A stream takes four or more timestamps; reading the system clock for each would show up in the cost per call. The clock is
 * read once per turn of the event loop and forgotten when the turn ends (see turn.ts), whether or not the turn has other work to do:
 * a reading that outlives its turn would make what an idle process accepts next seem old.
 */

let cached = 0;
/** Sees to it that {@link expireClock} is called when the turn ends. */
let armExpiry = (): void => void setImmediate(expireClock);

/** Milliseconds (fractional) on the process's monotonic clock, the same value throughout one turn of the event loop. */
export function now(): number {
  if (cached === 0) {
    cached = performance.now();
    armExpiry();
  }
  return cached;
}

/** Readings are forgotten by what `arm` arranges: turn.ts has an end of the turn already, and two cost an event loop's round. */
export function expireBy(arm: () => void): void {
  armExpiry = arm;
}

/** Milliseconds since the Unix epoch that correspond to a {@link now} value. */
export function toEpochMs(monotonicMs: number): number {
  return performance.timeOrigin + monotonicMs;
}

/** Forgets the cached reading. Called at the end of a turn, and by whatever wakes up on a timer. */
export function expireClock(): void {
  cached = 0;
}
