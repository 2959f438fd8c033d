/** Other people's programs, with which Pillion must get along: tests that need one skip where it is not installed. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** True when `program` can be started; else says once how to install it. */
export function installed(program: string, install: string, probe: readonly string[] = ['--version']): boolean {
  const { error, status } = spawnSync(program, probe, { stdio: 'ignore' });
  if (error === undefined && status !== null && status < 126) return true;
  process.stdout.write(`    ${program} is not installed: ${install}\n`);
  return false;
}

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to the end. */
export async function run(program: string, args: readonly string[], input = ''): Promise<Output> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export interface Program {
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

/** Starts a server and waits until `port` of 127.0.0.1 takes connections. @throws Error with its output when it ends first */
export async function startServer(program: string, args: readonly string[], port: number): Promise<Program> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => void (output = (output + chunk.toString()).slice(-4000)));
  child.stderr.on('data', (chunk: Buffer) => void (output = (output + chunk.toString()).slice(-4000)));
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'exit');
    child.kill('SIGKILL');
    await closed;
  };
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${output}`);
    await delay(10);
  }
  return { child, stop };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
