/** A child process of the demo: its messages, its last words, and its end. */
import { fork } from 'node:child_process';
import type { ChildProcess, Serializable } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MOST_LINES = 20;
const MOST_LINE_LENGTH = 300;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Child {
  readonly name: string;
  readonly pid: number | undefined;
  /** Settles when the process has ended. */
  readonly exited: Promise<Exit>;
  /** The last lines that it printed. */
  readonly lines: string[] = [];
  readonly #process: ChildProcess;

  /**
   * @param script path from this folder.
   * Children have a process group of their own, so that Ctrl-C reaches the demo alone, which then ends them in order.
   */
  constructor(name: string, script: string, args: readonly string[], onMessage: (message: Serializable) => void = () => {}) {
    this.name = name;
    this.#process = fork(fileURLToPath(new URL(script, import.meta.url)), args, {
      detached: true,
      execArgv: ['--import', new URL('exit-with-parent.ts', import.meta.url).href],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.pid = this.#process.pid;
    this.#process.on('message', onMessage);
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exited = promise;
    this.#process.once('error', (error) => {
      this.#keep(error.message);
      resolve({ code: 1, signal: null });
    });
    this.#process.once('close', (code, signal) => resolve({ code, signal }));
  }

  /** Asks it to end and kills it if it has not after `limitMs`. */
  async stop(limitMs: number): Promise<Exit> {
    const killing = setTimeout(() => this.#process.kill('SIGKILL'), limitMs);
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill('SIGTERM');
    const exit = await this.exited;
    clearTimeout(killing);
    return exit;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** For error texts: how it ended, and what it said last. */
  describe({ code, signal }: Exit): string {
    return [`${this.name} ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`, ...this.lines].join('\n    ');
  }

  #keep(text: string): void {
    for (const line of text.split('\n')) if (line !== '') this.lines.push(line.slice(0, MOST_LINE_LENGTH));
    this.lines.splice(0, this.lines.length - MOST_LINES);
  }
}
