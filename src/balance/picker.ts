/** The seam between the pool and the balancing algorithms. */

/** A server as a balancing algorithm sees it. */
export interface Target {
  /** Effective weight, an integer 0…256; 0 is never picked. Constant while the target is in a snapshot. */
  readonly weight: number;
  /** Streams running on the server plus streams queued for it. Live: it changes between picks. */
  readonly inflight: number;
  /** Streams at once; 0: no limit. */
  readonly maxconn: number;
}

/**
 * Picks among one immutable snapshot of usable servers, in the order of the configuration. When the set or a weight changes,
 * a new picker is made (create-picker.ts) that takes the rotation over from the old one.
 */
export interface Picker<T extends Target> {
  /** A target with a free slot that is not in `avoid`, or null when there is none. Does not allocate. */
  pick(avoid: readonly T[] | null): T | null;
}

/** Whether the target may take one more stream. */
export function eligible<T extends Target>(target: T, avoid: readonly T[] | null): boolean {
  return target.weight > 0 && (target.maxconn === 0 || target.inflight < target.maxconn) && (avoid === null || !avoid.includes(target));
}
