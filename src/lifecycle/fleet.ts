/**
 * The servers of one backend as they come and go: those of the configuration, and those that DNS names. Each has its checks; a hint
 * from the data path brings the checks, and the look-up, forward.
 */
import type { BackendSettings, Configuration, ServerAddress, ServerSettings } from '../config/model.ts';
import type { Observer } from '../model/observer.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import { supervise } from '../health/supervise.ts';
import type { Backend } from '../pool/backend.ts';
import type { Server } from '../pool/server.ts';
import { askSystem, DnsDiscovery } from '../resolve/dns-discovery.ts';
import { askNameservers } from '../resolve/nameservers.ts';
import { assign, freeSlots, type Slots } from '../resolve/slots.ts';

/** How often a name is looked up, milliseconds. */
const LOOKUP_INTERVAL_MS = 5000;

export class Fleet {
  readonly backend: Backend;
  readonly #settings: BackendSettings;
  readonly #resolvers: Configuration['resolvers'];
  readonly #observer: Observer;
  readonly #monitors = new Map<Server, HealthMonitor>();
  readonly #discoveries: DnsDiscovery[] = [];
  /** Servers that come from now on are newcomers among others. */
  #started = false;

  constructor(backend: Backend, resolvers: Configuration['resolvers'], observer: Observer) {
    this.backend = backend;
    this.#resolvers = resolvers;
    this.#settings = backend.settings;
    this.#observer = observer;
    backend.hintHandler = (server) => {
      this.#monitors.get(server)?.checkNow();
      for (const discovery of this.#discoveries) discovery.refresh();
    };
    // HAProxy management manual, "set server": in maintenance a server is not checked.
    backend.adminHandler = (server) => this.setChecks(server, server.adminState !== 'maint');
  }

  /** Whether the server, if it can be checked, is checked from now on. */
  setChecks(server: Server, enabled: boolean): void {
    const monitor = this.#monitors.get(server);
    if (enabled) monitor?.start();
    else monitor?.stop();
  }

  /** Overrules what the checks said; the next ones may say otherwise. */
  forceHealth(server: Server, status: 'UP' | 'NOLB' | 'DOWN', reason: string): void {
    const monitor = this.#monitors.get(server);
    if (monitor === undefined) server.setStatus(status, reason);
    else monitor.force(status, reason);
  }

  /** Adds the configured servers; resolves when names have been looked up once. */
  async start(): Promise<void> {
    const lookups: Promise<void>[] = [];
    let id = 1;
    for (const settings of this.#settings.servers) {
      const { discovery } = settings;
      if (discovery.kind === 'static') this.#add(id++, settings.name, settings.address, settings);
      else {
        lookups.push(this.#discover(id, settings, discovery.slots, discovery.first));
        id += discovery.slots;
      }
    }
    await Promise.all(lookups);
    this.#started = true;
  }

  /** Ends checks and look-ups; the servers stay as they are. */
  stop(): void {
    for (const monitor of this.#monitors.values()) monitor.stop();
    this.#monitors.clear();
    for (const discovery of this.#discoveries) discovery.stop();
  }

  #add(id: number, name: string, address: ServerAddress, settings: ServerSettings): Server {
    const server = this.backend.addServer(name, address, settings, id);
    const monitor = supervise(server, address, this.#settings, (text) => this.#observer.event('info', text, { backend: this.backend.name, server: name }));
    if (monitor !== null) this.#monitors.set(server, monitor);
    if (this.#started) server.startSlowly();
    return server;
  }

  #remove(server: Server): void {
    this.#monitors.get(server)?.stop();
    this.#monitors.delete(server);
    this.backend.removeServer(server);
  }

  #discover(firstId: number, settings: ServerSettings, count: number, first: number): Promise<void> {
    const { address } = settings;
    if (address.kind !== 'tcp') return Promise.resolve();
    const { host, port } = address;
    const resolvers = this.#resolvers.get(settings.resolvers ?? '');
    let slots: Slots = freeSlots(count);
    const servers: (Server | null)[] = slots.map(() => null);
    const where = { backend: this.backend.name, host };
    const showEmpty = (): void => {
      const empty = slots.flatMap((ip, index) => (ip !== null ? [] : [{ id: firstId + index, name: `${settings.name}${first + index}`, settings }]));
      const others = this.backend.emptySlots.filter(({ id }) => id < firstId || id >= firstId + count);
      this.backend.emptySlots = [...others, ...empty];
    };
    showEmpty();
    const discovery = new DnsDiscovery(
      {
        host,
        slots: count,
        intervalMs: resolvers?.holdValidMs ?? LOOKUP_INTERVAL_MS,
        failedIntervalMs: resolvers?.resolveMs ?? LOOKUP_INTERVAL_MS,
        preferIpv6: settings.preferIpv6,
        ...(resolvers === undefined ? {} : { lookup: askNameservers(resolvers) }),
        ...(settings.initLibc ? { firstLookup: askSystem } : {}),
        onError: (reason) => this.#observer.event('warn', `cannot look up ${host}: ${reason}; servers stay as they are`, where),
      },
      (addresses) => {
        const next = assign(slots, addresses);
        next.forEach((ip, index) => {
          if (ip === slots[index]) return;
          const gone = servers[index] ?? null;
          const state = gone?.adminState ?? null;
          if (gone !== null) this.#remove(gone);
          const server = ip === null ? null : this.#add(firstId + index, `${settings.name}${first + index}`, { kind: 'tcp', host: ip, port }, settings);
          // What an operator said of the slot holds for its next server, too.
          if (state !== null) server?.setAdminState(state, gone?.statusReason ?? '');
          servers[index] = server;
        });
        slots = next;
        showEmpty();
        this.#observer.event('info', `${host} is now ${addresses.join(', ') || 'nothing'}`, { ...where, servers: addresses.length });
      },
    );
    this.#discoveries.push(discovery);
    return discovery.start();
  }
}
