/**
 * A backend: its servers, the picker over those that are usable now, and the queue of those who wait for a slot.
 */
import type { BackendSettings, ServerAddress, ServerSettings } from '../config/model.ts';
import type { BackendCounters, BackendRecord, ServerStatus } from '../model/records.ts';
import type { Observer } from '../model/observer.ts';
import { createPicker } from '../balance/create-picker.ts';
import type { Picker } from '../balance/picker.ts';
import { clientOptions, type Http2Options } from '../h2/options.ts';
import { Server, type ServerOwner } from './server.ts';

/** Streams that may wait for a slot. */
const MAX_QUEUE = 10_000;
/** HAProxy leaves an unset `timeout connect` unlimited and warns; a connect that takes longer than this has failed. */
const DEFAULT_CONNECT_MS = 10_000;

/** One who waits for a slot on any server. */
export interface Queued {
  onSlot(): void;
}

export class Backend implements BackendRecord, ServerOwner {
  readonly name: string;
  readonly settings: BackendSettings;
  readonly connectTimeoutMs: number;
  readonly http2: Http2Options;
  readonly counters: BackendCounters = { streamsTotal: 0, queued: 0, retries: 0, redispatches: 0, unserved: 0 };
  servers: readonly Server[] = [];
  readonly #observer: Observer;
  readonly #queue = new Set<Queued>();
  #picker: Picker<Server>;
  #onHint: (server: Server) => void = () => {};

  constructor(settings: BackendSettings, observer: Observer) {
    this.name = settings.name;
    this.settings = settings;
    this.connectTimeoutMs = settings.connectTimeoutMs ?? DEFAULT_CONNECT_MS;
    this.http2 = clientOptions(settings.http2);
    this.#observer = observer;
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

  /** A server with a free slot outside `avoid`, or null. */
  pick(avoid: readonly Server[] | null): Server | null {
    return this.#picker.pick(avoid);
  }

  /** True when some server could take the stream if it had a free slot: then waiting makes sense. */
  get hasUsable(): boolean {
    return this.servers.some((server) => server.usable && server.weight > 0);
  }

  /** Puts `waiter` into the queue; false when it is full. */
  enqueue(waiter: Queued): boolean {
    if (this.#queue.size >= MAX_QUEUE) return false;
    this.#queue.add(waiter);
    this.counters.queued = this.#queue.size;
    return true;
  }

  leaveQueue(waiter: Queued): void {
    if (this.#queue.delete(waiter)) this.counters.queued = this.#queue.size;
  }

  onSlotFree(): void {
    if (this.#queue.size > 0) this.#serveQueue();
  }

  onUsableChanged(): void {
    this.#rebuild();
    if (this.#queue.size > 0) this.#serveQueue();
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

  get #hasSlot(): boolean {
    return this.servers.some((server) => server.usable && server.weight > 0 && (server.maxconn === 0 || server.inflight < server.maxconn));
  }

  /** When the last usable server has gone, waiting has no point: everybody is let go to hear so. */
  #serveQueue(): void {
    for (const waiter of this.#queue) {
      if (!this.#hasSlot && this.hasUsable) break;
      this.leaveQueue(waiter);
      waiter.onSlot();
    }
  }
}
