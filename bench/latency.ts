/** How long unary calls take at half the rate at which HAProxy is saturated, from h2load's log of each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { doneOf, grpcServer, h2load } from './grpc.ts';
import { loadCore, run, stop } from './children.ts';
import type { Options } from './options.ts';
import { reference } from './peers.ts';
import type { Peer } from './peers.ts';
import { measureInTurn, startAll, stopSubjects } from './rounds.ts';
import type { Complain, Sample, Series, Subject } from './rounds.ts';

/** `value`: the 99th percentile, `p50` the median, µs. */
export interface LatencySample extends Sample {
  readonly p50: number;
}

export interface LatencyResult {
  /** Calls per second. */
  readonly rate: number;
  /** By name of the proxy, and of `direct` without one. */
  readonly series: Series;
}

export const direct = 'direct';
/** One call at a time on each connection saturates with the least load. */
const saturated = { connections: 100, streams: 1 } as const;
/** A call that is late does not hold up the next. */
const paced = { connections: 100, streams: 100 } as const;

export async function benchLatency(peers: readonly Peer[], options: Options, folder: string, sink: number, complain: Complain): Promise<LatencyResult> {
  const { server, upstream, request } = await grpcServer(folder);
  const subjects = await startAll(peers, (peer) => peer.grpc, { upstream, folder, sink }, complain);
  const saturation = new Map<string, number>();
  const saturate = async (subject: Subject): Promise<Sample> => {
    const done = doneOf(await run('h2load', loadCore, h2load(subject.port, saturated, request, ['-D', '1']), 20));
    saturation.set(subject.name, Math.max(done, saturation.get(subject.name) ?? 0));
    return { value: 0 };
  };
  await measureInTurn(subjects, 2, saturate, complain);
  const perClient = Math.round((saturation.get(reference) ?? 10_000) / 2 / paced.connections);
  const log = join(folder, 'h2load.log');
  const measure = async (subject: Subject): Promise<LatencySample> => {
    const count = Math.round(perClient * paced.connections * options.seconds);
    const pace = ['-n', String(count), `--rps=${perClient}`, `--log-file=${log}`];
    await run('h2load', loadCore, h2load(subject.port, paced, request, pace), 10 + options.seconds * 5);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const times = lines.map((line) => Number(line.split('\t')[2])).toSorted((a, b) => a - b);
    return { value: times[Math.floor(times.length * 0.99)] ?? NaN, p50: times[times.length >> 1] ?? NaN };
  };
  const series = await measureInTurn([...subjects, { name: direct, port: upstream, child: server }], options.rounds, measure, complain);
  await stopSubjects(subjects);
  await stop(server);
  return { rate: perClient * paced.connections, series };
}
