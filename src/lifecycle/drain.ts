/**
 * How Pillion goes: not ready ▶ clients are told ▶ grace, in which it still accepts ▶ listeners close ▶ empty, or the hard stop.
 *
 * Endpoints are withdrawn by the platform with a lag, so new connections keep coming after the decision to stop: they are served
 * until the grace is over, and told at once that they should not be kept.
 */
import { setTimeout as delay } from 'node:timers/promises';

export interface DrainSteps {
  /** Milliseconds during which listeners go on accepting. */
  readonly graceMs: number;
  /** Milliseconds after which what still runs is cut off; null: never. */
  readonly hardStopAfterMs: number | null;
  /** Tells every connection, and those to come, to open no more streams. */
  announce(): void;
  closeListeners(): void;
  /** Resolves when no connection is left. */
  empty(): Promise<void>;
}

/** Runs the drain; the answer says whether it was complete or cut short. */
export async function drain(steps: DrainSteps): Promise<'empty' | 'hard stop'> {
  const { graceMs, hardStopAfterMs } = steps;
  const timer = new AbortController();
  const orderly = async (): Promise<'empty'> => {
    steps.announce();
    if (graceMs > 0) await delay(graceMs, undefined, { signal: timer.signal });
    steps.closeListeners();
    await steps.empty();
    return 'empty';
  };
  const result = orderly();
  if (hardStopAfterMs === null) return await result;
  const deadline = delay(hardStopAfterMs, 'hard stop' as const, { signal: timer.signal });
  try {
    return await Promise.race([result, deadline]);
  } finally {
    timer.abort();
    result.catch(() => {});
    deadline.catch(() => {});
    steps.closeListeners();
  }
}
