/** One case of a fuzzer: what fails says by which seed, and with which octets. */

/** Longer than any case may take, milliseconds: a hang. */
const HANG_MS = 2000;

export interface Case {
  readonly octets: Buffer;
  /** @throws Error when something does not hold */
  readonly run: () => void;
}

/** Runs the case of `seed`. @throws Error with the target, the seed and the octets in hexadecimal */
export function runCase(target: string, seed: number, make: (seed: number) => Case): void {
  const { octets, run } = make(seed);
  const started = performance.now();
  try {
    run();
    const took = performance.now() - started;
    if (took > HANG_MS) throw new Error(`took ${Math.round(took)} ms`);
  } catch (error) {
    throw new Error(`fuzz ${target}, seed ${seed}: ${error instanceof Error ? error.message : String(error)}\noctets: ${octets.toString('hex')}`, { cause: error });
  }
}
