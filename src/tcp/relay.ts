/**
 * A raw TCP connection from client to server: two {@link Flow}s, each of which ends on its own. The relay is over when both
 * sockets are closed.
 */
import type { Socket } from 'node:net';
import { Flow } from './flow.ts';

/** How long a side may neither send nor take anything when it is expected to, milliseconds (HAProxy manual 4.2); null: not set. */
export interface RelayOptions {
  /** `timeout client`, `timeout server` */
  readonly clientTimeoutMs: number | null;
  readonly serverTimeoutMs: number | null;
  /** `timeout tunnel`: in place of both. */
  readonly tunnelTimeoutMs: number | null;
  /** `timeout client-fin`, `timeout server-fin`: in place of that once one direction has ended. */
  readonly clientFinTimeoutMs: number | null;
  readonly serverFinTimeoutMs: number | null;
}

export type RelaySide = 'client' | 'server';

/** What can be asked about a relay, while it runs and in the end. */
export interface RelayFigures {
  /** Octets from the client. */
  readonly bytesIn: number;
  /** Octets to the client. */
  readonly bytesOut: number;
  /** HAProxy's two-character termination state (configuration manual 8.5), `--` while all is well. */
  readonly termination: string;
  /** What went wrong, in words; empty when nothing did. */
  readonly cause: string;
  /** The side that reset its connection, which was passed on to the other. */
  readonly resetBy: RelaySide | null;
}

export class Relay implements RelayFigures {
  termination = '--';
  cause = '';
  resetBy: RelaySide | null = null;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #fromClient: Flow;
  readonly #fromServer: Flow;
  readonly #options: RelayOptions;
  readonly #onEnd: (relay: Relay) => void;
  #halfClosed = false;
  #open = 2;
  #aborted = false;

  /**
   * Takes over two connected sockets, made with `allowHalfOpen` and read by nobody else from now on.
   *
   * @param first what has already been read from the client, or null.
   * @param onEnd called once, when both sockets are closed.
   */
  constructor(client: Socket, server: Socket, first: Buffer | null, options: RelayOptions, onEnd: (relay: Relay) => void) {
    this.#client = client;
    this.#server = server;
    this.#options = options;
    this.#onEnd = onEnd;
    const onHalfClosed = (): void => this.#onHalfClosed();
    this.#fromClient = new Flow(client, server, onHalfClosed);
    this.#fromServer = new Flow(server, client, onHalfClosed);
    this.#watch('client', client);
    this.#watch('server', server);
    if (client.destroyed || server.destroyed) {
      this.#fail(client.destroyed ? 'client' : 'server', 'connection closed before the relay began');
      return;
    }
    this.#fromClient.start(first);
    this.#fromServer.start(null);
  }

  get bytesIn(): number {
    return this.#fromClient.bytes;
  }

  get bytesOut(): number {
    return this.#fromServer.bytes;
  }

  /** Closes both connections with a reset. `termination` and `cause` say why, `KD` being "killed by the administrator". */
  abort(termination = 'KD', cause = 'relay aborted'): void {
    if (!this.#conclude(termination, cause)) return;
    reset(this.#client);
    reset(this.#server);
  }

  #watch(side: RelaySide, socket: Socket): void {
    socket.setNoDelay(true);
    if (socket.closed) queueMicrotask(() => this.#onClose());
    else socket.once('close', () => this.#onClose());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(side, error));
    socket.on('timeout', () => this.#onTimeout(side, socket));
    socket.setTimeout(this.#limit(side)?.ms ?? 0);
  }

  /** The timeout in force. */
  #limit(side: RelaySide): { readonly ms: number; readonly name: string } | null {
    const { clientTimeoutMs, serverTimeoutMs, tunnelTimeoutMs, clientFinTimeoutMs, serverFinTimeoutMs } = this.#options;
    const finMs = this.#halfClosed ? (side === 'client' ? clientFinTimeoutMs : serverFinTimeoutMs) : null;
    if (finMs !== null) return { ms: finMs, name: `timeout ${side}-fin` };
    if (tunnelTimeoutMs !== null) return { ms: tunnelTimeoutMs, name: 'timeout tunnel' };
    const ms = side === 'client' ? clientTimeoutMs : serverTimeoutMs;
    return ms === null ? null : { ms, name: `timeout ${side}` };
  }

  /** One direction has ended, and the time for the other begins. */
  #onHalfClosed(): void {
    this.#halfClosed = true;
    this.#client.setTimeout(this.#limit('client')?.ms ?? 0);
    this.#server.setTimeout(this.#limit('server')?.ms ?? 0);
  }

  #onError(side: RelaySide, error: NodeJS.ErrnoException): void {
    // EPIPE: the peer's reset was met by a write before a read.
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') {
      if (!this.#aborted) this.resetBy = side;
      this.#fail(side, `${side} reset the connection`);
    } else {
      this.#fail(side, `${side} connection failed: ${error.code ?? error.message}`);
    }
  }

  /** An end that the other side must not take for an orderly one. */
  #fail(side: RelaySide, cause: string): void {
    if (!this.#conclude(side === 'client' ? 'CD' : 'SD', cause)) return;
    reset(this.#client);
    reset(this.#server);
  }

  /**
   * A socket's own timer restarts with every octet read from or taken by its peer. It counts against the peer when the peer is
   * expected to do something: to send, unless its stream has ended or the other side holds it up; or to take what is written.
   */
  #onTimeout(side: RelaySide, socket: Socket): void {
    const limit = this.#limit(side);
    if (limit === null) return;
    const reads = side === 'client' ? this.#fromClient : this.#fromServer;
    const expectedToSend = !reads.ended && !reads.blocked;
    if (!expectedToSend && socket.writableLength === 0) {
      socket.setTimeout(limit.ms);
      return;
    }
    const what = socket.writableLength > 0 ? `the ${side} took nothing` : `nothing from the ${side}`;
    if (!this.#conclude(side === 'client' ? 'cD' : 'sD', `${limit.name}: ${what} for ${limit.ms} ms`)) return;
    this.#client.destroy();
    this.#server.destroy();
  }

  #conclude(termination: string, cause: string): boolean {
    if (this.#aborted || this.#open === 0) return false;
    this.#aborted = true;
    this.termination = termination;
    this.cause = cause;
    return true;
  }

  #onClose(): void {
    if (--this.#open > 0) return;
    this.#fromClient.release();
    this.#fromServer.release();
    this.#onEnd(this);
  }
}

/**
 * Sockets of the unix domain know no reset, and those with TLS are not asked for one: they are just closed, without TLS's farewell.
 * So is a socket whose end is on its way to the kernel: libuv refuses to reset it (EINVAL), and Node then never closes it.
 */
function reset(socket: Socket): void {
  if (socket.destroyed) return;
  const ending = socket.writableEnded && !socket.writableFinished;
  if (socket.remoteFamily === undefined || 'encrypted' in socket || ending) socket.destroy();
  else socket.resetAndDestroy();
}
