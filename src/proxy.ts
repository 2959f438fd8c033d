/**
 * Pillion put together, in the order in which a stream passes:
 *
 *   listen ▶ accept limit ▶ frontend ▶ client connection (detect) ▶ HTTP/2 session ▶ exchange ▶ backend (balance, queue) ▶ server
 *          ▶ connection pool ▶ HTTP/2 session ▶ socket
 *
 * This is the only place where rooms are joined and where observers are named.
 */
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { usesTls } from './config/build/tls.ts';
import type { Configuration, FrontendSettings } from './config/model.ts';
import type { Counted, Observer } from './model/observer.ts';
import type { ProxyDirectory } from './route/context.ts';
import { setProcessVariables } from './route/start.ts';
import { Frontend } from './exchange/frontend.ts';
import { createRouting } from './exchange/routing.ts';
import { Fleet } from './lifecycle/fleet.ts';
import { drain } from './lifecycle/drain.ts';
import { AcceptLimit } from './listen/accept-limit.ts';
import { Listener } from './listen/listener.ts';
import type { Admin } from './observe/admin/admin.ts';
import { composeObservers } from './observe/compose.ts';
import type { LogObserver } from './observe/log/log-observer.ts';
import { createMetrics } from './observe/metrics/metrics.ts';
import { createTracer, type StreamTracer } from './observe/trace/tracer.ts';
import { Backend } from './pool/backend.ts';
import type { Server } from './pool/server.ts';
import type { Stats, StatsEnvironment } from './stats/stats.ts';
import type { TlsStore } from './tls/store.ts';
import { defaultFullconn } from './pool/stream-limit.ts';

/** How long logs and spans may take to leave when the process ends, milliseconds. */
const FLUSH_MS = 2000;
/** HAProxy derives its default from the descriptor limit; two descriptors a connection, and some for the rest. */
const DESCRIPTORS_RESERVED = 100;

export interface ProxyEnvironment {
  readonly pid: number;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process's limit of open files, from which an unset `maxconn` is derived. */
  readonly maxFiles: number;
}

export interface Proxy {
  /** What is listened on, as written, with the port that was chosen where 0 was asked for. */
  readonly listening: readonly { readonly frontend: string; readonly address: string; readonly port: number }[];
  readonly counted: Counted;
  /** Where /metrics, /ready and /live are, or null. */
  readonly adminAddress: string | null;
  /** Reads the files of certificates and keys now; what cannot be used leaves the old ones in force. */
  rereadCertificates(): Promise<void>;
  /** Stops taking work, lets what runs finish, stops. Resolves when nothing is left. */
  drain(): Promise<{ readonly complete: boolean; readonly flushed: boolean }>;
  /** Cuts off whatever runs and releases everything. False when the log could not be written to its end. */
  stop(cause: string): Promise<boolean>;
}

