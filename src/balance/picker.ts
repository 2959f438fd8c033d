/** The seam between the pool and the balancing algorithms. */

/** A server as a balancing algorithm sees it. */
export interface Target {
  /** Its number in the backend, counted from 1: where its keys are on the ring of consistent hashing. */
  readonly id: number;
  /** Effective weight, 0…256 in sixteenths; 0 is never picked. Constant while the target is in a snapshot. */
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
  /**
   * A target with a free slot that is not in `avoid`, or null when there is none. Does not allocate.
   * @param key a stream's hash (key.ts), of which pickers that do not hash take no notice. The target that a hash leads to may be
   * full: the stream waits for that one.
   */
  pick(avoid: readonly T[] | null, key?: number): T | null;
}

/** Whether the target may take one more stream. */
export function eligible<T extends Target>(target: T, avoid: readonly T[] | null): boolean {
  return target.weight > 0 && (target.maxconn === 0 || target.inflight < target.maxconn) && (avoid === null || !avoid.includes(target));
}
