import type { Picker } from '../../../src/balance/picker.ts';

/** A target whose load the tests set. */
export interface Server {
  readonly id: number;
  readonly name: string;
  weight: number;
  inflight: number;
  maxconn: number;
}

export function server(name: string, weight = 1, inflight = 0, maxconn = 0): Server {
  // 'a' is 1, as if it was the first of its backend.
  return { id: (name.codePointAt(0) ?? 0) - 96, name, weight, inflight, maxconn };
}

/** `names` as letters, all of weight 1 and idle. */
export function servers(names: string): Server[] {
  return Array.from(names, (name) => server(name));
}

/** The names picked in `count` picks, `-` for none. `hold`: each pick stays on its server. */
export function sequence(picker: Picker<Server>, count: number, hold = false, avoid: readonly Server[] | null = null): string {
  let names = '';
  for (let i = 0; i < count; i++) {
    const picked = picker.pick(avoid);
    if (picked !== null && hold) picked.inflight++;
    names += picked?.name ?? '-';
  }
  return names;
}

/** How often each name occurs in `names`. */
export function tally(names: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
