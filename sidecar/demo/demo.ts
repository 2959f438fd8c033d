/** The demo from beginning to end: replicas, Pillion, client, restarts, figures, and everything ended again in order. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';
import { demoConfig } from './config.ts';
import { Fleet } from './fleet.ts';
import { readMetrics } from './metrics.ts';
import type { ProxyView } from './metrics.ts';
import type { LoadReport } from './messages.ts';
import type { DemoOptions } from './options.ts';
import { freePorts, portProblem } from './ports.ts';
import { renderSummary } from './render.ts';
import type { View } from './render.ts';
import { createScreen } from './screen.ts';
import type { Screen } from './screen.ts';
import { Tally } from './tally.ts';

const NAMES = ['replica-1', 'replica-2', 'replica-3'];
const MOST_EVENTS = 4;
const SHOW_MS = 1000;
const PROXY_START_LIMIT_MS = 10_000;
const FIRST_TRAFFIC_LIMIT_MS = 10_000;
const LOAD_STOP_LIMIT_MS = 15_000;
const PROXY_STOP_LIMIT_MS = 12_000;
/** How much longer than --seconds the first round of restarts may take. */
const ROUND_LIMIT_MS = 15_000;
/** From a replica's return to the next restart: in the first round, and later on. */
const FIRST_PAUSE_MS = 200;
const PAUSE_MS = 2000;

export class Demo {
  readonly #options: DemoOptions;
  readonly #output: NodeJS.WriteStream;
  readonly #tally = new Tally();
  readonly #events: string[] = [];
  /** Things that must not happen, e.g. a replica that died. */
  readonly #troubles: string[] = [];
  readonly #ending = new AbortController();
  #fleet: Fleet | null = null;
  #proxy: Child | null = null;
  #load: Child | null = null;
  #directory: string | null = null;
  #adminPort = 0;
  #startedAt = 0;
  #seen: ProxyView | null = null;
  #screen: Screen | null = null;

  constructor(options: DemoOptions, output: NodeJS.WriteStream) {
    this.#options = options;
    this.#output = output;
  }

