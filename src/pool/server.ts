/**
 * One server: its state, its load and its connections.
 *
 * Whether it takes new streams is decided by its checks (`UP`, `DOWN`, `NOLB`), by the operator (`DRAIN`, `MAINT`), and for a moment by the
 * data path itself: after a failed connect the server is suspect, and others are preferred until the next try is due.
 */
import type { Socket } from 'node:net';
import type { ServerAddress, ServerSettings } from '../config/model.ts';
import type { ConnectionRecord, ServerCounters, ServerRecord, ServerStatus } from '../model/records.ts';
import { now } from '../time/clock.ts';
import type { Target } from '../balance/picker.ts';
import type { TlsConnector } from '../tls/connector.ts';
import { serverFailure } from '../tls/failures.ts';
import { describeAddress } from './address.ts';
import { readyEvent } from './dial.ts';
import { SlowStart } from './slow-start.ts';
import type { PoolOwner, StreamSeeker } from './connection-pool.ts';
import { ServerConnections, type ConnectionSettings, type Destination } from './server-connections.ts';

/** After a failed connect other servers are preferred for this long, milliseconds. */
const SUSPECT_MS = 1000;

/** What a server tells its backend. */
export interface ServerOwner extends ConnectionSettings {
  readonly name: string;
  /** The cookie of a server at this address, where it is made from that; else null. */
  dynamicCookie(address: ServerAddress): string | null;
  /** The balancing algorithm takes note of weights that change. */
  readonly weightsVary: boolean;
  /** Streams that a server with these settings takes at once, at the present load; 0: no limit. */
  limitOf(settings: ServerSettings): number;
  /** Whether it may be picked has changed. */
  onUsableChanged(server: Server): void;
  /** A stream has left: there may be a free slot. */
  onSlotFree(server: Server): void;
  onStatusChanged(server: Server, from: ServerStatus, reason: string): void;
  onAdminChanged(server: Server): void;
  /** The data path saw a sign that the server's state may have changed. */
  onHint(server: Server): void;
  onProtocolError(server: Server, code: number, reason: string): void;
}

/** The last check, in HAProxy's words. */
export interface CheckReport {
  /** `L4OK`, `L7TOUT` … */
  readonly status: string;
  /** HTTP's or gRPC's, where there was one. */
  readonly code: number | null;
  readonly description: string;
  /** What the system or the server said; may be empty. */
  readonly detail: string;
  readonly durationMs: number;
  /** From 0 (down) to rise + fall − 1 (up); up from `rise` on. */
  readonly points: number;
}

/** What operators say of a server (HAProxy management manual, "set server"): `drain` keeps its health checks, `maint` does not. */
export type AdminState = 'ready' | 'drain' | 'maint';

export class Server implements Target, ServerRecord, PoolOwner {
  readonly id: number;
  readonly name: string;
  readonly settings: ServerSettings;
  readonly address: string;
  readonly backendName: string;
  readonly backup: boolean;
  /** What the backend's cookie says of this server's clients; null: nothing. */
  readonly cookie: string | null;
  readonly counters: ServerCounters = {
    streamsTotal: 0, streamsCurrent: 0, streamsMax: 0, connectionsTotal: 0, connectionsCurrent: 0, connectFailures: 0, refused: 0, protocolErrors: 0,
    glitches: 0, bytesIn: 0, bytesOut: 0, checksFailed: 0, transitionsDown: 0,
  };
  status: ServerStatus;
  /** Why the status is what it is. */
  statusReason = '';
  /** null: none has ended yet. */
  check: CheckReport | null = null;
  readonly #owner: ServerOwner;
  /** The limit depends on the backend's load. */
  readonly #elastic: boolean;
  readonly #connections: ServerConnections;
  #admin: AdminState;
  /** What the checks say, whatever operators do. */
  #health: 'UP' | 'DOWN' | 'NOLB' | 'no check';
  readonly #slowStart: SlowStart;
  #suspectUntil = 0;
  #removed = false;

  /** @param id its number in the backend, from 1 in the order of the configuration */
  constructor(id: number, name: string, address: ServerAddress, settings: ServerSettings, owner: ServerOwner) {
    this.id = id;
    this.name = name;
    this.settings = settings;
    this.address = describeAddress(address);
    this.backendName = owner.name;
    this.backup = settings.backup;
    this.cookie = settings.cookie ?? owner.dynamicCookie(address);
    this.#elastic = settings.minconn > 0 && settings.minconn < settings.maxconn;
    this.#admin = settings.disabled ? 'maint' : 'ready';
    this.#health = settings.check ? 'UP' : 'no check';
    this.status = settings.disabled ? 'MAINT' : this.#health;
    this.#owner = owner;
    this.#connections = new ServerConnections(address, settings, owner, this);
    this.#slowStart = new SlowStart(settings.slowStartMs, () => owner.onUsableChanged(this));
  }

  /** Streams on the server and on the way to it: what leastconn compares. */
  get inflight(): number {
    return this.counters.streamsCurrent;
  }

  /** Streams at once, now; 0: no limit. */
  get maxconn(): number {
    const limit = this.#elastic ? this.#owner.limitOf(this.settings) : this.settings.maxconn;
    const { share } = this.#slowStart;
    return share === 1 || limit === 0 ? limit : Math.max(1, Math.floor(limit * share));
  }

