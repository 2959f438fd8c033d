/**
 * How a stream, or a raw connection, comes to a server: pick, queue, connect, and again elsewhere when that failed.
 *
 *      begin ──▶ queued ──slot──▶ connecting ──▶ forwarding ──▶ ended
 *        │          ▲                 │  ▲            │
 *        │          │ no free slot    │  │ pause      │ the server did not
 *        └──────────┴─────────────────┘  │            │ process it
 *                                     waiting ◀───────┘
 *
 * Failed connects go to another server without being asked, since nothing was sent. Where there is no other, the same server is
 * tried once more after a pause (HAProxy configuration manual, "retries").
 */
import type { BackendRecord } from '../model/records.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import type { Backend, Queued } from '../pool/backend.ts';
import type { Place } from '../pool/queue.ts';
import type { Server } from '../pool/server.ts';

export type Phase = 'begin' | 'queued' | 'connecting' | 'waiting' | 'forwarding' | 'ended';

/** Why a placement came to nothing; `termination` is HAProxy's state (configuration manual 8.5). */
export interface Outage {
  readonly termination: 'SC' | 'SQ' | 'sQ' | 'SH';
  readonly message: string;
}

const SAME_SERVER_PAUSE_MS = 1000;

export abstract class Placement extends Timer implements Queued {
  readonly startedAt: number = now();
  backend: Backend | null = null;
  /** The last server tried. */
  server: Server | null = null;
  queueMs = -1;
  connectMs = -1;
  totalMs = -1;
  retries = 0;
  redispatched = false;
  termination = '--';
  cause = '';
  protected phase: Phase = 'begin';
  /** When the present phase began, monotonic milliseconds. */
  protected phaseSince: number = this.startedAt;
  /** When the caller gives up, monotonic milliseconds; 0: never. */
  protected deadline = 0;
  /** Servers that could not be connected to, or did not process the stream. */
  tried: Server[] | null = null;
  #place: Place<Queued> | null = null;

  /** Connects to `server`, which has been assigned; answered by {@link connected} or {@link retry}. */
  protected abstract connect(server: Server): void;
  /** Gives up a connect under way. */
  protected abstract abandon(server: Server): void;
  /** No server could be had. */
  protected abstract unplaced(outage: Outage): void;

  /** Goes to `backend` for good: to one of its servers, or into its queue. */
  protected enter(backend: Backend): void {
    this.backend = backend;
    backend.counters.streamsTotal++;
    backend.counters.streamsCurrent++;
    this.place(backend);
  }

  /** The end; what {@link enter} counted is over. */
  protected finish(): void {
    this.leave();
    this.phase = 'ended';
    disarmTimer(this);
    if (this.backend !== null) this.backend.counters.streamsCurrent--;
  }

  /** Goes to a server of `backend`, or into its queue. */
  protected place(backend: Backend): void {
    const server = backend.pick(this.tried);
    if (server === null) this.#enqueue(backend);
    else this.#take(server);
  }

  #take(server: Server): void {
    this.phaseSince = now();
    this.queueMs = this.phaseSince - this.startedAt;
    this.phase = 'connecting';
    this.server = server;
    server.assign();
    this.connect(server);
  }

  #enqueue(backend: Backend): void {
    if (!backend.hasUsable) {
      backend.counters.unserved++;
      this.unplaced({ termination: 'SC', message: backend.describeOutage() });
      return;
    }
    this.phase = 'queued';
    this.phaseSince = now();
    const place = backend.enqueue(this);
    if (place === null) {
      this.phase = 'begin';
      this.unplaced({ termination: 'SQ', message: `the queue of backend ${backend.name} is full` });
    } else if (place.held) {
      this.#place = place;
      this.arm(this.phaseSince + queueTimeout(backend));
    }
  }

  onSlot(server: Server): void {
    this.#leaveQueue();
    this.#take(server);
  }

  onNoServer(): void {
    this.#leaveQueue();
    const { backend } = this;
    if (backend !== null) this.#enqueue(backend);
  }

  #leaveQueue(): void {
    this.#place = null;
    this.phase = 'begin';
    if (this.deadline > 0) armTimer(this, this.deadline);
    else disarmTimer(this);
  }

  /** The connect succeeded. */
  protected connected(): void {
    const time = now();
    this.connectMs = time - this.phaseSince;
    this.phase = 'forwarding';
    this.phaseSince = time;
  }

  /**
   * The present server could not be connected to, or did not process the stream: another is tried, or the same one again.
   * @param atLeast tries that are due whatever `retries` says
   */
  protected retry(cause: string, connectFailed: boolean, atLeast: number): void {
    const { backend, server } = this;
    if (backend === null || server === null) return;
    this.cause = cause;
    this.phase = 'begin';
    server.release();
    if (this.retries >= Math.max(atLeast, backend.settings.retries)) {
      this.unplaced({ termination: connectFailed ? 'SC' : 'SH', message: cause });
      return;
    }
    this.retries++;
    backend.counters.retries++;
    (this.tried ??= []).push(server);
    if (backend.pickOther(this.tried) !== null) {
      this.redispatched = true;
      backend.counters.redispatches++;
    } else if (connectFailed) {
      this.phase = 'waiting';
      this.arm(now() + Math.min(SAME_SERVER_PAUSE_MS, backend.connectTimeoutMs));
      return;
    }
    this.place(backend);
  }

  /** What the wheel's timer means while the stream is on its way to a server. */
  protected placementTimer(backend: Backend): void {
    if (this.phase === 'queued') {
      const due = this.phaseSince + queueTimeout(backend);
      if (now() < due) this.arm(due);
      else this.unplaced({ termination: 'sQ', message: `no free server in backend ${backend.name} within timeout queue` });
    } else if (this.phase === 'waiting') {
      this.tried = null;
      this.place(backend);
    }
  }

  /** Gives back whatever place there is: in the queue, among those that wait for a connection, on the server. */
  protected leave(): void {
    const { server, backend, phase } = this;
    this.phase = 'begin';
    if (this.#place !== null) {
      backend?.leaveQueue(this.#place);
      this.#place = null;
    }
    if (server === null || (phase !== 'connecting' && phase !== 'forwarding')) return;
    if (phase === 'connecting') this.abandon(server);
    server.release();
  }

  /** Arms the timer for `at` or for the deadline, whichever comes first. */
  protected arm(at: number): void {
    disarmTimer(this);
    armTimer(this, this.deadline > 0 ? Math.min(at, this.deadline) : at);
  }

  protected get serverName(): string {
    return this.server === null ? 'no server' : `server ${this.server.backendName}/${this.server.name}`;
  }

  /** Where the stream is, for messages. */
  protected get whereabouts(): string {
    switch (this.phase) {
      case 'begin':
      case 'queued':
        return `while it waited for a free server in backend ${(this.backend as BackendRecord | null)?.name ?? ''}`;
      case 'connecting':
      case 'waiting':
        return `while it waited for a connection to ${this.serverName}`;
      case 'forwarding':
      case 'ended':
        return `on ${this.serverName}`;
    }
  }
}

function queueTimeout(backend: Backend): number {
  return backend.settings.queueTimeoutMs ?? backend.connectTimeoutMs;
}
