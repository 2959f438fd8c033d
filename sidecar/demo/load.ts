/**
 * The client: `node load.ts PORT`. So many calls at a time, of all four kinds in turn, over one channel to Pillion. It reports to
 * its parent four times a second. SIGTERM makes it begin no new call, finish the running ones, report and leave.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEchoClient } from './client.ts';
import { emptyHistogram, record } from './histogram.ts';
import type { LoadReport } from './messages.ts';

const WORKERS = 24;
/**
 * Between two calls of a worker, so that the demo shows restarts and not how hot the machine gets. At random up to this, so that
 * the workers do not march in step.
 */
const MOST_PAUSE_MS = 20;
const REPORT_MS = 250;
const FAILURES_PER_REPORT = 5;

const client = createEchoClient(`127.0.0.1:${process.argv[2]}`);
const kinds = [client.say, client.repeat, client.collect, client.chat];
let stopping = false;

let calls = 0;
let failed = 0;
let byReplica: Record<string, number> = {};
let latencies = emptyHistogram();
let failures: string[] = [];

async function work(worker: number): Promise<void> {
  for (let turn = worker; !stopping; turn++) {
    const call = kinds[turn % kinds.length] as (typeof kinds)[number];
    const startedAt = performance.now();
    try {
      const replica = await call();
      byReplica[replica] = (byReplica[replica] ?? 0) + 1;
      record(latencies, performance.now() - startedAt);
    } catch (error) {
      failed++;
      if (failures.length < FAILURES_PER_REPORT) failures.push(`${call.name}: ${(error as Error).message}`);
    }
    calls++;
    await sleep(Math.random() * MOST_PAUSE_MS);
  }
}

async function report(): Promise<void> {
  const message: LoadReport = { kind: 'report', calls, failed, byReplica, latencies, failures };
  calls = 0;
  failed = 0;
  byReplica = {};
  latencies = emptyHistogram();
  failures = [];
  if (!process.connected) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  process.send?.(message, undefined, undefined, () => resolve());
  await promise;
}

process.once('SIGTERM', () => {
  stopping = true;
});
const reporting = setInterval(() => void report(), REPORT_MS);
await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
clearInterval(reporting);
await report();
client.close();
if (process.connected) {
  process.disconnect();
  await once(process, 'disconnect');
}
process.exit(0);
