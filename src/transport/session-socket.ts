/**
 * A socket in the service of a session: reads go to the session as they come, writes gather in an {@link Output}.
 *
 * All sockets read into one buffer that they share, since a session is done with the bytes when its `receive` returns.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { Output, type ByteSink } from './output.ts';
import { readIntoBuffers } from './reused-reads.ts';

/** Bytes in front of a socket above which sessions hold body bytes back. */
const HIGH_WATER = 256 * 1024;
/** How long a peer may take to close its side after we closed ours, milliseconds. */
const LINGER_MS = 1000;

/** A protocol on a socket. */
export interface ByteSession {
  /** Takes `chunk[start, end)`, valid during the call only. */
  receive(chunk: Uint8Array, start: number, end: number): void;
  /** The socket has drained: held bytes may be sent. */
  socketWritable(): void;
  /** The peer closed its side. True: the session goes on sending, and closes. Without it, and with false, the session is over. */
  socketEnded?(): boolean;
  /** The socket is gone or the peer closed its side; called once. `reason` is empty for an orderly end. */
  socketClosed(reason: string): void;
}

const sharedReadBuffer = Buffer.allocUnsafeSlow(64 * 1024);

export class SessionSocket implements ByteSink {
  readonly socket: Socket;
  readonly output: Output;
  /** Bytes read, ever. */
  bytesRead = 0;
  #session: ByteSession | null = null;
  #closed = false;
  #reason = '';
  #linger: NodeJS.Timeout | null = null;

  /** Takes over an accepted socket made with `allowHalfOpen`, paused or not yet flowing. */
  constructor(socket: Socket) {
    this.socket = socket;
    this.output = new Output(this, HIGH_WATER, () => this.#session?.socketWritable());
    socket.setNoDelay(true);
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason = error.code ?? error.message;
    });
    socket.on('close', () => this.#onClose());
  }

  /** Connects to `target`; `start` may be called at once. */
  static dial(target: NetConnectOpts): SessionSocket {
    return new SessionSocket(connect(target));
  }

  /** Begins to feed `session`, with what was read before if anything was. */
  start(session: ByteSession, first: Buffer | null): void {
    this.#session = session;
    if (first !== null && first.length > 0) this.#receive(first, first.length);
    const { socket } = this;
    if (socket.connecting) socket.once('connect', () => this.#read());
    else this.#read();
  }

  #read(): void {
    const { socket } = this;
    const onRead = (size: number): boolean => {
      this.#receive(sharedReadBuffer, size);
      return true;
    };
    const reused = socket.readableLength === 0 && readIntoBuffers(socket, sharedReadBuffer, () => sharedReadBuffer, onRead);
    if (!reused) socket.on('data', (chunk: Buffer) => this.#receive(chunk, chunk.length));
    socket.resume();
  }

  write(bytes: Buffer, done: (error?: Error | null) => void): void {
    this.socket.write(bytes, done);
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  /** Sends what is in the output, closes our side, and the socket when the peer closes its own or takes too long to. */
  close(): void {
    this.output.endTurn();
    if (this.socket.destroyed || this.#linger !== null) return;
    this.socket.end();
    this.#linger = setTimeout(() => this.socket.destroy(), LINGER_MS);
    this.#linger.unref();
  }

  /** Calls `done` when the connection stands, TLS included. */
  whenConnected(done: () => void): void {
    this.socket.once('encrypted' in this.socket ? 'secureConnect' : 'connect', done);
  }

  /** Stops reading, until {@link resume}. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Sends what is in the output and closes our side; the peer may go on. */
  shutdown(): void {
    this.output.endTurn();
    this.socket.end();
  }

  /** Closes so that the peer can tell that not all was sent. */
  cut(): void {
    const { socket } = this;
    // Only TCP itself has a reset; a socket whose end is on its way to the kernel would not survive the attempt (EINVAL) but stay for ever.
    const ending = socket.writableEnded && !socket.writableFinished;
    if (socket.remotePort === undefined || 'encrypted' in socket || ending) socket.destroy();
    else socket.resetAndDestroy();
  }

  /** Closes the socket at once; what was not sent is lost. */
  destroy(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer, size: number): void {
    this.bytesRead += size;
    if (!this.#closed) this.#session?.receive(chunk, 0, size);
  }

  #onEnd(): void {
    if (this.#session?.socketEnded?.() === true) return;
    this.#end('');
    this.close();
  }

  #onClose(): void {
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.#end(this.#reason);
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session?.socketClosed(reason);
  }
}
