import type { Target } from './picker.ts';

/**
 * Servers laid out by weight, each as often as its weight says, and interleaved as HAProxy does it (src/lb_map.c): `balance static-rr`
 * goes through it, `hash-type map-based` looks up hash modulo length.
 */
export function serverMap<T extends Target>(targets: readonly T[]): readonly T[] {
  const usable = targets.filter(({ weight }) => weight > 0);
  const divisor = usable.reduce((common, { weight }) => gcd(common, weight), 0);
  const weights = usable.map(({ weight }) => weight / divisor);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scores = weights.map(() => 0);
  const map: T[] = [];
  while (map.length < total) {
    let best = 0;
    let most = -1;
    for (let i = 0; i < weights.length; i++) {
      scores[i] = (scores[i] as number) + (weights[i] as number);
      // Whole turns only: with equal claims the first server declared goes first.
      const claim = Math.trunc(((scores[i] as number) + total) / total);
      if (claim > most) {
        best = i;
        most = claim;
      }
    }
    scores[best] = (scores[best] as number) - total;
    map.push(usable[best] as T);
  }
  return map;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
