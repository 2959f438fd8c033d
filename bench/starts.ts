/** Cold starts: time from spawn to the first accepted connection, and resident memory a second later with nothing to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, listening, proxyCore, residentMiB, start, stop } from './children.ts';
import type { Options } from './options.ts';
import type { Peer } from './peers.ts';
import { messageOf } from './rounds.ts';
import type { Complain, Sample, Series } from './rounds.ts';

export interface StartsResult {
  /** Milliseconds to listening. */
  readonly milliseconds: Series;
  /** Resident MiB when idle. */
  readonly idleMiB: ReadonlyMap<string, number>;
}

const idleAfterMilliseconds = 1000;

export async function benchStarts(
  peers: readonly Peer[],
  options: Options,
  folder: string,
  sink: number,
  complain: Complain,
): Promise<StartsResult> {
  const all = peers.filter((peer) => peer.grpc !== undefined);
  const milliseconds: Series = new Map(all.map((peer) => [peer.name, []]));
  const broken = new Set<Peer>();
  const idleMiB = new Map<string, number>();
  for (let round = 0; round < options.starts; round++) {
    for (const peer of all) {
      if (broken.has(peer)) continue;
      // Nothing listens there: a start must not depend on its servers.
      const place = { port: await freePort(), upstream: await freePort(), folder, sink };
      const { command, env = {} } = peer.grpc?.(place) ?? { command: [] };
      const child = start(peer.name, proxyCore, command, { env });
      let sample: Sample | null = null;
      try {
        sample = { value: await listening(child, place.port) };
        if (round === 0) {
          await sleep(idleAfterMilliseconds);
          idleMiB.set(peer.name, residentMiB(child.pid, 'VmRSS'));
        }
      } catch (error) {
        complain(messageOf(error));
        broken.add(peer);
      }
      milliseconds.get(peer.name)?.push(sample);
      await stop(child);
    }
  }
  return { milliseconds, idleMiB };
}
