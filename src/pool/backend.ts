/**
 * A backend: its servers, the picker over those that are usable now, and the queue of those who wait for a slot.
 */
import type { BackendSettings, Mode, ServerAddress, ServerSettings } from '../config/model.ts';
import type { ServerTlsSettings } from '../config/tls-settings.ts';
import type { TlsConnector } from '../tls/connector.ts';
import type { BackendCounters, BackendRecord, ServerStatus } from '../model/records.ts';
import type { LocalService } from '../model/local-service.ts';
import type { Observer } from '../model/observer.ts';
import { createPicker } from '../balance/create-picker.ts';
import { keyOf, NO_KEY, type KeyOf } from '../balance/key.ts';
import type { Picker } from '../balance/picker.ts';
import { StickTable } from '../balance/stick-table.ts';
import type { Subject } from '../balance/subject.ts';
import { clientOptions, type Http2Options } from '../h2/options.ts';
import { dynamicCookie } from './dynamic-cookie.ts';
import { Persistence } from './persistence.ts';
import { Queue, type Place } from './queue.ts';
import { Server, type ServerOwner } from './server.ts';
import type { ConnectionSettings } from './server-connections.ts';
import { RetryBudget } from './retry-budget.ts';
import { retriesAnswers, retriesProcessed } from './retry-policy.ts';
import { queueLimit, streamLimit } from './stream-limit.ts';

/** Streams that may wait for a slot, whatever `maxqueue` says. */
const MAX_QUEUE = 10_000;
/** What is held of a request's body in any case, octets: what no server processed is worth another try. */
const MIN_HELD = 64 * 1024;
/** HAProxy leaves an unset `timeout connect` unlimited and warns; a connect that takes longer than this has failed. */
const DEFAULT_CONNECT_MS = 10_000;

/** Octets of a body that may be under way to the client. */
const HTTP1_WINDOW = 64 * 1024;

/** One who waits for a slot on any server. */
export interface Queued extends Subject {
  /** Servers that others are preferred to: they were tried. */
  readonly tried: readonly Server[] | null;
  /** Its turn: `server` has a slot, which it takes before it returns. */
  onSlot(server: Server): void;
  /** No server is left that could have one. */
  onNoServer(): void;
  /** The server that it waited for is gone: it goes elsewhere. */
  onMoved(): void;
}

/** The TLS of a server's line; null: cleartext. */
export type Connectors = (settings: ServerTlsSettings | null) => TlsConnector | null;

export interface EmptySlot {
  readonly id: number;
  readonly name: string;
  readonly settings: ServerSettings;
}

export class Backend implements BackendRecord, ServerOwner {
  readonly name: string;
  readonly settings: BackendSettings;
  readonly connectTimeoutMs: number;
  readonly http2: Http2Options;
  readonly weightsVary: boolean;
  readonly http1: ConnectionSettings['http1'];
  readonly mode: Mode;
  /** For streams that a server may have processed; null: without limit, or there are none. */
  readonly retryBudget: RetryBudget | null;
  /** How much of a request's body is held once a server takes it, octets (`tune.bufsize`). */
  readonly heldBytes: number;
  /** Some answers are not for the client (`retry-on`). */
  readonly retriesAnswers: boolean;
  readonly counters: BackendCounters = {
    streamsTotal: 0, streamsCurrent: 0, streamsMax: 0, queued: 0, queuedMax: 0, retries: 0, retriesRefused: 0, redispatches: 0, unserved: 0,
  };
  /** What answers in place of its servers (`stats`); null: nothing. */
  local: LocalService | null = null;
  servers: readonly Server[] = [];
  readonly connectorOf: Connectors;
  readonly #observer: Observer;
  readonly #queue = new Queue<Queued>();
  readonly fullconn: number;
  /** Servers of templates that no address was found for. */
  emptySlots: readonly EmptySlot[] = [];
  /** Some server's limit depends on the backend's load (`minconn`). */
  readonly #elastic: boolean;
  #picker: Picker<Server>;
  /** null: servers are not chosen by a key. */
  readonly #keyOf: KeyOf | null;
  /** null: nothing keeps clients with servers. */
  readonly persistence: Persistence | null;
  /** Its `stick-table`, or null. */
  readonly stickTable: StickTable | null;
  /** Tables by the names of their backends. */
  tableOf: (backend: string) => StickTable | null = (backend) => (backend === this.name ? this.stickTable : null);
  /** Those who wait for one server and no other, by server. */
  readonly #bound = new Map<Server, Queue<Queued>>();
  #onHint: (server: Server) => void = () => {};
  #onAdmin: (server: Server) => void = () => {};

