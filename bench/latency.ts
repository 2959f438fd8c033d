/** How long unary calls take at half the rate at which HAProxy is saturated. */
import { join } from 'node:path';
import { doneOf, grpcServer, h2load, method } from './grpc.ts';
import { loadCore, run, stop } from './children.ts';
import type { Pace } from './paced-peer.ts';
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
/** One call at a time on each saturates with the least load. */
const connections = 100;
const program = join(import.meta.dirname, 'paced-peer.ts');

export async function benchLatency(peers: readonly Peer[], options: Options, folder: string, sink: number, complain: Complain): Promise<LatencyResult> {
  const { server, upstream, request } = await grpcServer(folder);
  const subjects = await startAll(peers, (peer) => (peer.streams === true ? peer.grpc : undefined), { upstream, folder, sink }, complain);
  const saturation = new Map<string, number>();
  const saturate = async (subject: Subject): Promise<Sample> => {
    const done = doneOf(await run('h2load', loadCore, h2load(subject.port, { connections, streams: 1 }, request, ['-D', '1']), 20));
    saturation.set(subject.name, Math.max(done, saturation.get(subject.name) ?? 0));
    return { value: 0 };
  };
  await measureInTurn(subjects, 2, saturate, complain);
  const rate = Math.round((saturation.get(reference) ?? 10_000) / 2);
  const measure = async (subject: Subject): Promise<LatencySample> => {
    const command = [process.execPath, program, String(subject.port), method, String(connections), String(rate), String(options.seconds)];
    const { p50, p99 } = JSON.parse(await run('paced-peer', loadCore, command, 10 + options.seconds * 5)) as Pace;
    return { value: p99 * 1000, p50: p50 * 1000 };
  };
  const series = await measureInTurn([...subjects, { name: direct, port: upstream, child: server }], options.rounds, measure, complain);
  await stopSubjects(subjects);
  await stop(server);
  return { rate, series };
}
