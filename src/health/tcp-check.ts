import type { Socket } from 'node:net';
import { dial, readyEvent, type DialSettings } from '../pool/dial.ts';
import { serverFailure } from '../tls/failures.ts';
import { CLEARTEXT, type Check, type CheckAddress, type CheckConnection, type CheckResult, type CheckSink } from './check.ts';

/** How long the peer may take to close its side, so that the check leaves by FIN and not by RST. */
const LINGER_MS = 1000;

/** `check` on its own (HAProxy manual 5.2): the server is well when it accepts a connection, and does the TLS handshake where there is one. */
export class TcpCheck implements Check {
  readonly #connection: DialSettings;
  readonly #timeoutMs: number;
  /** Connecting, or waiting for the peer to close. */
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** @param timeoutMs milliseconds until a connection that is neither accepted nor refused counts as failed. */
  constructor(address: CheckAddress, timeoutMs: number, connection: CheckConnection = CLEARTEXT) {
    this.#connection = { target: address, alpn: [], ...connection };
    this.#timeoutMs = timeoutMs;
  }

  probe(sink: CheckSink): void {
    this.close();
    const socket = dial(this.#connection, null);
    const secure = this.#connection.tls !== null;
    let layer = 4;
    this.#socket = socket;
    const finish = (result: CheckResult): void => {
      this.close();
      sink.onResult(result);
    };
    if (secure) socket.once('connect', () => void (layer = 6));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const problem = layer === 4 ? 'Layer4 connection problem' : 'Layer6 invalid response';
      finish({ word: 'fail', reason: `${problem}, info: "${serverFailure(error.code ?? '') ?? error.message}"` });
    });
    socket.once(readyEvent(socket), () => {
      this.#clearTimer();
      this.#leave(socket);
      sink.onResult({ word: 'pass', reason: `Layer${secure ? 6 : 4} check passed` });
    });
    this.#arm(this.#timeoutMs, () => {
      finish({ word: 'fail', reason: `Layer${layer} timeout, info: "no ${layer === 4 ? 'connection' : 'TLS handshake'} within ${this.#timeoutMs} ms"` });
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
