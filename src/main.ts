#!/usr/bin/env node
/** The command: arguments, signals, exit codes. The only file that touches `process`. */
import { spawn } from 'node:child_process';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseArguments } from './cli/arguments.ts';
import type { Command, Output, RunOptions } from './cli/command.ts';
import { configurationFromFlags } from './cli/from-flags.ts';
import { explained, migrated, report, say } from './cli/output.ts';
import { usesTls } from './config/build/tls.ts';
import { loadConfiguration, type LoadedConfiguration } from './config/load.ts';
import type { Environment, Source } from './config/lexer.ts';
import type { Configuration, GlobalSettings } from './config/model.ts';
import { readSources } from './config/sources.ts';
import { startProxy, type Proxy } from './proxy.ts';

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
/** Set in the process that -D starts, so that it does not start another. */
const DAEMON_MARK = 'PILLION_IS_DAEMON';
/** What that process tells its parent. */
const LISTENING = 'listening';
/** Descriptors above this are no one's listening sockets. */
const MAX_INHERITED = 1024;
/** How long an old process may take to let go of an address, and how often it is tried. */
const REPLACE_MS = 30_000;
const REPLACE_RETRY_MS = 50;
/** -dV, in the language. */
const TRUST_SERVERS: Source = { path: '-dV', text: 'global\nssl-server-verify none\n' };

type RunCommand = Extract<Command, { kind: 'run' | 'check' | 'print-config' }>;

function print({ stdout, stderr }: Output): void {
  if (stdout !== '') process.stdout.write(stdout);
  if (stderr !== '') process.stderr.write(stderr);
}

/** What the configuration may ask for, beside the environment itself (HAProxy manual 2.3). */
function variables(options: RunOptions, paths: readonly string[]): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HAPROXY_LOCALPEER: options.localPeer ?? hostname(),
    HAPROXY_CFGFILES: paths.join(';'),
    ...(options.worker ? { HAPROXY_MWORKER: '1' } : {}),
  };
}

function isRun(command: Command): command is RunCommand {
  return command.kind === 'run' || command.kind === 'check' || command.kind === 'print-config';
}

async function main(): Promise<number> {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    process.stderr.write(`pillion: this is Node ${process.versions.node}; Pillion needs Node 24 or newer\n`);
    return 1;
  }
  const command = parseArguments(process.argv.slice(2), process.env);
  if (isRun(command)) return await run(command);
  if (command.kind === 'migrate') {
    const output = migrated(readSources([command.path]), process.env);
    print(output);
    return output.exitCode;
  }
  if (command.kind === 'explain') {
    const read = readSources(command.question.paths);
    const output = explained(loadConfiguration(read.sources, process.env), read.errors, command.question);
    print(output);
    return output.exitCode;
  }
  const output = say(command, { version: VERSION, versions: process.versions, platform: process.platform, arch: process.arch }, process.env);
  print(output);
  return output.exitCode;
}

async function run(command: RunCommand): Promise<number> {
  const { origin, options, kind } = command;
  if (options.directory !== null) process.chdir(options.directory);
  const read = origin.kind === 'files' ? readSources(origin.paths) : { sources: [{ path: 'flags', text: configurationFromFlags(origin.flags) }], errors: [] };
  if (kind === 'print-config') {
    for (const { text } of read.sources) process.stdout.write(text);
    if (read.errors.length === 0) return 0;
  }
  const sources = options.trustServers ? [TRUST_SERVERS, ...read.sources] : read.sources;
  const loaded = await withTlsFiles(loadConfiguration(sources, variables(options, origin.kind === 'files' ? origin.paths : [])));
  const output = report(loaded, read.errors, options, kind === 'check');
  print(output);
  if (kind !== 'run' || output.exitCode !== 0 || loaded.configuration === null) return output.exitCode;
  const { global, frontends } = loaded.configuration;
  const daemon = (options.daemon ?? global.daemon) && !options.debug;
  if (daemon && process.env[DAEMON_MARK] === undefined) return await startDaemon(inheritedDescriptors(loaded.configuration));
  const configuration: Configuration = {
    ...loaded.configuration,
    global: { ...global, maxconn: options.maxconn ?? global.maxconn, pidfile: options.pidfile ?? global.pidfile },
    frontends: frontends.map((frontend) => ({ ...frontend, maxconn: frontend.maxconn ?? options.proxyMaxconn })),
  };
  return await serve(configuration, options, loaded.environment);
}