  /** @param fullconn what `fullconn` is where it is not set */
  constructor(settings: BackendSettings, observer: Observer, fullconn: number, connectorOf: Connectors = () => null) {
    this.connectorOf = connectorOf;
    this.name = settings.name;
    this.settings = settings;
    this.connectTimeoutMs = settings.connectTimeoutMs ?? DEFAULT_CONNECT_MS;
    this.http2 = clientOptions(settings.http2);
    this.mode = settings.mode;
    this.http1 = {
      limits: settings.httpLimits, window: HTTP1_WINDOW, connectTimeoutMs: this.connectTimeoutMs,
      reuse: settings.http.reuse, keepAlive: settings.http.connection === 'keep-alive', pretendKeepAlive: settings.http.pretendKeepAlive,
    };
    const { retryBudget, retryOn } = settings;
    this.retryBudget = retryBudget === null || !retriesProcessed(retryOn) ? null : new RetryBudget(retryBudget);
    this.heldBytes = Math.max(MIN_HELD, settings.bufferBytes);
    this.retriesAnswers = retriesAnswers(retryOn);
    const { balance } = settings;
    this.weightsVary = balance.algorithm !== 'static-rr' && !('hashing' in balance && !balance.hashing.consistent);
    this.#observer = observer;
    this.fullconn = settings.fullconn ?? fullconn;
    this.#elastic = settings.servers.some(({ minconn, maxconn }) => minconn > 0 && minconn < maxconn);
    this.#picker = createPicker<Server>(settings.balance, [], null);
    this.#keyOf = 'hashing' in settings.balance ? keyOf(settings.balance) : null;
    this.persistence = settings.stickiness === null ? null : new Persistence(settings.stickiness, () => this.servers, (name) => this.tableOf(name));
    const table = settings.stickiness === null ? null : settings.stickiness.table;
    this.stickTable = table === null ? null : new StickTable(table);
  }

  /** Who looks at a server again when the data path saw a sign of trouble: its checks. */
  set hintHandler(handler: (server: Server) => void) {
    this.#onHint = handler;
  }

  /** Whose checks are to pause or to go on: an operator changed its state. */
  set adminHandler(handler: (server: Server) => void) {
    this.#onAdmin = handler;
  }

  /** @param id its number in the backend, from 1: servers are kept in this order */
  addServer(name: string, address: ServerAddress, settings: ServerSettings, id: number = this.servers.length + 1): Server {
    const server = new Server(id, name, address, settings, this);
    this.servers = [...this.servers, server].toSorted((a, b) => a.id - b.id);
    this.#rebuild();
    return server;
  }

  /** Takes a server out; streams that run on it go on. */
  removeServer(server: Server): void {
    this.servers = this.servers.filter((other) => other !== server);
    server.remove();
    // Who waits for it goes elsewhere.
    this.onUsableChanged();
  }

  /** A server with a free slot for one who tried these: another one if possible. Null: none has a slot, or others wait already. */
  pick(waiter: Queued): Server | null {
    const bound = this.boundTo(waiter);
    if (bound !== null) return bound.hasSlot && this.waitingFor(bound) === 0 ? bound : null;
    return this.#queue.length > 0 ? null : this.#pickFor(waiter);
  }

  /** A server with a free slot that was not tried. */
  pickOther(waiter: Queued): Server | null {
    const server = this.#picker.pick(waiter.tried, this.#keyOf === null ? NO_KEY : this.#keyOf(waiter));
    return server !== null && server.hasSlot ? server : null;
  }

