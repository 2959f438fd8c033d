/** Chance that a seed decides, and what is done to octets by it. */
import { seeded } from '../unit/h2/hpack/random-lists.ts';

export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seeded(seed);
  }

  /** From 0 (inclusive) to 1. */
  readonly float = (): number => this.#next();

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  octets(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/** `octets` with a few of them changed, doubled, left out or made up. */
export function mutate(octets: Buffer, random: Random): Buffer {
  let result = Buffer.from(octets);
  for (let changes = random.below(4); changes > 0; changes--) {
    const at = random.below(result.length + 1);
    const size = random.once(4) ? random.below(200) : random.below(4);
    switch (random.below(6)) {
      case 0:
      case 1:
        if (at < result.length) result[at] = (result[at] as number) ^ (1 << random.below(8));
        break;
      case 2:
        if (at < result.length) result[at] = random.pick([0, 1, 0x7f, 0x80, 0xff]);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + size)]);
        break;
      case 4:
        result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, at - size))]);
        break;
      default:
        result = Buffer.concat([result.subarray(0, at), random.octets(size), result.subarray(at)]);
    }
  }
  return result;
}

/** `octets` in pieces, wherever a network may cut them. */
export function cut(octets: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  const most = random.pick([1, 10, 100, 1000, 100_000]);
  for (let at = 0; at < octets.length;) {
    const size = 1 + random.below(most);
    pieces.push(octets.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
