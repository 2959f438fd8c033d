/**
 * The coarse monotonic clock of the data path.
 *
 * A stream takes four or more timestamps; reading the system clock for each would show up in the cost per call. The clock is
 * read once per turn of the event loop and forgotten when the turn ends (see turn.ts), whether or not the turn has other work to do:
 * a reading that outlives its turn would make what an idle process accepts next seem old.
 */

let cached = 0;
let expiring = false;

/** Milliseconds (fractional) on the process's monotonic clock, the same value throughout one turn of the event loop. */
export function now(): number {
  if (cached === 0) read();
  return cached;
}

function read(): void {
  cached = performance.now();
  if (expiring) return;
  expiring = true;
  setImmediate(endReading);
}

function endReading(): void {
  expiring = false;
  cached = 0;
}

/** Milliseconds since the Unix epoch that correspond to a {@link now} value. */
export function toEpochMs(monotonicMs: number): number {
  return performance.timeOrigin + monotonicMs;
}

/** Forgets the cached reading. Called at the end of a turn, and by whatever wakes up on a timer. */
export function expireClock(): void {
  cached = 0;
}