  #pickFor({ tried }: Queued): Server | null {
    return this.#picker.pick(tried) ?? (tried === null ? null : this.#picker.pick(null));
  }

  /** The server that it belongs to, or that its key leads to; it may be full. null: any will do. */
  boundTo(waiter: Queued): Server | null {
    if (this.persistence === null && this.#keyOf === null) return null;
    const own = this.persistence === null ? null : this.persistence.serverOf(waiter);
    if (own !== null && waiter.tried?.includes(own) !== true) return own;
    const key = this.#keyOf === null ? NO_KEY : this.#keyOf(waiter);
    if (key === NO_KEY) return null;
    return this.#picker.pick(waiter.tried, key) ?? (waiter.tried === null ? null : this.#picker.pick(null, key));
  }

  dynamicCookie(address: ServerAddress): string | null {
    const { cookie, dynamicCookieKey } = this.settings.stickiness ?? { cookie: null, dynamicCookieKey: null };
    return cookie?.dynamic === true && dynamicCookieKey !== null ? dynamicCookie(dynamicCookieKey, address) : null;
  }

  /** How many wait for this server and no other. */
  waitingFor(server: Server): number {
    return this.#bound.size === 0 ? 0 : (this.#bound.get(server)?.length ?? 0);
  }

  /** True when some server could take the stream if it had a free slot: then waiting makes sense. */
  get hasUsable(): boolean {
    return this.servers.some((server) => server.usable && server.weight > 0);
  }

  /** Streams that `server` takes at once, at the present load; 0: no limit. */
  limitOf({ minconn, maxconn }: ServerSettings): number {
    return streamLimit(minconn, maxconn, this.counters.streamsCurrent, this.fullconn);
  }

  /** A place in the queue for `waiter`, whose turn may come before this returns; null when it is full. */
  enqueue(waiter: Queued): Place<Queued> | null {
    const bound = this.boundTo(waiter);
    if (bound !== null) return this.#enqueueFor(bound, waiter);
    const queue = this.#queue;
    const usable = this.servers.filter((server) => server.usable);
    if (queue.length >= queueLimit(usable.map(({ settings }) => settings.maxqueue), MAX_QUEUE)) return null;
    const place = queue.join(waiter);
    this.#countQueue();
    // Who waits is load, too, which may have lifted a limit.
    if (this.#elastic) this.#serveQueue();
    return place;
  }

  #enqueueFor(server: Server, waiter: Queued): Place<Queued> | null {
    const queue = this.#bound.get(server) ?? new Queue<Queued>();
    const place = queue.join(waiter);
    if (queue.length <= queueLimit([server.settings.maxqueue], MAX_QUEUE)) {
      this.#bound.set(server, queue);
      this.#countQueue();
      return place;
    }
    queue.leave(place);
    // HAProxy manual 5.2 "maxqueue": with the queue full, others may have it.
    const other = this.#picker.pick([...(waiter.tried ?? []), server]);
    if (other === null || !other.hasSlot) return null;
    waiter.onSlot(other);
    return place;
  }

  leaveQueue(place: Place<Queued>): void {
    place.queue.leave(place);
    this.#countQueue();
  }

  #countQueue(): void {
    const { counters } = this;
    counters.queued = this.#queue.length;
    for (const queue of this.#bound.values()) counters.queued += queue.length;
    if (counters.queued > counters.queuedMax) counters.queuedMax = counters.queued;
  }

  onSlotFree(server: Server): void {
    if (this.waitingFor(server) > 0) this.#serveBound(server);
    if (this.#queue.length > 0) this.#serveQueue();
  }

  #serveBound(server: Server): void {
    const queue = this.#bound.get(server);
    while (queue !== undefined && server.hasSlot) {
      const next = queue.shift();
      if (next === null) break;
      this.#countQueue();
      next.onSlot(server);
    }
  }

  /** Who waits for a server that takes nothing new goes elsewhere, unless it belongs there and the server keeps those who do. */
  #releaseBound(): void {
    for (const [server, queue] of this.#bound) {
      if (server.usable) continue;
      this.#bound.delete(server);
      for (let next = queue.shift(); next !== null; next = queue.shift()) next.onMoved();
    }
    this.#countQueue();
  }

  onUsableChanged(): void {
    this.#rebuild();
    if (this.#bound.size > 0) this.#releaseBound();
    if (this.#queue.length > 0) this.#serveQueue();
  }

  onStatusChanged(server: Server, from: ServerStatus, reason: string): void {
    this.#observer.serverChanged(this, server, from, reason);
  }

  onAdminChanged(server: Server): void {
    this.#onAdmin(server);
  }

  onHint(server: Server): void {
    this.#onHint(server);
  }

  onProtocolError(server: Server, code: number, reason: string): void {
    this.#observer.protocolError('server', `${this.name}/${server.name} ${server.address}`, code, reason);
  }

  /** Why no server could be had, for the error that the client sees. */
  describeOutage(): string {
    if (this.servers.length === 0) return `backend ${this.name} has no servers`;
    const states = this.servers.slice(0, 8).map((server) => {
      const state = server.usable && server.suspect ? 'not reachable' : server.status;
      return `${server.name} ${state}${server.statusReason === '' ? '' : ` (${server.statusReason})`}`;
    });
    const more = this.servers.length > 8 ? `, and ${this.servers.length - 8} more` : '';
    return `no server available in backend ${this.name}: ${states.join(', ')}${more}`;
  }

  /** The snapshot that is picked from: active servers before backup ones, servers that can be reached before suspect ones. */
  #rebuild(): void {
    const usable = this.servers.filter((server) => server.usable);
    const active = usable.filter((server) => !server.backup);
    const tier = active.length > 0 ? active : this.settings.allBackups ? usable : usable.slice(0, 1);
    // Keys stay where they are: one who cannot connect tries another.
    const trusted = this.#keyOf === null ? tier.filter((server) => !server.suspect) : [];
    this.#picker = createPicker<Server>(this.settings.balance, trusted.length > 0 ? trusted : tier, this.#picker);
  }

  /** When the last usable server has gone, waiting has no point: everybody is let go to hear so. */
  #serveQueue(): void {
    const queue = this.#queue;
    for (let next = queue.first; next !== null; next = queue.first) {
      const server = this.#pickFor(next);
      if (server === null && this.hasUsable) return;
      queue.shift();
      this.#countQueue();
      if (server === null) next.onNoServer();
      else next.onSlot(server);
    }
  }
}
