/**
 * Child processes of the bench: pinned to a core, measured through /proc, ended with all that they forked.
 * Linux only: CPU time comes from /proc/PID/stat, memory from /proc/PID/status (proc(5)).
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, readFileSync, readdirSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Load, server and the bench itself run on core 0, the proxy under test alone on core 1. */
export const loadCore = 0;
export const proxyCore = 1;

/** USER_HZ, the unit of CPU times in /proc: 100 on every Linux that Node is built for. */
const ticksPerSecond = 100;
const keptOutput = 4096;

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Milliseconds of performance.now() at spawn. */
  readonly startedAt: number;
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly exit: Promise<number | null>;
  /** What it wrote on stdout; `errors` on stderr. Only the last 4 KiB of a server's. */
  output(): string;
  errors(): string;
  running(): boolean;
}

const children = new Set<Child>();

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Keep all of stdout, for tools whose report is read. */
  readonly keepAll?: boolean;
}

/** Starts `command` on `core`; taskset replaces itself by the command, so the pid is the command's. */
export function start(name: string, core: number, command: readonly string[], options: StartOptions = {}): Child {
  const startedAt = performance.now();
  const child = spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that one signal reaches also what it is forking at that moment.
    detached: true,
    env: { ...process.env, ...options.env },
  });
  if (child.pid === undefined) throw new Error(`cannot start taskset (apt-get install util-linux)`);
  const output = collect(child.stdout, options.keepAll === true ? Infinity : keptOutput);
  const errors = collect(child.stderr, keptOutput);
  const entry: Child = {
    name,
    pid: child.pid,
    startedAt,
    exit: exitOf(child),
    output,
    errors,
    running: () => child.exitCode === null && child.signalCode === null,
  };
  children.add(entry);
  void entry.exit.then(() => children.delete(entry));
  return entry;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

function collect(stream: NodeJS.ReadableStream, limit: number): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > limit) text = text.slice(-limit);
  });
  return () => text;
}

/** Ends a child and what it forked. Nothing here keeps state worth a polite stop. */
export async function stop(child: Child): Promise<void> {
  kill(child);
  await child.exit;
}

/** For the 'exit' event, where nothing can be awaited. */
export function stopAll(): void {
  for (const child of children) kill(child);
}

function kill(child: Child): void {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is empty: all of it ended by itself.
  }
}

/** Runs a tool to its end, or for at most `limit` seconds. Throws with its stderr when it fails. */
export async function run(name: string, core: number, command: readonly string[], limit: number): Promise<string> {
  const child = start(name, core, command, { keepAll: true });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill(child);
  }, limit * 1000);
  const code = await child.exit;
  clearTimeout(timer);
  if (late) throw new Error(`${name} did not end within ${limit.toFixed(0)} s`);
  if (code !== 0) throw new Error(`${name} failed: ${lastLines(child.errors() + child.output())}`);
  return child.output();
}

/** Resolves with the milliseconds from spawn to the first accepted connection; throws after 10 s. */
export async function listening(child: Child, port: number): Promise<number> {
  for (;;) {
    if (await accepts(port)) return performance.now() - child.startedAt;
    if (!child.running()) throw new Error(`${child.name} ended: ${lastLines(child.errors() + child.output())}`);
    if (performance.now() - child.startedAt > 10_000) throw new Error(`${child.name} did not listen within 10 s`);
    await sleep(2);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (verdict: boolean): void => {
      socket.destroy();
      resolve(verdict);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.setTimeout(1000, () => settle(false));
  });
}

export function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ');
}

/** CPU seconds (user + system, all threads) of a process and its descendants, the reaped ones included. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const member of familyOf(pid)) {
    const fields = statOf(member);
    // utime stime cutime cstime: fields 14 to 17 of the line, counted here from the one after the name.
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks / ticksPerSecond;
}

/** Resident memory in MiB, now (VmRSS) or at its highest (VmHWM), of a process and its descendants. */
export function residentMiB(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  let kib = 0;
  for (const member of familyOf(pid)) {
    const status = readFileSync(`/proc/${member}/status`, 'utf8');
    kib += Number(new RegExp(`^${which}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  }
  return kib / 1024;
}

function familyOf(pid: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))[1]);
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [Number(name)]);
    else siblings.push(Number(name));
  }
  const family = [pid];
  for (const member of family) family.push(...(childrenOf.get(member) ?? []));
  return family;
}

/** The fields of /proc/PID/stat from the state on: the name before it may hold blanks and parentheses. */
function statOf(pid: number): string[] {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** A TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The path of an installed program, looked up in PATH and where Debian keeps daemons. */
export function which(program: string): string | undefined {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
