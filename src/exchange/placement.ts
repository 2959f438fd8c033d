/**
 * How a stream, or a raw connection, comes to a server: pick, queue, connect, and again elsewhere when that failed.
 *
 *      begin ──▶ queued ──slot──▶ connecting ──▶ forwarding ──▶ ended
 *        │          ▲                 │  ▲            │
 *        │          │ no free slot    │  │ pause      │ the server did not
 *        └──────────┴─────────────────┘  │            │ process it
 *                                     waiting ◀───────┘
 *
 * Failed connects go to another server without being asked, since nothing was sent. Where there is no other, or `option redispatch`
 * does not let it go, the same server is tried once more after a pause (HAProxy configuration manual, "retries").
 */
import type { Socket } from 'node:net';
import type { FieldList } from '../model/fields.ts';
import type { Attempt, BackendRecord, ConnectionRecord, StreamRecord } from '../model/records.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import type { Backend, Queued } from '../pool/backend.ts';
import type { Place } from '../pool/queue.ts';
import { mayRedispatch } from '../pool/retry-policy.ts';
import type { Server } from '../pool/server.ts';
import type { TlsRecord } from '../model/tls.ts';
import { serverTlsOf } from '../tls/server-records.ts';

export type Phase = 'begin' | 'queued' | 'connecting' | 'waiting' | 'forwarding' | 'ended';

/** Why a placement came to nothing; `termination` is HAProxy's state (configuration manual 8.5). */
export interface Outage {
  readonly termination: 'SC' | 'SQ' | 'sQ' | 'SH';
  readonly message: string;
}

const SAME_SERVER_PAUSE_MS = 1000;
/** What is remembered of retries for logs and spans. */
const MAX_ATTEMPTS = 8;

/** Why a stream is sent again: no connection, not processed by the server, or `retry-on` asks for it. */
export type RetryKind = 'connect' | 'unprocessed' | 'asked';

export abstract class Placement extends Timer implements Queued {
  readonly startedAt: number = now();
  backend: Backend | null = null;
  /** The last server tried. */
  server: Server | null = null;
  /** The connection to it, once there is one. */
  protected wire: Socket | null = null;
  queueMs = -1;
  connectMs = -1;
  totalMs = -1;
  retries = 0;
  attempts: Attempt[] | null = null;
  redispatched = false;
  termination = '--';
  cause = '';
  /** `use-server`: taken while it can be. */
  preferred: Server | null = null;
  /** `option logasap`: its line is written. */
  logged = false;
  /** What `log-format` makes of the stream; null: the line is JSON. */
  logLine: string | null = null;
  /** `set-log-level`. */
  logLevel: StreamRecord['logLevel'] = null;
  protected phase: Phase = 'begin';
  /** When the present phase began, monotonic milliseconds. */
  protected phaseSince: number = this.startedAt;
  /** When the caller gives up, monotonic milliseconds; 0: never. */
  protected deadline = 0;
  /** Servers that could not be connected to, or did not process the stream. */
  tried: Server[] | null = null;
  /** The one that is tried again after a pause, though there may be others. */
  #again: Server | null = null;
  #place: Place<Queued> | null = null;

  get serverTls(): TlsRecord | null {
    return this.wire === null ? null : serverTlsOf(this.wire);
  }

