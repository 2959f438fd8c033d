/** Resident memory of a proxy per idle connection and per open, idle stream. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, lastLines, listening, loadCore, residentMiB, start, stop } from './children.ts';
import type { Child } from './children.ts';
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
const idleMs = 2000;
/** V8 gives back what it needed for a while when there has been nothing to do for about ten seconds. */
const settleMs = 14_000;

export async function benchMemory(peers: readonly Peer[], folder: string, sink: number, complain: Complain): Promise<MemoryResult> {
  const upstream = await freePort();
  const server = start('idle-peer', loadCore, [process.execPath, program, 'serve', String(upstream)]);
  await listening(server, upstream);
  const perShape = async (connections: number, streams: number): Promise<Map<string, number>> => {
    const subjects = await startAll(peers, (peer) => (peer.streams === true ? peer.grpc : undefined), { upstream, folder, sink, many: true }, complain);
    await sleep(idleMs);
    const before = new Map(subjects.map(({ name, child }) => [name, residentMiB(child.pid, 'VmRSS')]));
    const holders: Child[] = [];
    for (const subject of subjects) {
      try {
        holders.push(await holder(subject, connections, streams));
      } catch (error) {
        complain(`${subject.name}: ${messageOf(error)}`);
        before.delete(subject.name);
      }
    }
    await sleep(settleMs);
    const kib = new Map<string, number>();
    for (const { name, child } of subjects) {
      const idle = before.get(name);
      if (idle !== undefined) kib.set(name, (1024 * (residentMiB(child.pid, 'VmRSS') - idle)) / (connections * Math.max(1, streams)));
    }
    await Promise.all(holders.map(stop));
    await stopSubjects(subjects);
    return kib;
  };
  const perConnection = await perShape(idleConnections, 0);
  const perStream = await perShape(100, idleStreams / 100);
  await stop(server);
  return { perConnection, perStream };
}

/** The process that holds them open, once all are. */
async function holder({ port }: Subject, connections: number, streams: number): Promise<Child> {
  const load = start('idle-peer', loadCore, [process.execPath, program, 'hold', String(port), String(connections), String(streams)]);
  for (const startedAt = performance.now(); !load.output().includes('held'); await sleep(20)) {
    const late = performance.now() - startedAt > limitMs;
    if (load.running() && !late) continue;
    await stop(load);
    throw new Error(late ? `${connections} × ${streams} were not open within ${limitMs} ms` : `connections were refused: ${lastLines(load.errors())}`);
  }
  return load;
}
