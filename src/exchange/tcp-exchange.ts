/**
 * One raw TCP connection from client to server: a server is picked and dialled, then the relay carries the bytes. How it comes to a
 * server is in placement.ts.
 *
 * The dial may begin while the client's protocol is still being detected: {@link TcpExchange.dial}, then {@link TcpExchange.begin}
 * once it is known to be none that we speak, or {@link TcpExchange.cancel}.
 */
import type { Socket } from 'node:net';
import type { RequestFacts } from '../model/fields.ts';
import type { ConnectionRecord, StreamRecord } from '../model/records.ts';
import type { TraceSpan } from '../model/trace.ts';
import { now } from '../time/clock.ts';
import type { Server } from '../pool/server.ts';
import { Relay } from '../tcp/relay.ts';
import type { ExchangeContext } from './context.ts';
import { Placement, type Outage } from './placement.ts';

export class TcpExchange extends Placement implements StreamRecord {
  readonly kind = 'tcp';
  readonly request: RequestFacts | null = null;
  readonly httpStatus = -1;
  readonly grpcStatus = -1;
  readonly messagesIn = 0;
  readonly messagesOut = 0;
  readonly responseMs = -1;
  readonly span: TraceSpan | null = null;
  bytesIn = 0;
  bytesOut = 0;
  readonly #context: ExchangeContext;
  readonly #client: Socket;
  readonly #clientFinTimeoutMs: number | null;
  readonly #onServerSpoke: () => void;
  #cancelDial: (() => void) | null = null;
  #serverSocket: Socket | null = null;
  #first: Buffer | null = null;
  /** {@link begin} was called: the client is ours. */
  #begun = false;
  /** It failed before it had begun. */
  #outage: Outage | null = null;
  #relay: Relay | null = null;

  /** @param onServerSpoke called when the dialled server sends something that is not HTTP/2 before {@link begin} */
  constructor(context: ExchangeContext, client: Socket, clientFinTimeoutMs: number | null, onServerSpoke: () => void) {
    super();
    this.#context = context;
    this.#client = client;
    this.#clientFinTimeoutMs = clientFinTimeoutMs;
    this.#onServerSpoke = onServerSpoke;
  }

  override get connection(): ConnectionRecord {
    return this.#context.record;
  }

  override get requestFields(): null {
    return null;
  }

  override get firstBytes(): Buffer | null {
    return this.#first;
  }

  /** Picks a server and connects to it. */
  dial(): void {
    if (this.phase !== 'begin') return;
    const backend = this.#context.route(null);
    if (backend === null) {
      this.unplaced({ termination: 'SC', message: `frontend ${this.#context.record.frontend.name} has no backend` });
      return;
    }
    this.enter(backend);
  }

  /** Carries bytes as soon as a server is connected. `first` is what was read from the client, or null. */
  begin(first: Buffer | null): void {
    this.#begun = true;
    this.#first = first;
    // While no relay watches the client, its end must be noticed here.
    this.#client.once('close', this.#onClientClosed);
    if (this.#outage !== null) this.unplaced(this.#outage);
    else if (this.backend === null) this.dial();
    else if (this.#serverSocket !== null) this.#relayTo(this.#serverSocket);
  }

  /** The client turned out to speak HTTP/2: what was dialled is closed and nothing is recorded. */
  cancel(): void {
    if (this.phase === 'ended') return;
    if (this.backend !== null) this.backend.counters.streamsTotal--;
    if (this.server !== null && (this.phase === 'connecting' || this.phase === 'forwarding')) this.server.counters.streamsTotal--;
    this.#release();
  }

  /** Ends the connection now. */
  abort(termination: string, cause: string): void {
    if (this.#relay !== null) this.#relay.abort(termination, cause);
    else this.#end(termination, cause);
  }

  readonly #onClientClosed = (): void => {
    if (this.#relay === null) this.#end(this.phase === 'queued' ? 'CQ' : 'CC', 'client closed the connection');
  };

  protected override connect(server: Server): void {
    this.#cancelDial = server.dialRaw(this.#context.record, (socket, reason) => {
      this.#cancelDial = null;
      if (socket === null) {
        this.retry(`connect to ${this.serverName} failed: ${reason}`, 'connect');
        return;
      }
      this.connected();
      this.#serverSocket = this.wire = socket;
      if (this.#begun) this.#relayTo(socket);
      else this.#listenTo(socket);
    });
  }

  protected override abandon(): void {
    this.#cancelDial?.();
    this.#cancelDial = null;
  }

  protected override unplaced(outage: Outage): void {
    if (this.#begun) {
      this.#end(outage.termination, outage.message);
    } else {
      // The protocol is still being detected, and it may be another that succeeds or fails on its own terms.
      this.leave();
      this.#outage = outage;
    }
  }

  override onTimer(): void {
    if (this.backend !== null) this.placementTimer(this.backend);
  }

  /** Looks at the server's first bytes without taking them. An HTTP/2 server may send SETTINGS at once: that says nothing yet. */
  #listenTo(socket: Socket): void {
    socket.once('readable', () => {
      if (this.#begun || this.phase !== 'forwarding') return;
      const bytes: unknown = socket.read();
      if (!Buffer.isBuffer(bytes)) return;
      socket.unshift(bytes);
      if (!isSettingsFrame(bytes)) this.#onServerSpoke();
    });
  }

  #relayTo(socket: Socket): void {
    this.#client.off('close', this.#onClientClosed);
    socket.removeAllListeners('readable');
    this.cause = '';
    const { clientTimeoutMs } = this.#context;
    const { serverTimeoutMs = null, serverFinTimeoutMs = null, tunnelTimeoutMs = null } = this.backend?.settings ?? {};
    const timeouts = { clientTimeoutMs, clientFinTimeoutMs: this.#clientFinTimeoutMs, serverTimeoutMs, serverFinTimeoutMs, tunnelTimeoutMs };
    this.#relay = new Relay(this.#client, socket, this.#first, timeouts, (relay) => this.#relayEnded(relay));
    this.#first = null;
    if (this.#context.record.frontend.log.asap === true) {
      this.totalMs = now() - this.startedAt;
      this.logged = this.#context.answered(this);
    }
  }

  #relayEnded(relay: Relay): void {
    this.bytesIn = relay.bytesIn;
    this.bytesOut = relay.bytesOut;
    for (const counters of [this.#context.record.frontend.counters, this.server?.counters]) {
      if (counters === undefined) continue;
      counters.bytesIn += relay.bytesIn;
      counters.bytesOut += relay.bytesOut;
    }
    this.#end(relay.termination, relay.cause);
  }

  #end(termination: string, cause: string): void {
    if (this.phase === 'ended') return;
    this.termination = termination;
    this.cause = cause;
    this.#release();
    this.totalMs = now() - this.startedAt;
    this.#context.ended(this);
  }

  /** Gives back the place and closes what the relay has not taken over. */
  #release(): void {
    this.#client.off('close', this.#onClientClosed);
    this.finish();
    if (this.#relay === null) this.#serverSocket?.destroy();
  }
}

/** The header of a SETTINGS frame on stream 0 (RFC 9113 §6.5), with which an HTTP/2 server begins. */
function isSettingsFrame(bytes: Uint8Array): boolean {
  return bytes.length >= 9 && bytes[0] === 0 && bytes[3] === 4 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0 && bytes[8] === 0;
}