/** Descriptors above stderr that the configuration names: the background process has to have them, too. */
function inheritedDescriptors({ frontends, global }: Configuration): Set<number> {
  const bound = frontends.flatMap(({ binds }) => binds).flatMap(({ address }) => (address.kind === 'fd' ? [address.fd] : []));
  const logs = [...global.logs, ...frontends.flatMap((frontend) => frontend.logs)].flatMap(({ target }) => /^fd@(\d+)$/.exec(target)?.[1] ?? []);
  return new Set([...bound, ...logs.map(Number)].filter((fd) => fd > 2 && fd < MAX_INHERITED));
}

/** The files of certificates and keys that a configuration names are part of it: what is wrong with them is wrong with it. */
async function withTlsFiles(loaded: LoadedConfiguration): Promise<LoadedConfiguration> {
  const { configuration, errors, warnings } = loaded;
  if (configuration === null || !usesTls(configuration)) return loaded;
  const { inspectTls } = await import('./tls/inspect.ts');
  const found = inspectTls(configuration, Date.now());
  return {
    ...loaded, configuration: found.errors.length === 0 ? configuration : null,
    errors: [...errors, ...found.errors], warnings: [...warnings, ...found.warnings],
  };
}

/**
 * Goes to the background: the same command again in a session of its own, without our stdin, stdout and stderr, which others may wait
 * to see closed. The parent ends with success when the child listens, and says what the child has to say when it does not.
 */
async function startDaemon(descriptors: ReadonlySet<number>): Promise<number> {
  const others = Array.from({ length: Math.max(2, ...descriptors) - 2 }, (_, index) => (descriptors.has(index + 3) ? index + 3 : 'ignore'));
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    detached: true,
    env: { ...process.env, [DAEMON_MARK]: '1' },
    stdio: ['ignore', 'ignore', 'ignore', ...others, 'ipc'],
  });
  return await new Promise((resolve) => {
    child.once('message', (message) => {
      if (message !== LISTENING) {
        process.stderr.write(typeof message === 'string' ? message : JSON.stringify(message));
        return;
      }
      child.disconnect();
      child.unref();
      resolve(0);
    });
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', (error) => {
      process.stderr.write(`pillion: cannot start in the background: ${error.message}\n`);
      resolve(1);
    });
  });
}

