/**
 * One raw TCP connection from client to server: a server is picked and dialled, then the relay carries the bytes. A failed connect
 * goes to another server, since nothing was sent yet.
 *
 * The dial may begin while the client's protocol is still being detected: {@link TcpExchange.dial}, then {@link TcpExchange.begin}
 * once it is known to be none that we speak.
 */
import type { Socket } from 'node:net';
import type { RequestFacts } from '../model/fields.ts';
import type { StreamRecord } from '../model/records.ts';
import type { TraceSpan } from '../model/trace.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import type { Backend, Queued } from '../pool/backend.ts';
import type { Server } from '../pool/server.ts';
import { Relay } from '../tcp/relay.ts';
import type { ExchangeContext } from './context.ts';

type Phase = 'idle' | 'queued' | 'connecting' | 'waiting' | 'connected' | 'relaying' | 'failed' | 'ended';

const SAME_SERVER_PAUSE_MS = 1000;

export class TcpExchange extends Timer implements StreamRecord, Queued {
  readonly kind = 'tcp';
  readonly request: RequestFacts | null = null;
  readonly httpStatus = -1;
  readonly grpcStatus = -1;
  readonly messagesIn = 0;
  readonly messagesOut = 0;
  readonly span: TraceSpan | null = null;
  backend: Backend | null = null;
  server: Server | null = null;
  bytesIn = 0;
  bytesOut = 0;
  readonly startedAt: number;
  queueMs = -1;
  connectMs = -1;
  responseMs = -1;
  totalMs = -1;
  retries = 0;
  redispatched = false;
  termination = '--';
  cause = '';
  readonly #context: ExchangeContext;
  readonly #client: Socket;
  readonly #clientTimeoutMs: number | null;
  /** The server speaks before the client does: it was connected and sent something that is not HTTP/2. */
  readonly #onServerSpoke: () => void;
  #phase: Phase = 'idle';
  #phaseSince = 0;
  #cancelDial: (() => void) | null = null;
  #serverSocket: Socket | null = null;
  #first: Buffer | null = null;
  #wanted = false;
  #tried: Server[] | null = null;
  #relay: Relay | null = null;

  constructor(context: ExchangeContext, client: Socket, clientTimeoutMs: number | null, onServerSpoke: () => void) {
    super();
    this.#context = context;
    this.#client = client;
    this.#clientTimeoutMs = clientTimeoutMs;
    this.#onServerSpoke = onServerSpoke;
    this.startedAt = now();
  }

  get connection(): ExchangeContext['record'] {
    return this.#context.record;
  }

