/** Statistics put together: what counts, what shows, and what operators reach. Loaded only where a proxy has `stats enable`. */
import type { Configuration } from '../config/model.ts';
import type { Frontend } from '../exchange/frontend.ts';
import { eitherService } from '../exchange/monitor.ts';
import type { Observer } from '../model/observer.ts';
import type { Backend } from '../pool/backend.ts';
import type { Server } from '../pool/server.ts';
import type { ProxyDirectory } from '../route/context.ts';
import { now } from '../time/clock.ts';
import type { ServerControl } from './actions.ts';
import type { PageInfo } from './html.ts';
import { Meters } from './meters.ts';
import type { StatsSource } from './page.ts';
import { StatsService } from './service.ts';
import { metered, snapshot, type StatsProxy } from './snapshot.ts';
import { Ledger } from './tally.ts';

/** Who manages the servers of a backend: their checks are its. */
export interface Manager {
  setChecks(server: Server, enabled: boolean): void;
  forceHealth(server: Server, status: 'UP' | 'NOLB' | 'DOWN', reason: string): void;
}

export interface StatsEnvironment {
  readonly version: string;
  readonly pid: number;
  readonly maxFiles: number;
  readonly maxconn: number;
  readonly hostname: string;
  /** Empty: it is not. */
  readonly stopping: () => string;
}

export class Stats implements StatsSource {
  readonly control: ServerControl;
  readonly #environment: StatsEnvironment;
  readonly #configuration: Configuration;
  readonly #ledger: Ledger = new Ledger(now);
  #proxies: readonly StatsProxy[] = [];
  #meters: Meters | null = null;

  constructor(configuration: Configuration, environment: StatsEnvironment, managerOf: (server: Server) => Manager | undefined) {
    this.#configuration = configuration;
    this.#environment = environment;
    const reason = 'set on the statistics page';
    this.control = {
      setChecks: (server, enabled) => managerOf(server)?.setChecks(server, enabled),
      forceHealth: (server, status) => managerOf(server)?.forceHealth(server, status, reason),
      endSessions: (server) => {
        const cause = 'ended by an operator on the statistics page';
        server.endSessions(cause);
        for (const { frontend } of this.#proxies) frontend?.endSessions(server, cause);
      },
    };
  }

  /** Tells it of the data path. */
  get observer(): Observer {
    return this.#ledger.observer;
  }

  /** Begins to measure, and gives each proxy that has a page its service. */
  start(frontends: readonly Frontend[], backends: readonly Backend[], directory: ProxyDirectory): void {
    this.#proxies = this.#configuration.proxies.map(({ name, mode, isFrontend, isBackend }, index) => ({
      id: index + 1, name, mode,
      frontend: isFrontend ? (frontends.find((one) => one.name === name) ?? null) : null,
      backend: isBackend ? (backends.find((one) => one.name === name) ?? null) : null,
    }));
    this.#meters = new Meters(now, () => metered(this.#proxies));
    for (const [index, { name, stats }] of this.#configuration.proxies.entries()) {
      const proxy = this.#proxies[index];
      if (stats === null || proxy === undefined) continue;
      const service = new StatsService(stats, name, this, directory, now);
      if (proxy.frontend !== null) proxy.frontend.local = eitherService(proxy.frontend.local, service);
      else if (proxy.backend !== null) proxy.backend.local = service;
    }
  }

  stop(): void {
    this.#meters?.stop();
  }

  snapshot(): ReturnType<typeof snapshot> {
    const meters = this.#meters;
    if (meters === null) return [];
    return snapshot({ proxies: this.#proxies, ledger: this.#ledger, meters, now: now(), maxconn: this.#environment.maxconn });
  }

  info(): PageInfo {
    const { version, pid, maxFiles, maxconn, hostname, stopping } = this.#environment;
    const { node, description } = this.#configuration.global;
    const sum = (read: (frontend: Frontend) => number): number =>
      this.#proxies.reduce((total, { frontend }) => total + (frontend === null ? 0 : read(frontend)), 0);
    return {
      version, pid, maxFiles, maxconn, hostname: node ?? hostname, description, stopping: stopping(),
      uptimeSeconds: Math.floor((now() - this.#ledger.startedAt) / 1000),
      connections: sum(({ counters }) => counters.connectionsCurrent), streams: sum(({ counters }) => counters.streamsCurrent),
    };
  }

  findBackend(name: string): Backend | null {
    const found = name.startsWith('#')
      ? this.#proxies.find(({ id }) => String(id) === name.slice(1))
      : this.#proxies.find((proxy) => proxy.name === name && proxy.backend !== null);
    return found?.backend ?? null;
  }
}