  /** Resolves to the exit code: 0 when calls were made and none failed. @throws Error when the demo cannot start. */
  async run(): Promise<number> {
    try {
      await this.#start();
      await this.#watch();
      return await this.#finish();
    } finally {
      this.#screen?.close();
      this.kill();
      if (this.#directory !== null) await rm(this.#directory, { recursive: true, force: true });
    }
  }

  /** Ends the demo in order; {@link run} then resolves. */
  end(): void {
    this.#ending.abort();
  }

  /** Ends all children at once. */
  kill(): void {
    this.#load?.kill();
    this.#proxy?.kill();
    this.#fleet?.kill();
  }

  async #start(): Promise<void> {
    const { port } = this.#options;
    if (port !== null) {
      const problem = await portProblem(port);
      if (problem === 'EADDRINUSE') throw new Error(`port ${port} on 127.0.0.1 is in use: name another one with --port, or none`);
      if (problem !== null) throw new Error(`cannot listen on port ${port} of 127.0.0.1: ${problem}`);
    }
    const [freePort = 0, adminPort = 0, ...replicaPorts] = await freePorts(2 + NAMES.length);
    const listenPort = port ?? freePort;
    this.#adminPort = adminPort;
    const replicas = NAMES.map((name, index) => ({ name, port: replicaPorts[index] as number }));

    this.#fleet = new Fleet(replicas, {
      told: (text) => this.#tell(text),
      lost: (text) => this.#trouble(text),
      answeredBy: (replica) => this.#tally.answeredBy(replica),
    });
    await this.#fleet.start();

    this.#directory = await mkdtemp(join(tmpdir(), 'pillion-demo-'));
    const file = join(this.#directory, 'pillion.cfg');
    const config = demoConfig({ listenPort, adminPort, replicas });
    await writeFile(file, config);
    this.#output.write(`${file}\n\n${config.replace(/^(?=.)/gm, '  ')}\n`);

    const { promise: listening, resolve: onListening } = Promise.withResolvers<void>();
    const proxy = new Child('Pillion', '../../src/main.ts', ['-f', file], () => onListening());
    this.#proxy = proxy;
    const late = sleep(PROXY_START_LIMIT_MS, undefined, { ref: false });
    await Promise.race([
      listening,
      proxy.exited.then((exit) => Promise.reject(new Error(proxy.describe(exit)))),
      late.then(() => Promise.reject(new Error(['Pillion does not listen', ...proxy.lines].join('\n    ')))),
    ]);
    void proxy.exited.then((exit) => {
      if (!this.#ending.signal.aborted) this.#trouble(proxy.describe(exit));
    });
    this.#output.write(`Pillion (pid ${proxy.pid}) listens on 127.0.0.1:${listenPort}, metrics on http://127.0.0.1:${adminPort}/metrics\n`);

    const load = new Child('client', 'load.ts', [String(listenPort)], (message) => this.#tally.add(message as unknown as LoadReport));
    this.#load = load;
    void load.exited.then((exit) => {
      if (!this.#ending.signal.aborted) this.#trouble(load.describe(exit));
    });
    this.#startedAt = performance.now();
  }

  /** Shows figures and restarts replicas until the time is over or {@link end} is called. */
  async #watch(): Promise<void> {
    const { seconds } = this.#options;
    const { signal } = this.#ending;
    this.#screen = createScreen(this.#output);
    const showing = setInterval(() => void this.#show(), SHOW_MS);

    const firstRound = this.#firstRound();
    // The signal may have come during the start.
    if (seconds === null) await (signal.aborted || once(signal, 'abort'));
    else {
      const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => {});
      await wait(seconds * 1000);
      await Promise.race([firstRound, wait(ROUND_LIMIT_MS)]);
    }
    clearInterval(showing);
  }

  /** Resolves when each replica was restarted once; rounds go on behind it until the end. */
  async #firstRound(): Promise<void> {
    const fleet = this.#fleet as Fleet;
    const { signal } = this.#ending;
    try {
      const traffic = Promise.all(NAMES.map((name) => this.#tally.answeredBy(`${name}#1`)));
      const late = sleep(FIRST_TRAFFIC_LIMIT_MS, 'late' as const, { signal, ref: false });
      if ((await Promise.race([traffic, late])) === 'late') throw new Error('not every replica was given calls');
      await fleet.restartAll(FIRST_PAUSE_MS, signal);
      void this.#moreRounds(fleet);
    } catch (error) {
      if (!signal.aborted) this.#trouble((error as Error).message);
    }
  }

  async #moreRounds(fleet: Fleet): Promise<void> {
    const { signal } = this.#ending;
    try {
      while (!signal.aborted) await fleet.restartAll(PAUSE_MS, signal);
    } catch (error) {
      if (!signal.aborted) this.#trouble((error as Error).message);
    }
  }

  /** Lets running calls finish, reads the last figures, ends all processes, sums up. */
  async #finish(): Promise<number> {
    this.#ending.abort();
    const elapsedMs = performance.now() - this.#startedAt;
    await this.#load?.stop(LOAD_STOP_LIMIT_MS);
    await this.#show();
    this.#screen?.close();
    const exit = await this.#proxy?.stop(PROXY_STOP_LIMIT_MS);
    if (exit !== undefined && exit.code !== 0) this.#troubles.push(this.#proxy?.describe(exit) ?? '');
    await this.#fleet?.stop();
    const view = { ...this.#view(), elapsedMs, latencies: this.#tally.latencies };
    const troubles = this.#troubles.map((text) => `trouble: ${text}`);
    this.#output.write(`${[...renderSummary(view).slice(0, -1), ...troubles, ...renderSummary(view).slice(-1)].join('\n')}\n`);
    return view.calls > 0 && view.failed === 0 && troubles.length === 0 ? 0 : 1;
  }

  async #show(): Promise<void> {
    this.#seen = (await readMetrics(this.#adminPort)) ?? this.#seen;
    this.#screen?.show(this.#view());
  }

  #view(): View {
    const { callsPerSecond, latencies, shares } = this.#tally.recent();
    return {
      elapsedMs: performance.now() - this.#startedAt,
      calls: this.#tally.calls,
      failed: this.#tally.failed,
      callsPerSecond,
      latencies,
      retries: this.#seen?.retries ?? null,
      rows: (this.#fleet?.replicas ?? []).map(({ name, phase, restarts }) => ({
        name,
        phase,
        restarts,
        share: shares.get(name) ?? 0,
        answered: this.#tally.answered.get(name) ?? 0,
        running: this.#seen?.running.get(name) ?? null,
        health: this.#seen?.health.get(name) ?? '?',
      })),
      failures: this.#tally.failures,
      events: this.#events,
    };
  }

  #tell(text: string): void {
    this.#events.push(text);
    if (this.#events.length > MOST_EVENTS) this.#events.shift();
    this.#screen?.tell(text);
  }

  /** Something failed for good: the demo ends and says what. */
  #trouble(text: string): void {
    this.#troubles.push(text);
    this.end();
  }
}
