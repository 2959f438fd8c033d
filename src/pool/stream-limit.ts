/** How many streams a server takes at once (HAProxy manual 5.2 "maxconn", "minconn"; 4.2 "fullconn"). Pure. */

/**
 * The limit in force: between `minconn` and `maxconn`, in proportion to how full the backend is.
 *
 * @param minconn 0: the limit is fixed
 * @param maxconn 0: no limit
 * @param load streams of the backend, those that wait included
 * @param fullconn the load at which the limit reaches `maxconn`, 1 or more
 */
export function streamLimit(minconn: number, maxconn: number, load: number, fullconn: number): number {
  if (minconn === 0 || minconn >= maxconn || load >= fullconn) return maxconn;
  return Math.max(minconn, Math.floor((load * maxconn) / fullconn));
}

/** `fullconn` where it is not set: a tenth of what the frontends that lead to the backend take together. */
export function defaultFullconn(frontendLimits: readonly number[]): number {
  const sum = frontendLimits.reduce((total, limit) => total + limit, 0);
  return Math.max(1, Math.ceil(sum / 10));
}

/**
 * How many may wait: what the servers allow together, unless one of them sets no limit of its own.
 *
 * @param maxqueues of the usable servers; 0: not set
 * @param most never more than these
 */
export function queueLimit(maxqueues: readonly number[], most: number): number {
  if (maxqueues.length === 0 || maxqueues.includes(0)) return most;
  return Math.min(most, maxqueues.reduce((total, limit) => total + limit, 0));
}
