/**
 * A backend: its servers, the picker over those that are usable now, and the queue of those who wait for a slot.
 */
import type { BackendSettings, ServerAddress, ServerSettings } from '../config/model.ts';
import type { ServerTlsSettings } from '../config/tls-settings.ts';
import type { TlsConnector } from '../tls/connector.ts';
import type { BackendCounters, BackendRecord, ServerStatus } from '../model/records.ts';
import type { Observer } from '../model/observer.ts';
import { createPicker } from '../balance/create-picker.ts';
import type { Picker } from '../balance/picker.ts';
import { clientOptions, type Http2Options } from '../h2/options.ts';
import { Queue, type Place } from './queue.ts';
import { Server, type ServerOwner } from './server.ts';
import { queueLimit, streamLimit } from './stream-limit.ts';

/** Streams that may wait for a slot, whatever `maxqueue` says. */
const MAX_QUEUE = 10_000;
/** HAProxy leaves an unset `timeout connect` unlimited and warns; a connect that takes longer than this has failed. */
const DEFAULT_CONNECT_MS = 10_000;

/** One who waits for a slot on any server. */
export interface Queued {
  /** Servers that others are preferred to: they were tried. */
  readonly tried: readonly Server[] | null;
  /** Its turn: `server` has a slot, which it takes before it returns. */
  onSlot(server: Server): void;
  /** No server is left that could have one. */
  onNoServer(): void;
}

/** The TLS of a server's line; null: cleartext. */
export type Connectors = (settings: ServerTlsSettings | null) => TlsConnector | null;

export class Backend implements BackendRecord, ServerOwner {
  readonly name: string;
  readonly settings: BackendSettings;
  readonly connectTimeoutMs: number;
  readonly http2: Http2Options;
  readonly counters: BackendCounters = {
    streamsTotal: 0, streamsCurrent: 0, queued: 0, queuedMax: 0, retries: 0, redispatches: 0, unserved: 0,
  };
  servers: readonly Server[] = [];
  readonly connectorOf: Connectors;
  readonly #observer: Observer;
  readonly #queue = new Queue<Queued>();
  readonly #fullconn: number;
  /** Some server's limit depends on the backend's load (`minconn`). */
  readonly #elastic: boolean;
  #picker: Picker<Server>;
  #onHint: (server: Server) => void = () => {};

  /** @param fullconn what `fullconn` is where it is not set */
  constructor(settings: BackendSettings, observer: Observer, fullconn: number, connectorOf: Connectors = () => null) {
    this.connectorOf = connectorOf;
    this.name = settings.name;
    this.settings = settings;
    this.connectTimeoutMs = settings.connectTimeoutMs ?? DEFAULT_CONNECT_MS;
    this.http2 = clientOptions(settings.http2);
    this.#observer = observer;
    this.#fullconn = settings.fullconn ?? fullconn;
    this.#elastic = settings.servers.some(({ minconn, maxconn }) => minconn > 0 && minconn < maxconn);
    this.#picker = createPicker<Server>(settings.balance, [], null);
  }

  /** Who looks at a server again when the data path saw a sign of trouble: its checks. */
  set hintHandler(handler: (server: Server) => void) {
    this.#onHint = handler;
  }

  addServer(name: string, address: ServerAddress, settings: ServerSettings): Server {
    const server = new Server(name, address, settings, this);
    this.servers = [...this.servers, server];
    this.#rebuild();
    return server;
  }

  /** Takes a server out; streams that run on it go on. */
  removeServer(server: Server): void {
    this.servers = this.servers.filter((other) => other !== server);
    server.remove();
    this.#rebuild();
  }

  /** A server with a free slot for one who tried these: another one if possible. Null: none has a slot, or others wait already. */
  pick(tried: readonly Server[] | null): Server | null {
    return this.#queue.length > 0 ? null : this.#pickFor(tried);
  }

  /** A server with a free slot that is not among these. */
  pickOther(tried: readonly Server[]): Server | null {
    return this.#picker.pick(tried);
  }

  #pickFor(tried: readonly Server[] | null): Server | null {
    return this.#picker.pick(tried) ?? (tried === null ? null : this.#picker.pick(null));
  }

  /** True when some server could take the stream if it had a free slot: then waiting makes sense. */
  get hasUsable(): boolean {
    return this.servers.some((server) => server.usable && server.weight > 0);
  }

  /** Streams that `server` takes at once, at the present load; 0: no limit. */
  limitOf({ minconn, maxconn }: ServerSettings): number {
    return streamLimit(minconn, maxconn, this.counters.streamsCurrent, this.#fullconn);
  }

  /** A place in the queue for `waiter`, whose turn may come before this returns; null when it is full. */
  enqueue(waiter: Queued): Place<Queued> | null {
    const queue = this.#queue;
    const usable = this.servers.filter((server) => server.usable);
    if (queue.length >= queueLimit(usable.map(({ settings }) => settings.maxqueue), MAX_QUEUE)) return null;
    const place = queue.join(waiter);
    this.#countQueue();
    // Who waits is load, too, which may have lifted a limit.
    if (this.#elastic) this.#serveQueue();
    return place;
  }

  leaveQueue(place: Place<Queued>): void {
    this.#queue.leave(place);
    this.#countQueue();
  }

  #countQueue(): void {
    this.counters.queued = this.#queue.length;
    this.counters.queuedMax = this.#queue.longest;
  }

  onSlotFree(): void {
    if (this.#queue.length > 0) this.#serveQueue();
  }

  onUsableChanged(): void {
    this.#rebuild();
    if (this.#queue.length > 0) this.#serveQueue();
  }

  onStatusChanged(server: Server, from: ServerStatus, reason: string): void {
    this.#observer.serverChanged(this, server, from, reason);
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
    const tier = active.length > 0 ? active : usable.slice(0, 1);
    const trusted = tier.filter((server) => !server.suspect);
    this.#picker = createPicker<Server>(this.settings.balance, trusted.length > 0 ? trusted : tier, this.#picker);
  }

  /** When the last usable server has gone, waiting has no point: everybody is let go to hear so. */
  #serveQueue(): void {
    const queue = this.#queue;
    for (let next = queue.first; next !== null; next = queue.first) {
      const server = this.#pickFor(next.tried);
      if (server === null && this.hasUsable) return;
      queue.shift();
      this.#countQueue();
      if (server === null) next.onNoServer();
      else next.onSlot(server);
    }
  }
}