async function serve(configuration: Configuration, options: RunOptions, env: Environment): Promise<number> {
  const { pidfile } = configuration.global;
  let proxy: Proxy;
  try {
    const start = (): Promise<Proxy> => startProxy(configuration, { pid: process.pid, version: VERSION, env, maxFiles: maxFiles() });
    proxy = await replacing(options.replaces, start);
    if (pidfile !== null) trying(`cannot write the pid file '${pidfile}'`, () => writeFileSync(pidfile, `${process.pid}\n`));
    trying("cannot become 'user' and 'group' of the configuration", () => become(configuration.global));
  } catch (error) {
    await complain(`pillion: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  // Whoever hears that it listens may send a signal.
  const over = ended(proxy);
  if (options.verbose && !options.quiet) {
    for (const { frontend, address, port } of proxy.listening) process.stderr.write(`listening on ${address} (frontend ${frontend}, port ${port})\n`);
  }
  process.send?.(LISTENING);
  tellManager('READY=1');
  setImmediate(releaseStartupHeap);
  const { code, signal, flushed } = await over;
  if (pidfile !== null) {
    try {
      unlinkSync(pidfile);
    } catch {
      // Somebody else has removed it, or we are nobody who may.
    }
  }
  // A write to a pipe that nobody reads holds a thread for which an orderly exit would wait for ever.
  if (!flushed) process.kill(process.pid, 'SIGKILL');
  if (signal !== null) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  return code;
}

/**
 * Starts, then has the processes end that this one replaces (-sf, -st). Where one of them holds an address it is told first, and the
 * start is tried again until it has let go.
 */
async function replacing({ pids, finish }: RunOptions['replaces'], start: () => Promise<Proxy>): Promise<Proxy> {
  const tell = (): boolean => pids.map((pid) => signalProcess(pid, finish ? 'SIGUSR1' : 'SIGINT')).some((there) => there);
  const deadline = performance.now() + REPLACE_MS;
  for (let told = pids.length === 0; ; told = true) {
    try {
      const proxy = await start();
      if (!told) tell();
      return proxy;
    } catch (error) {
      const inUse = error instanceof Error && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'EADDRINUSE';
      if (!inUse || pids.length === 0 || performance.now() > deadline) throw error;
      if (!told) tell();
      await new Promise((resolve) => setTimeout(resolve, REPLACE_RETRY_MS));
    }
  }
}

/** Whether there is such a process. */
function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** `user` and `group`: root's rights are needed for low ports and owners of sockets only. @throws Error when there is no such user or group */
function become({ user, group }: GlobalSettings): void {
  if (user === null && group === null) return;
  if (process.getuid?.() !== 0) {
    process.stderr.write("pillion: warning: 'user' and 'group' have no effect: only root can become somebody else\n");
    return;
  }
  // The group first: afterwards it is forbidden.
  if (group !== null) {
    process.setgroups?.([group]);
    process.setgid?.(group);
  }
  if (user !== null) process.setuid?.(user);
}

/** Tells systemd, where it waits to hear (sd_notify(3)): Node.js has no datagram sockets of the Unix family, so systemd's own program does. */
function tellManager(state: string): void {
  const { NOTIFY_SOCKET, PATH } = process.env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return;
  const child = spawn('systemd-notify', [`--pid=${process.pid}`, state], { stdio: 'ignore', env: { NOTIFY_SOCKET, PATH } });
  child.once('error', (error) => process.stderr.write(`pillion: warning: cannot tell NOTIFY_SOCKET ${state}: systemd-notify: ${error.message}\n`));
  child.unref();
}

/** @throws Error that begins with `what` */
function trying(what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** To stderr, which in the background is the parent's. */
async function complain(message: string): Promise<void> {
  const { send } = process;
  if (send === undefined) process.stderr.write(message);
  else await new Promise((resolve) => send.call(process, message, resolve));
}

interface End {
  readonly code: number;
  /** By which the process ends, as if it had not been caught. */
  readonly signal: NodeJS.Signals | null;
  readonly flushed: boolean;
}

/** Waits for the signals: SIGTERM and SIGUSR1 drain, a second one and SIGINT stop at once (HAProxy management guide 4; SIGTERM drains here, too). */
function ended(proxy: Proxy): Promise<End> {
  return new Promise((resolve) => {
    let draining = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (draining || signal === 'SIGINT') {
        const second = draining;
        void proxy.stop(second ? `second signal (${signal})` : signal).then((flushed) => resolve({ code: 130, signal: second ? null : signal, flushed }));
        return;
      }
      draining = true;
      tellManager('STOPPING=1');
      void proxy.drain().then(({ complete, flushed }) => resolve({ code: complete ? 0 : 1, signal: null, flushed }));
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) process.on(signal, onSignal);
    // A terminal that closes, or a log that nobody reads, is no reason to drop calls.
    process.on('SIGHUP', () => void proxy.rereadCertificates());
    process.on('SIGPIPE', () => {});
  });
}

/** Loading the code and reading the configuration leave a heap several times as large as what is kept: 3 to 8 MiB go back to the system. */
function releaseStartupHeap(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'major' }) => void;
  collect({ type: 'major' });
}

/** The soft limit of open files (Linux), or a common default. */
function maxFiles(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line === null ? 4096 : Number(line[1]);
  } catch {
    return 4096;
  }
}

main().then(
  (code) => {
    process.exitCode = code;
    // What is left cannot matter: everything was flushed, with a limit of time.
    process.exit();
  },
  (error: unknown) => {
    process.stderr.write(`pillion: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
