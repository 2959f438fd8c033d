/** Resident memory of a proxy per idle connection and per open, idle stream. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, lastLines, listening, loadCore, residentMiB, start, stop } from './children.ts';
import type { Peer } from './peers.ts';
import { messageOf, startAll, stopSubjects } from './rounds.ts';
import type { Complain, Subject } from './rounds.ts';

/** As many as a limit of 20,000 descriptors leaves to a proxy that reserves two for each. */
export const idleConnections = 9900;
/** On 100 connections. */
export const idleStreams = 100_000;

export interface MemoryResult {
  /** KiB, by name of the proxy. */
  readonly perConnection: ReadonlyMap<string, number>;
  readonly perStream: ReadonlyMap<string, number>;
}

const program = join(import.meta.dirname, 'idle-peer.ts');
const limitMs = 60_000;
/** Until memory that was only needed to open them has been given back, milliseconds. */
const settleMs = 3000;

export async function benchMemory(peers: readonly Peer[], folder: string, sink: number, complain: Complain): Promise<MemoryResult> {
  const upstream = await freePort();
  const server = start('idle-peer', loadCore, [process.execPath, program, 'serve', String(upstream)]);
  await listening(server, upstream);
  const perShape = async (connections: number, streams: number): Promise<Map<string, number>> => {
    const kib = new Map<string, number>();
    const subjects = await startAll(peers, (peer) => (peer.streams === true ? peer.grpc : undefined), { upstream, folder, sink }, complain);
    await sleep(settleMs);
    for (const subject of subjects) {
      try {
        kib.set(subject.name, (1024 * (await held(subject, connections, streams))) / (connections * Math.max(1, streams)));
      } catch (error) {
        complain(`${subject.name}: ${messageOf(error)}`);
      }
    }
    await stopSubjects(subjects);
    return kib;
  };
  const perConnection = await perShape(idleConnections, 0);
  const perStream = await perShape(100, idleStreams / 100);
  await stop(server);
  return { perConnection, perStream };
}

/** MiB by which the subject grows. */
async function held({ child, port }: Subject, connections: number, streams: number): Promise<number> {
  const before = residentMiB(child.pid, 'VmRSS');
  const load = start('idle-peer', loadCore, [process.execPath, program, 'hold', String(port), String(connections), String(streams)]);
  try {
    for (const startedAt = performance.now(); !load.output().includes('held'); await sleep(20)) {
      if (!load.running()) throw new Error(`connections were refused: ${lastLines(load.errors())}`);
      if (performance.now() - startedAt > limitMs) throw new Error(`${connections} × ${streams} were not open within ${limitMs} ms`);
    }
    await sleep(settleMs);
    return residentMiB(child.pid, 'VmRSS') - before;
  } finally {
    await stop(load);
  }
}
