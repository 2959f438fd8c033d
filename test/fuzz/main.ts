/** `npm run fuzz -- [--seconds 60] [--seed N] [--only TARGET]`: fuzzes until the time is up; a failure says by which seed to have it again. */
import { parseArgs } from 'node:util';
import { fuzz as fuzzConfiguration } from './configuration.ts';
import { fuzzHpack, fuzzHuffman } from './hpack.ts';
import { fuzzClient, fuzzCuts, fuzzServer } from './http2.ts';

const TARGETS: Readonly<Record<string, (seed: number) => void>> = {
  server: fuzzServer, client: fuzzClient, cuts: fuzzCuts, hpack: fuzzHpack, huffman: fuzzHuffman, configuration: fuzzConfiguration,
};
/** Cases between two looks at the clock and at the event loop, which has work of its own to do. */
const BATCH = 50;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, only: { type: 'string' } } });
const first = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const targets = Object.entries(TARGETS).filter(([name]) => values.only === undefined || values.only === name);
if (targets.length === 0) throw new Error(`--only is one of ${Object.keys(TARGETS).join(', ')}`);
const until = performance.now() + Number(values.seconds) * 1000;
const counts = new Map(targets.map(([name]) => [name, 0]));

console.log(`fuzzing for ${values.seconds} s from seed ${first}`);
for (let seed = first; performance.now() < until; seed += BATCH) {
  for (const [name, fuzz] of targets) {
    for (let index = 0; index < BATCH; index++) fuzz(seed + index);
    counts.set(name, (counts.get(name) ?? 0) + BATCH);
    await new Promise((resolve) => setImmediate(resolve));
    if (performance.now() >= until) break;
  }
}
console.log(`no failure: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')} cases`);
