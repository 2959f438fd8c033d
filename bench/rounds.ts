/** Subjects that run side by side and are measured in turn: A B C, A B C, … so that what disturbs the machine disturbs all. */
import { freePort, listening, lastLines, proxyCore, start, stop } from './children.ts';
import type { Child } from './children.ts';
import type { Launch, Peer, Place } from './peers.ts';

export interface Subject {
  readonly name: string;
  readonly port: number;
  readonly child: Child;
}

/** One measurement: `value` in the unit of its series (lower is better), and what else was seen. */
export interface Sample {
  readonly value: number;
  readonly rate?: number;
}

/** Per name of a subject its samples, one a round; null where it failed. */
export type Series = Map<string, (Sample | null)[]>;

export type Complain = (what: string) => void;

/** Starts one process of each peer on the proxy core. One that does not come up is named and left out. */
export async function startAll(
  all: readonly Peer[],
  launchOf: (peer: Peer) => ((place: Place) => Launch) | undefined,
  place: Omit<Place, 'port'>,
  complain: Complain,
): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const peer of all) {
    const subject = await startOne(peer, launchOf(peer), place, complain);
    if (subject !== undefined) subjects.push(subject);
  }
  return subjects;
}

async function startOne(
  peer: Peer,
  launchOf: ((place: Place) => Launch) | undefined,
  place: Omit<Place, 'port'>,
  complain: Complain,
): Promise<Subject | undefined> {
  if (launchOf === undefined) return undefined;
  const port = await freePort();
  const { command, env = {} } = launchOf({ ...place, port });
  const child = start(peer.name, proxyCore, command, { env });
  try {
    await listening(child, port);
    return { name: peer.name, port, child };
  } catch (error) {
    complain(messageOf(error));
    await stop(child);
    return undefined;
  }
}

export async function stopSubjects(subjects: readonly Subject[]): Promise<void> {
  await Promise.all(subjects.map((subject) => stop(subject.child)));
}

/** Measures every subject once a round. A failed measurement is reported and leaves a gap. */
export async function measureInTurn(
  subjects: readonly Subject[],
  rounds: number,
  measure: (subject: Subject) => Promise<Sample>,
  complain: Complain,
): Promise<Series> {
  const series: Series = new Map(subjects.map((subject) => [subject.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      let sample: Sample | null = null;
      try {
        sample = await measure(subject);
      } catch (error) {
        complain(`${subject.name}: ${messageOf(error)}`);
        if (!subject.child.running()) complain(`${subject.name} ended: ${lastLines(subject.child.errors())}`);
      }
      series.get(subject.name)?.push(sample);
    }
  }
  return series;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
