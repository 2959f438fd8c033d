/**
 * Where a rotation stands in a new snapshot: the index of the first target, from position `next` of the old snapshot on, that
 * is still there; 0 when none is.
 */
export function resumeRotation<T>(before: readonly T[], next: number, after: readonly T[]): number {
  const positions = new Map<T, number>();
  for (let i = 0; i < after.length; i++) positions.set(after[i] as T, i);
  for (let i = 0; i < before.length; i++) {
    const position = positions.get(before[(next + i) % before.length] as T);
    if (position !== undefined) return position;
  }
  return 0;
}