  /** In force now: fewer than configured while the server starts slowly. */
  get weight(): number {
    return this.#owner.weightsVary ? this.settings.weight * this.#slowStart.share : this.settings.weight;
  }

  /** Takes new streams as far as its checks and the operator are concerned. */
  get usable(): boolean {
    return (this.status === 'UP' || this.status === 'no check') && !this.#removed;
  }

  /** It has left the backend. */
  get removed(): boolean {
    return this.#removed;
  }

  get suspect(): boolean {
    return this.#suspectUntil > now();
  }

  /** Keeps the streams that belong to it (cookies, stick tables) though it may take no others. */
  get keepsSessions(): boolean {
    return this.status !== 'DOWN' && this.status !== 'MAINT' && !this.#removed;
  }

  get hasSlot(): boolean {
    const { maxconn } = this;
    return maxconn === 0 || this.counters.streamsCurrent < maxconn;
  }

  get adminState(): AdminState {
    return this.#admin;
  }

  /** The verdict of the checks. */
  setStatus(status: 'UP' | 'DOWN' | 'NOLB', reason: string): void {
    this.#health = status;
    this.#update(reason);
  }

  /** The word of an operator. Running streams go on. */
  setAdminState(state: AdminState, reason: string): void {
    if (this.#admin === state) return;
    this.#admin = state;
    this.#owner.onAdminChanged(this);
    this.#update(reason);
  }

  #update(reason: string): void {
    const from = this.status;
    const health = this.#health;
    const status = this.#admin === 'maint' ? 'MAINT' : this.#admin === 'drain' && health !== 'DOWN' ? 'DRAIN' : health;
    if (from === status) return;
    this.status = status;
    this.statusReason = reason;
    if (status === 'DOWN') this.counters.transitionsDown++;
    if (status === 'UP') this.#suspectUntil = 0;
    if (this.usable && (from === 'DOWN' || from === 'MAINT')) this.#slowStart.begin();
    else if (!this.usable) this.#slowStart.stop();
    this.#owner.onStatusChanged(this, from, reason);
    this.#owner.onUsableChanged(this);
  }

  /** It has just come: `slowstart` applies. */
  startSlowly(): void {
    this.#slowStart.begin();
    this.#owner.onUsableChanged(this);
  }

  /** A stream (or TCP connection) was assigned. Every call is followed by one of {@link release}. */
  assign(): void {
    const { counters } = this;
    counters.streamsTotal++;
    if (++counters.streamsCurrent > counters.streamsMax) counters.streamsMax = counters.streamsCurrent;
  }

  release(): void {
    this.counters.streamsCurrent--;
    this.#owner.onSlotFree(this);
  }

  /** TLS of its checks; null: cleartext. */
  get checkConnector(): TlsConnector | null {
    return this.#owner.connectorOf(this.settings.checkTls);
  }

  /** Finds or makes a connection for a client that connected to `destination`. */
  acquire(seeker: StreamSeeker, destination: Destination): void {
    this.#connections.acquire(seeker, destination);
  }

  abandon(seeker: StreamSeeker, destination: Destination): void {
    this.#connections.abandon(seeker, destination);
  }

  /** Dials a raw TCP connection; `done` gets the connected, paused socket, or the reason of the failure. The answer cancels the dial. */
  dialRaw(destination: ConnectionRecord, done: (socket: Socket | null, reason: string) => void): () => void {
    const socket = this.#connections.dialRaw(destination);
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), this.#owner.connectTimeoutMs);
    let answered = false;
    const answer = (result: Socket | null, reason: string): void => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      if (result === null) this.onDialFailed(reason);
      else this.onConnected();
      done(result, reason);
    };
    socket.pause();
    socket.once('error', (error: NodeJS.ErrnoException) => answer(null, failure(error)));
    socket.once(readyEvent(socket), () => {
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      socket.once('close', () => this.onDisconnected());
      answer(socket, '');
    });
    return () => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      socket.destroy();
    };
  }

  /** The server has left the backend: running streams end by themselves. */
  remove(): void {
    this.#removed = true;
    this.#slowStart.stop();
    this.#connections.drain();
  }

  /** Cuts off the requests that run on it; raw connections are their clients' to end. */
  endSessions(cause: string): void {
    this.#connections.endSessions(cause);
  }

  destroy(): void {
    this.#connections.destroy();
  }

  onConnected(): void {
    this.counters.connectionsTotal++;
    this.counters.connectionsCurrent++;
    if (this.#suspectUntil !== 0) {
      this.#suspectUntil = 0;
      this.#owner.onUsableChanged(this);
    }
  }

  onDisconnected(): void {
    this.counters.connectionsCurrent--;
  }

  onDialFailed(_reason: string): void {
    this.counters.connectFailures++;
    this.#suspectUntil = now() + SUSPECT_MS;
    setTimeout(() => this.#owner.onUsableChanged(this), SUSPECT_MS + 1).unref();
    this.#owner.onUsableChanged(this);
    this.#owner.onHint(this);
  }

  onGoAway(): void {
    this.#owner.onHint(this);
  }

  onGlitch(): void {
    this.counters.glitches++;
  }

  onProtocolError(code: number, reason: string): void {
    this.counters.protocolErrors++;
    this.#owner.onProtocolError(this, code, reason);
  }
}

function failure(error: NodeJS.ErrnoException): string {
  const code = error.code ?? error.message;
  return serverFailure(code) ?? code;
}
