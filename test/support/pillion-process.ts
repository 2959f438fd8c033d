/** The command `pillion` as a process of its own: for signals, exit codes and flags. */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What the child has as descriptor 3. */
  readonly fd3?: number;
}

export class PillionProcess extends EventEmitter {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly exited: Promise<Exit>;

  constructor(argv: readonly string[], { env = {}, fd3 }: ProcessOptions = {}) {
    super();
    this.child = spawn(process.execPath, [MAIN, ...argv], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe', fd3 ?? 'ignore'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.emit('change');
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.emit('change');
    });
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      this.emit('change');
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout: this.stdout, stderr: this.stderr };
    });
  }

  get over(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until stdout or stderr matches. @throws Error with what it said when it ends first */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      if (this.over) throw new Error(`pillion ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.stdout}${this.stderr}`);
      await once(this, 'change');
    }
  }

  /** The port of the bind number `index`, once everything listens. Needs -V. */
  async port(index = 0): Promise<number> {
    await this.says(new RegExp(`(?:^listening on .*\\n){${index + 1}}`, 'm'));
    return Number([...this.stderr.matchAll(/^listening on .* port (\d+)\)$/gm)][index]?.[1]);
  }

  /** Its JSON log lines so far. */
  lines(): Record<string, unknown>[] {
    return this.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits for a log line that `holds`. */
  async line(holds: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines().find((line) => holds(line));
      if (found !== undefined) return found;
      if (this.over) throw new Error(`pillion ended:\n${this.stdout}${this.stderr}`);
      await once(this, 'change');
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async kill(): Promise<void> {
    if (!this.over) this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** Runs the command to its end. */
export async function runPillion(argv: readonly string[], options?: ProcessOptions): Promise<Exit> {
  return await new PillionProcess(argv, options).exited;
}

export interface ScratchFolder {
  readonly path: string;
  /** Writes a file and gives its path. */
  file(name: string, text: string): string;
  remove(): void;
}

export function scratchFolder(): ScratchFolder {
  const path = mkdtempSync(join(tmpdir(), 'pillion-test-'));
  return {
    path,
    file(name, text) {
      const file = join(path, name);
      writeFileSync(file, text);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
