/** The replicas: started, and restarted one after another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';

const STOP_LIMIT_MS = 8000;

export type ReplicaPhase = 'starting' | 'running' | 'draining' | 'returning';

export interface Replica {
  readonly name: string;
  readonly port: number;
  readonly phase: ReplicaPhase;
  /** Restarts after which it took traffic again. */
  readonly restarts: number;
}

export interface FleetEvents {
  /** Something to tell the user, e.g. `replica-2 drained and left after 40 ms`. */
  told(text: string): void;
  /** A replica ended without being asked. */
  lost(text: string): void;
  /** Resolves when calls are answered by the replica of this name and start. */
  answeredBy(replica: string): Promise<void>;
}

interface Member {
  readonly name: string;
  readonly port: number;
  phase: ReplicaPhase;
  restarts: number;
  starts: number;
  child: Child | null;
}

export class Fleet {
  readonly #members: Member[];
  readonly #events: FleetEvents;
  #stopping = false;

  constructor(replicas: readonly { readonly name: string; readonly port: number }[], events: FleetEvents) {
    this.#members = replicas.map(({ name, port }) => ({ name, port, phase: 'starting', restarts: 0, starts: 0, child: null }));
    this.#events = events;
  }

  get replicas(): readonly Replica[] {
    return this.#members;
  }

  async start(): Promise<void> {
    await Promise.all(this.#members.map((member) => this.#launch(member)));
    for (const member of this.#members) member.phase = 'running';
  }

  /** Restarts all in turn, each when the one before it takes traffic again. @param pauseMs from that to the next restart. */
  async restartAll(pauseMs: number, signal: AbortSignal): Promise<void> {
    for (const member of this.#members) {
      if (signal.aborted) return;
      await this.#restart(member);
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#members.flatMap(({ child }) => (child === null ? [] : [child.stop(STOP_LIMIT_MS)])));
  }

  kill(): void {
    for (const { child } of this.#members) child?.kill();
  }

  async #restart(member: Member): Promise<void> {
    const startedAt = performance.now();
    const sinceStart = (): string => `${Math.round(performance.now() - startedAt)} ms`;
    member.phase = 'draining';
    const exit = await member.child?.stop(STOP_LIMIT_MS);
    if (exit !== undefined && exit.code !== 0) this.#events.lost(member.child?.describe(exit) ?? member.name);
    if (this.#stopping) return;
    const drained = sinceStart();
    member.phase = 'returning';
    await this.#launch(member);
    await this.#events.answeredBy(identity(member));
    member.phase = 'running';
    member.restarts++;
    this.#events.told(`${member.name} restarted: drained in ${drained}, took calls again after ${sinceStart()}`);
  }

  /** Resolves when the replica listens. @throws Error when it ends instead. */
  async #launch(member: Member): Promise<void> {
    member.starts++;
    const { promise, resolve } = Promise.withResolvers<void>();
    const child = new Child(member.name, 'replica.ts', [`127.0.0.1:${member.port}`, identity(member)], () => resolve());
    member.child = child;
    void child.exited.then((exit) => {
      if (member.phase !== 'draining' && !this.#stopping) this.#events.lost(child.describe(exit));
    });
    await Promise.race([promise, child.exited.then((exit) => Promise.reject(new Error(child.describe(exit))))]);
  }
}

function identity({ name, starts }: Member): string {
  return `${name}#${starts}`;
}
