/** `npm run fuzz -- [--seconds 60] [--seed N] [--only TARGET]`: fuzzes until the time is up; a failure says by which seed to have it again. */
import { parseArgs } from 'node:util';
import { fuzz as fuzzConfiguration } from './configuration.ts';
import { fuzzHpack, fuzzHuffman } from './hpack.ts';
import { fuzzClient, fuzzCuts, fuzzServer } from './http2.ts';

const TARGETS: Readonly<Record<string, (seed: number) => void>> = {
  server: fuzzServer, client: fuzzClient, cuts: fuzzCuts, hpack: fuzzHpack, huffman: fuzzHuffman, configuration: fuzzConfiguration,
};
/** How long each is fuzzed in turn, milliseconds; in between the event loop does its own work. */
const TURN_MS = 100;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, only: { type: 'string' } } });
const first = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const targets = Object.entries(TARGETS).filter(([name]) => values.only === undefined || values.only === name);
if (targets.length === 0) throw new Error(`--only is one of ${Object.keys(TARGETS).join(', ')}`);
const until = performance.now() + Number(values.seconds) * 1000;
const counts = new Map(targets.map(([name]) => [name, 0]));

console.log(`fuzzing for ${values.seconds} s from seed ${first}`);
while (performance.now() < until) {
  for (const [name, fuzz] of targets) {
    let count = counts.get(name) ?? 0;
    for (const end = performance.now() + TURN_MS; performance.now() < end; count++) fuzz(first + count);
    counts.set(name, count);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
console.log(`no failure: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')} cases`);
