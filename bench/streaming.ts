/** gRPC streams of 1 MiB messages, one and a hundred at a time, with unary calls beside them on the same connection. */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Report } from './bulk-peer.ts';
import { cpuSeconds, freePort, listening, loadCore, run, start, stop } from './children.ts';
import type { Options } from './options.ts';
import type { Peer } from './peers.ts';
import { measureInTurn, startAll, stopSubjects } from './rounds.ts';
import type { Complain, Sample, Series, Subject } from './rounds.ts';

/** `value`: CPU seconds per GB (10⁹ bytes), `rate`: GB/s. */
export interface StreamingSample extends Sample {
  /** What the stream that got most had got when it was done, divided by what the one had that got least. */
  readonly spread: number;
  /** Of the unary calls, ms. */
  readonly p50: number;
  readonly p99: number;
}

export type StreamingResult = ReadonlyMap<string, Series>;

const program = join(import.meta.dirname, 'bulk-peer.ts');

export async function benchStreaming(peers: readonly Peer[], options: Options, folder: string, sink: number, complain: Complain): Promise<StreamingResult> {
  const upstream = await freePort();
  const server = start('bulk-peer', loadCore, [process.execPath, program, 'serve', String(upstream)]);
  await listening(server, upstream);
  const subjects = await startAll(peers, (peer) => (peer.streams === true ? peer.grpc : undefined), { upstream, folder, sink, many: true }, complain);
  const result = new Map<string, Series>();
  for (const streams of [1, 100]) {
    for (const direction of ['up', 'down']) {
      const measure = (subject: Subject): Promise<Sample> => transfer(subject, direction, streams, options.streamBytes);
      await measureInTurn(subjects, 1, (subject) => transfer(subject, direction, streams, options.streamBytes / 4), complain);
      result.set(`${streams} ${direction}`, await measureInTurn(subjects, options.streamRounds, measure, complain));
    }
  }
  await stopSubjects(subjects);
  await stop(server);
  return result;
}

async function transfer({ child, port }: Subject, direction: string, streams: number, bytes: number): Promise<StreamingSample> {
  const before = cpuSeconds(child.pid);
  const command = [process.execPath, program, 'load', String(port), direction, String(streams), String(bytes / 1e6)];
  const report = JSON.parse(await run('bulk-peer', loadCore, command, 60)) as Report;
  await sleep(20);
  const used = cpuSeconds(child.pid) - before;
  const { unary } = report;
  return {
    value: (used * 1e9) / report.bytes,
    rate: report.bytes / report.seconds / 1e9,
    spread: report.largest / report.smallest,
    p50: unary[unary.length >> 1] ?? NaN,
    p99: unary[Math.floor(unary.length * 0.99)] ?? NaN,
  };
}