  abstract readonly connection: ConnectionRecord;
  /** -1: no response has begun. */
  abstract readonly httpStatus: number;
  abstract readonly requestFields: FieldList | null;
  abstract readonly firstBytes: Uint8Array | null;

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
    const { counters } = backend;
    if (++counters.streamsCurrent > counters.streamsMax) counters.streamsMax = counters.streamsCurrent;
    backend.retryBudget?.streamBegan(this.startedAt);
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
    const { preferred } = this;
    const chosen = preferred !== null && preferred.usable && preferred.hasSlot && this.tried === null;
    const server = chosen ? preferred : backend.pick(this);
    if (server === null) this.#enqueue(backend);
    else this.#take(server);
  }

  #take(server: Server): void {
    this.phaseSince = now();
    this.queueMs = this.phaseSince - this.startedAt;
    this.phase = 'connecting';
    this.server = server;
    this.backend?.persistence?.assigned(this, server);
    server.assign();
    this.connect(server);
    if (this.phase === 'connecting' && this.backend !== null) this.arm(this.phaseSince + connectionTimeout(this.backend));
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

  onMoved(): void {
    this.#leaveQueue();
    if (this.backend !== null) this.place(this.backend);
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

  /** Whether a stream that the server may have acted on may be sent again: tries are left, and the budget has room. */
  protected affords(): boolean {
    const { backend } = this;
    if (backend === null || this.retries >= backend.settings.retries) return false;
    if (backend.retryBudget === null || backend.retryBudget.take(now())) return true;
    backend.counters.retriesRefused++;
    return false;
  }

  /** The present server came to nothing: another is tried, or the same one again, or {@link unplaced} is called. */
  protected retry(cause: string, kind: RetryKind): void {
    const { backend, server } = this;
    if (backend === null || server === null) return;
    const { retries, redispatch, retryOn } = backend.settings;
    this.phase = 'begin';
    server.release();
    // What no server has seen is sent once more even where retries are 0.
    const tries = kind === 'connect' && !retryOn.connFailure ? 0 : kind === 'unprocessed' ? Math.max(1, retries) : retries;
    if (this.retries >= tries) {
      this.unplaced({ termination: kind === 'connect' ? 'SC' : 'SH', message: cause });
      return;
    }
    this.retries++;
    backend.counters.retries++;
    this.#remember(server, cause);
    // As HAProxy: the interval is for those who belong to a server that takes streams; whoever may go anywhere goes at once.
    const free = !server.usable || mayRedispatch(redispatch, this.retries, retries) || backend.boundTo(this) === null;
    const leaves = server.removed || (redispatch !== 0 && free);
    if (leaves) {
      (this.tried ??= []).push(server);
      let other = backend.pickOther(this);
      if (other === null && kind !== 'connect') {
        // All were tried: turn and turn about.
        this.tried = [server];
        other = backend.pickOther(this);
      }
      if (other !== null) {
        this.redispatched = true;
        backend.counters.redispatches++;
        this.#take(other);
        return;
      }
    }
    if (kind === 'connect') {
      this.phase = 'waiting';
      this.#again = leaves ? null : server;
      this.arm(now() + Math.min(SAME_SERVER_PAUSE_MS, backend.connectTimeoutMs));
    } else {
      this.#placeOn(leaves ? null : server, backend);
    }
  }

  #remember(server: Server, cause: string): void {
    const attempts = (this.attempts ??= []);
    if (attempts.length < MAX_ATTEMPTS) attempts.push({ server: server.name, cause, at: now() });
  }

  /** Goes to `server` if that has a free slot. */
  #placeOn(server: Server | null, backend: Backend): void {
    if (server !== null && !server.removed && server.hasSlot) this.#take(server);
    else this.place(backend);
  }

  /** What the wheel's timer means while the stream is on its way to a server. */
  protected placementTimer(backend: Backend): void {
    if (this.phase === 'queued') {
      const due = this.phaseSince + queueTimeout(backend);
      if (now() < due) this.arm(due);
      else this.unplaced({ termination: 'sQ', message: `no free server in backend ${backend.name} within ${queueTimer(backend)}` });
    } else if (this.phase === 'connecting') {
      // Dials have a time of their own: this is for connections that stand and have no room.
      const due = this.phaseSince + connectionTimeout(backend);
      if (now() < due) this.arm(due);
      else this.unplaced({ termination: 'sQ', message: `no free connection to ${this.serverName} within ${connectionTimeout(backend)} ms` });
    } else if (this.phase === 'waiting') {
      const again = this.#again;
      this.tried = null;
      this.#again = null;
      this.#placeOn(again, backend);
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

  /** HAProxy's second character of the termination state (configuration manual 8.5). */
  protected get phaseLetter(): string {
    if (this.phase === 'queued' || this.phase === 'begin') return 'Q';
    if (this.phase === 'connecting' || this.phase === 'waiting') return 'C';
    return this.httpStatus === -1 ? 'H' : 'D';
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

/** The timer's name and time, for messages. */
function queueTimer(backend: Backend): string {
  return `${backend.settings.queueTimeoutMs === null ? 'timeout connect' : 'timeout queue'} (${queueTimeout(backend)} ms)`;
}

/** To be connected, and then to find room on a connection. */
function connectionTimeout(backend: Backend): number {
  return backend.connectTimeoutMs + queueTimeout(backend);
}

function queueTimeout(backend: Backend): number {
  return backend.settings.queueTimeoutMs ?? backend.connectTimeoutMs;
}