  /** Picks a server and connects to it. */
  dial(): void {
    if (this.#phase !== 'idle') return;
    this.backend = this.#context.route(null);
    if (this.backend === null) {
      this.#fail('SC', `frontend ${this.#context.record.frontend.name} has no backend`);
      return;
    }
    this.backend.counters.streamsTotal++;
    this.#dispatch(this.backend);
  }

  /** Carries bytes as soon as a server is connected. `first` is what was read from the client, or null. */
  begin(first: Buffer | null): void {
    this.#wanted = true;
    this.#first = first;
    // While no relay watches the client, a reset must be noticed here.
    this.#client.once('close', this.#onClientClosed);
    if (this.#phase === 'failed') this.#end();
    else if (this.#phase === 'idle') this.dial();
    else if (this.#phase === 'connected') this.#start();
  }

  /** The client turned out to speak HTTP/2: what was dialled is closed and nothing is recorded. */
  cancel(): void {
    if (this.#phase === 'ended') return;
    if (this.backend !== null) this.backend.counters.streamsTotal--;
    if (this.#phase === 'connecting' || this.#phase === 'connected') this.#uncount();
    this.#leave();
    this.#phase = 'ended';
  }

  /** Ends the connection now. */
  abort(termination: string, cause: string): void {
    if (this.#relay !== null) this.#relay.abort(termination, cause);
    else this.#fail(termination, cause);
  }

  readonly #onClientClosed = (): void => {
    if (this.#relay === null) this.#fail('CC', 'client closed the connection');
  };

  #dispatch(backend: Backend): void {
    const server = backend.pick(this.#tried) ?? (this.#tried === null ? null : backend.pick(null));
    const time = now();
    this.#phaseSince = time;
    if (server === null) {
      if (!backend.hasUsable) {
        backend.counters.unserved++;
        this.#fail('SC', backend.describeOutage());
      } else if (backend.enqueue(this)) {
        this.#phase = 'queued';
        armTimer(this, time + (backend.settings.queueTimeoutMs ?? backend.connectTimeoutMs));
      } else {
        this.#fail('SQ', `the queue of backend ${backend.name} is full`);
      }
      return;
    }
    disarmTimer(this);
    this.queueMs = time - this.startedAt;
    this.#phase = 'connecting';
    this.server = server;
    server.assign();
    this.#cancelDial = server.dialRaw(this.#context.record.localPort, (socket, reason) => this.#dialled(backend, server, socket, reason));
  }

  onSlot(): void {
    if (this.#phase === 'queued' && this.backend !== null) this.#dispatch(this.backend);
  }

  override onTimer(): void {
    const { backend } = this;
    if (backend === null) return;
    if (this.#phase === 'queued') {
      this.#fail('sQ', `no free server in backend ${backend.name} within timeout queue`);
    } else if (this.#phase === 'waiting') {
      this.#tried = null;
      this.#dispatch(backend);
    }
  }

  #dialled(backend: Backend, server: Server, socket: Socket | null, reason: string): void {
    this.#cancelDial = null;
    if (socket !== null) {
      this.connectMs = now() - this.#phaseSince;
      this.#phase = 'connected';
      this.#serverSocket = socket;
      if (this.#wanted) this.#start();
      else this.#listenToServer(socket);
      return;
    }
    server.release();
    const cause = `connect to server ${backend.name}/${server.name} failed: ${reason}`;
    if (this.retries >= backend.settings.retries) {
      this.#phase = 'idle';
      this.#fail('SC', cause);
      return;
    }
    this.cause = cause;
    this.retries++;
    backend.counters.retries++;
    (this.#tried ??= []).push(server);
    if (backend.pick(this.#tried) !== null) {
      this.redispatched = true;
      backend.counters.redispatches++;
      this.#dispatch(backend);
    } else {
      this.#phase = 'waiting';
      armTimer(this, now() + Math.min(SAME_SERVER_PAUSE_MS, backend.connectTimeoutMs));
    }
  }

  /** Looks at the server's first bytes without taking them. An HTTP/2 server may send SETTINGS at once: that says nothing yet. */
  #listenToServer(socket: Socket): void {
    socket.once('readable', () => {
      if (this.#phase !== 'connected') return;
      const bytes: Buffer | null = socket.read();
      if (bytes === null) return;
      socket.unshift(bytes);
      if (!isSettingsFrame(bytes)) this.#onServerSpoke();
    });
  }

  #start(): void {
    const socket = this.#serverSocket;
    if (socket === null) return;
    this.#phase = 'relaying';
    this.#client.off('close', this.#onClientClosed);
    socket.removeAllListeners('readable');
    this.cause = '';
    this.#relay = new Relay(
      this.#client,
      socket,
      this.#first,
      { clientTimeoutMs: this.#clientTimeoutMs, serverTimeoutMs: this.backend?.settings.serverTimeoutMs ?? null },
      (relay) => this.#relayEnded(relay),
    );
    this.#first = null;
  }

  #relayEnded(relay: Relay): void {
    this.bytesIn = relay.bytesIn;
    this.bytesOut = relay.bytesOut;
    const { counters } = this.#context.record.frontend;
    counters.bytesIn += relay.bytesIn;
    counters.bytesOut += relay.bytesOut;
    if (this.server !== null) {
      this.server.counters.bytesIn += relay.bytesIn;
      this.server.counters.bytesOut += relay.bytesOut;
    }
    this.termination = relay.termination;
    this.cause = relay.cause;
    this.#end();
  }

  #fail(termination: string, cause: string): void {
    if (this.#phase === 'ended') return;
    this.termination = termination;
    this.cause = cause;
    if (this.#wanted) {
      this.#end();
    } else {
      // The protocol is still being detected, and it may be another that fails or succeeds on its own terms.
      this.#leave();
      this.#phase = 'failed';
    }
  }

  #uncount(): void {
    if (this.server !== null) this.server.counters.streamsTotal--;
  }

  #end(): void {
    this.#leave();
    this.#phase = 'ended';
    this.totalMs = now() - this.startedAt;
    this.#context.ended(this);
  }

  /** Gives back the place in the queue or on the server. */
  #leave(): void {
    disarmTimer(this);
    const phase = this.#phase;
    this.#phase = 'idle';
    this.#client.off('close', this.#onClientClosed);
    if (phase === 'queued') this.backend?.leaveQueue(this);
    this.#cancelDial?.();
    this.#cancelDial = null;
    if (phase === 'connected') this.#serverSocket?.destroy();
    if (phase === 'connecting' || phase === 'connected' || phase === 'relaying') this.server?.release();
  }
}

/** The header of a SETTINGS frame on stream 0 (RFC 9113 §6.5), with which an HTTP/2 server begins. */
function isSettingsFrame(bytes: Uint8Array): boolean {
  return bytes.length >= 9 && bytes[0] === 0 && bytes[3] === 4 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0 && bytes[8] === 0;
}
