import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Check, CheckAddress, CheckResult, CheckSink } from './check.ts';

/** How long the peer may take to close its side, so that the check leaves by FIN and not by RST. */
const LINGER_MS = 1000;

/** `check` on its own (HAProxy manual 5.2): the server is well when it accepts a connection. */
export class TcpCheck implements Check {
  readonly #address: CheckAddress;
  readonly #timeoutMs: number;
  /** Connecting, or waiting for the peer to close. */
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** @param timeoutMs milliseconds until a connection that is neither accepted nor refused counts as failed. */
  constructor(address: CheckAddress, timeoutMs: number) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
  }

  probe(sink: CheckSink): void {
    this.close();
    const socket = connect(this.#address);
    this.#socket = socket;
    const finish = (result: CheckResult): void => {
      this.close();
      sink.onResult(result);
    };
    socket.once('error', (error) => {
      finish({ word: 'fail', reason: `Layer4 connection problem, info: "${error.message}"` });
    });
    socket.once('connect', () => {
      this.#clearTimer();
      this.#leave(socket);
      sink.onResult({ word: 'pass', reason: 'Layer4 check passed' });
    });
    this.#arm(this.#timeoutMs, () => {
      finish({ word: 'fail', reason: `Layer4 timeout, info: "no connection within ${this.#timeoutMs} ms"` });
    });
  }

  close(): void {
    this.#clearTimer();
    this.#socket?.removeAllListeners().on('error', ignore).destroy();
    this.#socket = null;
  }

  /** Sends FIN and reads whatever comes until the peer's: unread bytes would make the kernel send RST. */
  #leave(socket: Socket): void {
    const done = (): void => {
      if (this.#socket === socket) this.close();
    };
    socket.removeAllListeners('error').on('error', ignore).once('close', done);
    socket.resume().end();
    socket.unref();
    this.#arm(LINGER_MS, done);
  }

  #arm(ms: number, action: () => void): void {
    this.#timer = setTimeout(action, ms);
    this.#timer.unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function ignore(): void {}
