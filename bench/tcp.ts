/** CPU time per gigabyte of raw TCP: iperf3 → proxy → iperf3, to the server and from it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, freePort, listening, loadCore, run, start, stop } from './children.ts';
import type { Options } from './options.ts';
import type { Peer } from './peers.ts';
import { measureInTurn, startAll, stopSubjects } from './rounds.ts';
import type { Complain, Sample, Series, Subject } from './rounds.ts';

export const directions = { upload: [], download: ['--reverse'] } as const;
export type Direction = keyof typeof directions;

/** Per direction: CPU seconds per GB (10⁹ bytes), and GB/s as the rate. */
export type TcpResult = ReadonlyMap<Direction, Series>;

export async function benchTcp(
  peers: readonly Peer[],
  options: Options,
  folder: string,
  sink: number,
  complain: Complain,
): Promise<TcpResult> {
  const upstream = await freePort();
  const server = start('iperf3', loadCore, ['iperf3', '--server', '--bind', '127.0.0.1', '--port', String(upstream)]);
  await listening(server, upstream);
  const subjects = await startAll(peers, (peer) => peer.tcp, { upstream, folder, sink }, complain);
  const result = new Map<Direction, Series>();
  for (const direction of ['upload', 'download'] as const) {
    await measureInTurn(subjects, 1, (subject) => transfer(subject, direction, options.tcpBytes / 3), complain);
    const measure = (subject: Subject): Promise<Sample> => transfer(subject, direction, options.tcpBytes);
    result.set(direction, await measureInTurn(subjects, options.rounds, measure, complain));
  }
  await stopSubjects(subjects);
  await stop(server);
  return result;
}

async function transfer({ child, port }: Subject, direction: Direction, bytes: number): Promise<Sample> {
  const before = cpuSeconds(child.pid);
  const size = ['--bytes', String(Math.round(bytes)), ...directions[direction]];
  const output = await run('iperf3', loadCore, ['iperf3', '--json', '--client', '127.0.0.1', '--port', String(port), ...size], 30);
  // What closing the connections costs belongs to the run.
  await sleep(20);
  const used = cpuSeconds(child.pid) - before;
  const { bytes: received, seconds } = receivedOf(output);
  return { value: (used * 1e9) / received, rate: received / seconds / 1e9 };
}

interface Report {
  readonly end?: { readonly sum_received?: { readonly bytes: number; readonly seconds: number } };
}

function receivedOf(output: string): { bytes: number; seconds: number } {
  const report = JSON.parse(output) as Report;
  const sum = report.end?.sum_received;
  if (sum === undefined || sum.bytes === 0) throw new Error('iperf3 reports no bytes received');
  return sum;
}
