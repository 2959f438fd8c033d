#!/usr/bin/env node
/** The command: arguments, signals, exit codes. The only file that touches `process`. */
import { spawn } from 'node:child_process';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseArguments } from './cli/arguments.ts';
import type { Command, Output } from './cli/command.ts';
import { configurationFromFlags } from './cli/from-flags.ts';
import { report, say } from './cli/output.ts';
import { loadConfiguration } from './config/load.ts';
import type { Configuration } from './config/model.ts';
import { readSources } from './config/sources.ts';
import { startProxy, type Proxy } from './proxy.ts';

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
/** Set in the process that -D starts, so that it does not start another. */
const DAEMON_MARK = 'PILLION_IS_DAEMON';
/** What that process tells its parent. */
const LISTENING = 'listening';

type RunCommand = Extract<Command, { kind: 'run' | 'check' | 'print-config' }>;

function print({ stdout, stderr }: Output): void {
  if (stdout !== '') process.stdout.write(stdout);
  if (stderr !== '') process.stderr.write(stderr);
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
  const output = say(command, { version: VERSION, versions: process.versions, platform: process.platform, arch: process.arch });
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
  const loaded = loadConfiguration(read.sources, process.env);
  const output = report(loaded, read.errors, options, kind === 'check');
  print(output);
  if (kind !== 'run' || output.exitCode !== 0 || loaded.configuration === null) return output.exitCode;
  const { global } = loaded.configuration;
  const daemon = (options.daemon ?? global.daemon) && !options.debug;
  if (daemon && process.env[DAEMON_MARK] === undefined) return await startDaemon();
  const configuration: Configuration = options.maxconn === null ? loaded.configuration : { ...loaded.configuration, global: { ...global, maxconn: options.maxconn } };
  return await serve(configuration, options.pidfile ?? global.pidfile, options.verbose && !options.quiet);
}

/**
 * Goes to the background: the same command again in a session of its own, without our stdin, stdout and stderr, which others may wait
 * to see closed. The parent ends with success when the child listens, and says what the child has to say when it does not.
 */
async function startDaemon(): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    detached: true,
    env: { ...process.env, [DAEMON_MARK]: '1' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
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

async function serve(configuration: Configuration, pidfile: string | null, verbose: boolean): Promise<number> {
  let proxy: Proxy;
  try {
    proxy = await startProxy(configuration, { pid: process.pid, version: VERSION, env: process.env, maxFiles: maxFiles() });
    if (pidfile !== null) writeFileSync(pidfile, `${process.pid}\n`);
  } catch (error) {
    await complain(`pillion: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  // Whoever hears that it listens may send a signal.
  const over = ended(proxy);
  if (verbose) for (const { frontend, address, port } of proxy.listening) process.stderr.write(`listening on ${address} (frontend ${frontend}, port ${port})\n`);
  process.send?.(LISTENING);
  setImmediate(releaseStartupHeap);
  const { code, flushed } = await over;
  if (pidfile !== null) {
    try {
      unlinkSync(pidfile);
    } catch {
      // Somebody else has removed it.
    }
  }
  // A write to a pipe that nobody reads holds a thread for which an orderly exit would wait for ever.
  if (!flushed) process.kill(process.pid, 'SIGKILL');
  return code;
}

/** To stderr, which in the background is the parent's. */
async function complain(message: string): Promise<void> {
  const { send } = process;
  if (send === undefined) process.stderr.write(message);
  else await new Promise((resolve) => send.call(process, message, resolve));
}

/** Waits for the signals: the first drains, a second stops at once (HAProxy management guide 4; SIGTERM drains here, too). */
function ended(proxy: Proxy): Promise<{ readonly code: number; readonly flushed: boolean }> {
  return new Promise((resolve) => {
    let draining = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (draining) {
        void proxy.stop(`second signal (${signal})`).then((flushed) => resolve({ code: 130, flushed }));
        return;
      }
      draining = true;
      void proxy.drain().then(({ complete, flushed }) => resolve({ code: complete ? 0 : 1, flushed }));
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) process.on(signal, onSignal);
    // A terminal that closes, or a log that nobody reads, is no reason to drop calls.
    process.on('SIGHUP', () => {});
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
