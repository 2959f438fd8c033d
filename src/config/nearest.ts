/** "Did you mean": the nearest known word by Damerau–Levenshtein distance (optimal string alignment). */

/** Words longer than this are not compared: nobody mistypes a keyword of that length, and the cost is quadratic. */
const MAX_WORD = 64;

/** As many candidates are compared: more are the names of a generated file, and the hint would take longer than the file. */
const MAX_CANDIDATES = 20_000;

/** How many inserted, deleted, replaced or swapped neighbouring characters turn `a` into `b`; gives up above `limit`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let twoAgo: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let smallest = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (twoAgo[column - 2] ?? 0) + 1);
      }
      current.push(best);
      smallest = Math.min(smallest, best);
    }
    if (smallest > limit) return limit + 1;
    twoAgo = previous;
    previous = current;
  }
  return previous[b.length] ?? limit + 1;
}

/** The known word that `word` was most likely meant to be; null when none is near enough to be worth a hint. */
export function nearest(word: string, known: Iterable<string>): string | null {
  if (word.length === 0 || word.length > MAX_WORD) return null;
  const lower = word.toLowerCase();
  // One slip in a short word, up to three in a long one: more, and the hint would be noise.
  let limit = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
  let best: string | null = null;
  let left = MAX_CANDIDATES;
  for (const candidate of known) {
    if (left-- === 0) break;
    const distance = editDistance(lower, candidate.toLowerCase(), limit);
    if (distance > limit) continue;
    if (distance === limit && best !== null) continue;
    best = candidate;
    limit = distance;
    if (distance === 0) break;
  }
  return best;
}
