/**
 * `npm run soak [-- --seconds 600]`: the proxy in this process amid the churn of soak-load.ts, its memory sampled behind a full
 * collection. Fails when what is kept grows, or when something is left after the end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadConfiguration } from '../src/config/load.ts';
import { startProxy } from '../src/proxy.ts';
import { freePort } from './children.ts';

interface Sample {
  readonly seconds: number;
  /** MiB. */
  readonly heap: number;
  readonly external: number;
  readonly resident: number;
}

const MIB = 2 ** 20;
/** The part of the time in which caches, pools and compiled code may still grow. */
const WARM_UP = 0.25;
/**
 * MiB by which each may grow over the rest of the time, by the line through the samples: less is noise of what is under way. Resident
 * memory goes up in steps, with the peaks of what is under way at once, and stays there.
 */
const BOUNDS = { heap: 1.5, external: 2, resident: 64 } as const;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } });
const seconds = Number(values.seconds);
if (!(seconds >= 20)) throw new Error('--seconds takes a number from 20 up');
const collect = globalThis.gc;
if (collect === undefined) throw new Error('run it by npm run soak: node --expose-gc is needed');

const [a, b, raw, port, rawPort] = await Promise.all([freePort(), freePort(), freePort(), freePort(), freePort()]);
const text = `
defaults
  timeout connect 2s
  timeout client 10s
  timeout server 10s
  timeout queue 2s
frontend streams
  bind 127.0.0.1:${port}
  mode auto
  default_backend replicas
backend replicas
  mode auto
  balance leastconn
  server a 127.0.0.1:${a} check inter 500ms
  server b 127.0.0.1:${b}
frontend octets
  bind 127.0.0.1:${rawPort}
  mode tcp
  default_backend echo
backend echo
  mode tcp
  server a 127.0.0.1:${raw}
`;
const { configuration, errors } = loadConfiguration([{ path: 'soak.cfg', text }], {});
if (configuration === null || errors.length > 0) throw new Error(JSON.stringify(errors));
const proxy = await startProxy(configuration, { pid: process.pid, version: 'soak', env: {}, maxFiles: 16_384 });

const load = spawn(process.execPath, [join(import.meta.dirname, 'soak-load.ts'), ...[a, b, raw, port, rawPort].map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface(load.stdout)[Symbol.asyncIterator]();
await lines.next();
const startedAt = performance.now();
const samples: Sample[] = [];
const every = Math.max(1, seconds / 60) * 1000;
console.log('     s  heap MiB  external MiB  resident MiB');
while (performance.now() - startedAt < seconds * 1000 && load.exitCode === null) {
  await sleep(every);
  const sample = await measure();
  samples.push(sample);
  console.log([sample.seconds, sample.heap, sample.external, sample.resident].map((value, at) => value.toFixed(at === 0 ? 0 : 2).padStart([6, 10, 14, 14][at] ?? 0)).join(''));
}
load.stdin.end();
console.log((await lines.next()).value);
if (load.exitCode === null) await once(load, 'exit');

const problems: string[] = [];
if (load.exitCode !== 0) problems.push(`the load ended with ${load.exitCode}`);
const counted = samples.slice(Math.floor(samples.length * WARM_UP));
for (const kind of ['heap', 'external', 'resident'] as const) {
  const grown = growth(counted, kind);
  console.log(`${kind}: grows by ${grown.toFixed(2)} MiB in ${(seconds * (1 - WARM_UP)).toFixed(0)} s, at most ${BOUNDS[kind]} is noise`);
  if (grown > BOUNDS[kind]) problems.push(`${kind} memory grows`);
}
const left = (): string[] =>
  proxy.counted.frontends.flatMap(({ name, counters }) => {
    const { connectionsCurrent, streamsCurrent } = counters;
    return connectionsCurrent + streamsCurrent === 0 ? [] : [`${name}: ${connectionsCurrent} connections and ${streamsCurrent} streams are left`];
  });
for (let tries = 0; tries < 100 && left().length > 0; tries++) await sleep(50);
problems.push(...left());
await proxy.stop('the soak is over');
for (const problem of problems) console.error(`! ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

async function measure(): Promise<Sample> {
  // What is put off to later turns ends first; the second collection takes what the finalizers of the first let go.
  for (let count = 0; count < 3; count++) await turn();
  await collect?.({ execution: 'async', type: 'major' });
  await turn();
  await collect?.({ execution: 'async', type: 'major' });
  const { heapUsed, external, rss } = process.memoryUsage();
  return { seconds: (performance.now() - startedAt) / 1000, heap: heapUsed / MIB, external: external / MIB, resident: rss / MIB };
}

/** By the straight line with the least squares. */
function growth(all: readonly Sample[], kind: 'heap' | 'external' | 'resident'): number {
  const mean = (valueOf: (sample: Sample) => number): number => all.reduce((sum, sample) => sum + valueOf(sample), 0) / all.length;
  const time = mean((sample) => sample.seconds);
  const level = mean((sample) => sample[kind]);
  const covariance = mean((sample) => (sample.seconds - time) * (sample[kind] - level));
  const variance = mean((sample) => (sample.seconds - time) ** 2);
  return (covariance / variance) * ((all.at(-1)?.seconds ?? 0) - (all[0]?.seconds ?? 0));
}