/** @throws Error, for the operator, when an address cannot be bound */
export async function startProxy(configuration: Configuration, environment: ProxyEnvironment): Promise<Proxy> {
  const { global } = configuration;
  setProcessVariables(global.processVariables);
  const log = await openLog(configuration, environment);
  let tls: TlsStore | null = null;
  const backends: Backend[] = [];
  const frontends: Frontend[] = [];
  const counted: Counted = { frontends, backends };
  const metrics = global.admin === null ? null : createMetrics({ counted, droppedLines: () => log?.dropped ?? 0, certificates: () => tls });
  const maxconn = global.maxconn ?? Math.max(100, Math.floor((environment.maxFiles - DESCRIPTORS_RESERVED) / 2));
  const fleets: Fleet[] = [];
  let stopping = '';
  const stats = await openStats(configuration, { ...environment, maxconn, hostname: hostname(), stopping: () => stopping }, (server) => fleets.find((fleet) => fleet.backend.servers.includes(server)));
  const observer: Observer = composeObservers([metrics?.observer, log, stats?.observer].filter((one) => one !== null && one !== undefined));

  try {
    tls = await openTls(configuration, observer);
  } catch (error) {
    log?.close();
    throw error;
  }
  for (const settings of configuration.backends) {
    const frontLimits = configuration.frontends.filter((one) => leadsTo(one, settings.name)).map((one) => one.maxconn ?? maxconn);
    const backend = new Backend(settings, observer, defaultFullconn(frontLimits), (line) => tls?.connectorOf(line) ?? null);
    backends.push(backend);
    fleets.push(new Fleet(backend, configuration.resolvers, observer));
  }
  await Promise.all(fleets.map((fleet) => fleet.start()));

  let connectionId = 0;
  let onEmpty = (): void => {};
  const limit = new AcceptLimit(maxconn, null);
  const listeners: Listener[] = [];
  let admin: Admin | null = null;
  let tracer: StreamTracer | null = null;

  const closeListeners = (): void => {
    for (const listener of listeners.splice(0)) listener.close();
  };
  const release = async (): Promise<boolean> => {
    closeListeners();
    tls?.close();
    for (const fleet of fleets) fleet.stop();
    stats?.stop();
    for (const backend of backends) for (const server of backend.servers) server.destroy();
    const [flushed] = await Promise.all([log?.flush(FLUSH_MS) ?? true, tracer?.shutdown(FLUSH_MS), admin?.close()]);
    log?.close();
    return flushed;
  };

  const backendsByName = new Map(backends.map((backend) => [backend.name, backend]));
  for (const backend of backends) backend.tableOf = (name) => backendsByName.get(name)?.stickTable ?? null;
  const directory: ProxyDirectory = {
    backend: (name) => backendsByName.get(name),
    frontend: (name) => frontends.find((frontend) => frontend.name === name),
    pid: environment.pid,
    hostname: hostname(),
    get stopping() { return stopping !== ''; },
    get connections() { return frontends.reduce((sum, { counters }) => sum + counters.connectionsCurrent, 0); },
  };
  const listening: { frontend: string; address: string; port: number; name: string | null }[] = [];
  try {
    for (const settings of configuration.frontends) {
      const backend = backends.find(({ name }) => name === settings.defaultBackend) ?? null;
      const frontend = new Frontend(settings, backend, createRouting(settings, backendsByName, directory), observer, () => ++connectionId);
      frontends.push(frontend);
      const frontendLimit = new AcceptLimit(settings.maxconn ?? maxconn, limit);
      frontend.onConnectionEnded = () => {
        frontendLimit.leave();
        if (stopping !== '' && frontends.every(({ size }) => size === 0)) onEmpty();
      };
      for (const bind of settings.binds) {
        const acceptor = tls?.acceptorOf(bind.tls) ?? null;
        const accept = (socket: Socket): void => frontendLimit.enter(socket, () => frontend.accept(socket, bind, acceptor));
        const listener = await Listener.open(bind, accept);
        listeners.push(listener);
        listening.push({ frontend: settings.name, address: bind.text, port: listener.port, name: bind.name });
      }
    }
    stats?.start(frontends, backends, directory);
    if (global.admin !== null && metrics !== null) {
      const { startAdmin } = await import('./observe/admin/admin.ts');
      admin = await startAdmin(global.admin, {
        metrics: () => metrics.render(),
        metricsType: metrics.contentType,
        notReady: () => stopping,
        notLive: () => '',
      });
    }
  } catch (error) {
    await release();
    throw error;
  }
  // OpenTelemetry takes longer to load than everything else together: what comes before it is there is not traced.
  tracer = await createTracer({ otlp: global.otlp, env: environment.env, version: environment.version, report: observer.event });
  for (const frontend of frontends) frontend.tracer = tracer;
  for (const { frontend, address, port, name } of listening) {
    observer.event('info', `listening on ${address}`, { frontend, port, ...(name === null ? {} : { name }) });
  }

  const size = (): number => frontends.reduce((sum, frontend) => sum + frontend.size, 0);
  const stop = async (cause: string): Promise<boolean> => {
    stopping = cause;
    closeListeners();
    for (const frontend of frontends) frontend.abort(cause);
    observer.event('info', 'stopped', { cause });
    return await release();
  };
  return {
    listening,
    counted,
    adminAddress: admin?.address ?? null,
    rereadCertificates: async () => await tls?.reread(),
    stop,
    async drain() {
      stopping = 'draining';
      observer.event('info', 'draining: no new streams on connections, listeners close after the grace', {
        connections: size(), graceMs: global.graceMs, hardStopAfterMs: global.hardStopAfterMs ?? -1,
      });
      const result = await drain({
        graceMs: global.graceMs,
        hardStopAfterMs: global.hardStopAfterMs,
        announce: () => {
          for (const frontend of frontends) frontend.drain('shutting down');
        },
        closeListeners,
        empty: () =>
          new Promise((resolve) => {
            onEmpty = resolve;
            if (size() === 0) resolve();
          }),
      });
      if (result === 'hard stop') observer.event('warn', 'hard-stop-after is over: what still runs is cut off', { connections: size() });
      const flushed = await stop(result === 'empty' ? 'drained' : 'hard-stop-after');
      return { complete: result === 'empty', flushed };
    },
  };
}

/** Certificates and keys, if there are any: node:tls is loaded only then. */
async function openTls(configuration: Configuration, observer: Observer): Promise<TlsStore | null> {
  if (!usesTls(configuration)) return null;
  const { TlsStore } = await import('./tls/store.ts');
  return await TlsStore.open(configuration, {
    reread: (owner, certificates) => observer.event('info', 'certificates were read again', { owner, certificates: certificates.length }),
    rereadFailed: (owner, reason) => observer.event('error', `certificates cannot be used, the old ones stay: ${reason}`, { owner }),
  });
}

/** The statistics, if some proxy shows them. */
async function openStats(configuration: Configuration, environment: StatsEnvironment, managerOf: (server: Server) => Fleet | undefined): Promise<Stats | null> {
  if (configuration.proxies.every(({ stats }) => stats === null)) return null;
  const { Stats } = await import('./stats/stats.ts');
  return new Stats(configuration, environment, managerOf);
}

/** The log, if anything is to be logged: what writes it is loaded only then. */
async function openLog({ global, frontends }: Configuration, { pid }: ProxyEnvironment): Promise<LogObserver | null> {
  if (global.logs.length === 0 && frontends.every(({ logs }) => logs.length === 0)) return null;
  const { createLogObserver } = await import('./observe/log/log-observer.ts');
  return createLogObserver({
    targets: global.logs,
    frontends: new Map(frontends.map(({ name, logs }) => [name, logs])),
    pid,
    report: () => {},
  });
}

/** Whether streams of the frontend may go to `backend`, as far as that can be told beforehand. */
function leadsTo({ defaultBackend, rules }: FrontendSettings, backend: string): boolean {
  return defaultBackend === backend || rules?.useBackend.some(({ name }) => name.constant === backend) === true;
}
