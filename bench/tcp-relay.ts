/**
 * CPU seconds per GB of the raw relay alone (src/tcp/relay.ts), beside Node's pipe() and HAProxy without splice: proxy on one
 * core, iperf3's client and server on the other, one round of each after the other.
 *
 *   node bench/tcp-relay.ts [ROUNDS [SECONDS]]
 *   node bench/tcp-relay.ts relay|pipe LISTEN-PORT UPSTREAM-PORT     what the former starts
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Relay } from '../src/tcp/relay.ts';
import { cpuSeconds, freePort, listening, loadCore, proxyCore, run, start, stop } from './children.ts';
import type { Child } from './children.ts';

const directions = { up: [], down: ['--reverse'], both: ['--bidir'] } as const;
type Direction = keyof typeof directions;

interface Candidate {
  readonly child: Child;
  readonly port: number;
}

interface Sum {
  readonly bytes: number;
}

const [first = '3', ...rest] = process.argv.slice(2);
if (first === 'relay' || first === 'pipe') serve(first, Number(rest[0]), Number(rest[1]));
else await compare(Number(first), Number(rest[0] ?? 2));

function serve(kind: 'relay' | 'pipe', port: number, upstream: number): void {
  const options = { allowHalfOpen: true, noDelay: true };
  createServer({ ...options, pauseOnConnect: true }, (client) => {
    const server = connect({ ...options, port: upstream, host: '127.0.0.1' });
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
    server.once('connect', () => tie(kind, client, server));
  }).listen(port, '127.0.0.1');
}

function tie(kind: 'relay' | 'pipe', client: Socket, server: Socket): void {
  if (kind === 'relay') new Relay(client, server, null, { clientTimeoutMs: 60_000, serverTimeoutMs: 60_000, tunnelTimeoutMs: null, clientFinTimeoutMs: null, serverFinTimeoutMs: null }, () => {});
  else client.pipe(server).pipe(client);
}

async function compare(rounds: number, seconds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tcp-relay-'));
  const upstream = await freePort();
  const sink = start('iperf3', loadCore, ['iperf3', '--server', '--bind', '127.0.0.1', '--port', String(upstream)]);
  const candidates: Candidate[] = [];
  try {
    await listening(sink, upstream);
    for (const name of ['relay', 'pipe', 'haproxy']) {
      const port = await freePort();
      const child = start(name, proxyCore, await commandOf(name, port, upstream, folder));
      candidates.push({ child, port });
      await listening(child, port);
    }
    for (const direction of Object.keys(directions) as Direction[]) {
      const costs = candidates.map((): number[] => []);
      for (let round = 0; round < rounds; round++) {
        for (const [at, candidate] of candidates.entries()) costs[at]?.push(await costOf(candidate, direction, seconds));
      }
      const reference = median(costs.at(-1) ?? []);
      for (const [at, { child }] of candidates.entries()) {
        const own = costs[at] ?? [];
        const list = own.map((cost) => cost.toFixed(2)).join(' ');
        console.log(`${direction.padEnd(4)} ${child.name.padEnd(7)} CPU s/GB ${list}, to haproxy ${(median(own) / reference).toFixed(2)}`);
      }
    }
  } finally {
    for (const { child } of candidates) await stop(child);
    await stop(sink);
    await rm(folder, { recursive: true });
  }
}

async function commandOf(name: string, port: number, upstream: number, folder: string): Promise<readonly string[]> {
  if (name !== 'haproxy') return [process.execPath, import.meta.filename, name, String(port), String(upstream)];
  const file = join(folder, 'haproxy.cfg');
  const timeouts = ['connect 5s', 'client 60s', 'server 60s'].map((timeout) => `  timeout ${timeout}\n`).join('');
  const listen = `listen relay\n  bind 127.0.0.1:${port}\n  server iperf3 127.0.0.1:${upstream}\n`;
  await writeFile(file, `global\n  nbthread 1\ndefaults\n  mode tcp\n${timeouts}${listen}`);
  return ['haproxy', '-db', '-f', file];
}

async function costOf({ child, port }: Candidate, direction: Direction, seconds: number): Promise<number> {
  const before = cpuSeconds(child.pid);
  const transfer = ['iperf3', '--json', '--client', '127.0.0.1', '--port', String(port), '--time', String(seconds)];
  const report = JSON.parse(await run('iperf3', loadCore, [...transfer, ...directions[direction]], seconds + 20)) as {
    readonly end: { readonly sum_received: Sum; readonly sum_received_bidir_reverse?: Sum };
  };
  const bytes = report.end.sum_received.bytes + (report.end.sum_received_bidir_reverse?.bytes ?? 0);
  return (cpuSeconds(child.pid) - before) / (bytes / 1e9);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
