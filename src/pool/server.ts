/**
 * One server: its state, its load and its connections.
 *
 * Whether it takes new streams is decided by its checks (`UP`, `DOWN`, `NOLB`), by the operator (`MAINT`), and for a moment by the
 * data path itself: after a failed connect the server is suspect, and others are preferred until the next try is due.
 */
import type { Socket } from 'node:net';
import type { ServerAddress, ServerSettings } from '../config/model.ts';
import type { ServerTlsSettings } from '../config/tls-settings.ts';
import type { ServerCounters, ServerRecord, ServerStatus } from '../model/records.ts';
import { now } from '../time/clock.ts';
import type { Target } from '../balance/picker.ts';
import type { Http2Options } from '../h2/options.ts';
import { serverTimeouts, type SessionTimeouts } from '../session/timeouts.ts';
import type { TlsConnector } from '../tls/connector.ts';
import { serverFailure } from '../tls/failures.ts';
import { describeAddress, dialPort, dialTarget } from './address.ts';
import { dial, readyEvent, type DialClient, type DialSettings } from './dial.ts';
import { ConnectionPool, type PoolOwner, type StreamSeeker } from './connection-pool.ts';

/** After a failed connect other servers are preferred for this long, milliseconds. */
const SUSPECT_MS = 1000;
/** Connections that serve one client alone are closed when it has not used them for so long (HAProxy's pool-purge-delay). */
const PURGE_MS = 5000;
const HTTP2_ALPN: readonly string[] = ['h2'];

/** What a server tells its backend. */
export interface ServerOwner {
  readonly name: string;
  readonly connectTimeoutMs: number;
  readonly http2: Http2Options;
  /** Streams that a server with these settings takes at once, at the present load; 0: no limit. */
  limitOf(settings: ServerSettings): number;
  /** Whether it may be picked has changed. */
  onUsableChanged(server: Server): void;
  /** A stream has left: there may be a free slot. */
  onSlotFree(server: Server): void;
  onStatusChanged(server: Server, from: ServerStatus, reason: string): void;
  /** The data path saw a sign that the server's state may have changed. */
  onHint(server: Server): void;
  onProtocolError(server: Server, code: number, reason: string): void;
  connectorOf(settings: ServerTlsSettings | null): TlsConnector | null;
}

/** The connection that a client made. */
export interface Destination extends DialClient {
  /** Tells it from all others. */
  readonly id: number;
}

export class Server implements Target, ServerRecord, PoolOwner {
  readonly name: string;
  readonly settings: ServerSettings;
  readonly address: string;
  readonly backendName: string;
  readonly backup: boolean;
  readonly weight: number;
  readonly counters: ServerCounters = {
    streamsTotal: 0, streamsCurrent: 0, connectionsTotal: 0, connectionsCurrent: 0, connectFailures: 0, refused: 0, protocolErrors: 0,
    glitches: 0, bytesIn: 0, bytesOut: 0, checksFailed: 0, transitionsDown: 0,
  };
  status: ServerStatus;
  /** Why the status is what it is. */
  statusReason = '';
  readonly #address: ServerAddress;
  readonly #owner: ServerOwner;
  /** The limit depends on the backend's load. */
  readonly #elastic: boolean;
  /** The host to dial is the one that the client connected to. */
  readonly #followsClient: boolean;
  /** By port, behind the address where that depends on the client as well. */
  readonly #pools = new Map<number | string, ConnectionPool>();
  /** null: cleartext. */
  readonly #tls: TlsConnector | null;
  #suspectUntil = 0;
  #removed = false;

  constructor(name: string, address: ServerAddress, settings: ServerSettings, owner: ServerOwner) {
    this.name = name;
    this.settings = settings;
    this.address = describeAddress(address);
    this.backendName = owner.name;
    this.backup = settings.backup;
    this.weight = settings.weight;
    this.#elastic = settings.minconn > 0 && settings.minconn < settings.maxconn;
    this.status = settings.disabled ? 'MAINT' : settings.check ? 'UP' : 'no check';
    this.#address = address;
    this.#followsClient = address.kind === 'tcp' && address.host === '';
    this.#owner = owner;
    this.#tls = owner.connectorOf(settings.tls);
  }

  /** Streams on the server and on the way to it: what leastconn compares. */
  get inflight(): number {
    return this.counters.streamsCurrent;
  }

  /** Streams at once, now; 0: no limit. */
  get maxconn(): number {
    return this.#elastic ? this.#owner.limitOf(this.settings) : this.settings.maxconn;
  }

  /** Takes new streams as far as its checks and the operator are concerned. */
  get usable(): boolean {
    return (this.status === 'UP' || this.status === 'no check') && !this.#removed;
  }

  get suspect(): boolean {
    return this.#suspectUntil > now();
  }

  /** The verdict of the checks. */
  setStatus(status: 'UP' | 'DOWN' | 'NOLB', reason: string): void {
    const from = this.status;
    if (from === status || from === 'MAINT') return;
    this.status = status;
    this.statusReason = reason;
    if (status === 'DOWN') this.counters.transitionsDown++;
    if (status === 'UP') this.#suspectUntil = 0;
    this.#owner.onStatusChanged(this, from, reason);
    this.#owner.onUsableChanged(this);
  }

  /** A stream (or TCP connection) was assigned. Every call is followed by one of {@link release}. */
  assign(): void {
    this.counters.streamsTotal++;
    this.counters.streamsCurrent++;
  }

  release(): void {
    this.counters.streamsCurrent--;
    this.#owner.onSlotFree(this);
  }

  /** TLS of its checks; null: cleartext. */
  get checkConnector(): TlsConnector | null {
    return this.#owner.connectorOf(this.settings.checkTls);
  }

  /** Finds or makes a connection for a client that connected to `destination`. */
  acquire(seeker: StreamSeeker, destination: Destination): void {
    this.#pool(destination).acquire(seeker);
  }

  abandon(seeker: StreamSeeker, destination: Destination): void {
    this.#pools.get(this.#poolKey(destination))?.abandon(seeker);
  }

  /** Dials a raw TCP connection; `done` gets the connected, paused socket, or the reason of the failure. The answer cancels the dial. */
  dialRaw(destination: Destination, done: (socket: Socket | null, reason: string) => void): () => void {
    const socket = dial(this.#dialSettings(destination, []), destination);
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), this.#owner.connectTimeoutMs);
    let answered = false;
    const answer = (result: Socket | null, reason: string): void => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      if (result === null) this.onDialFailed(reason);
      else this.onConnected();
      done(result, reason);
    };
    socket.pause();
    socket.once('error', (error: NodeJS.ErrnoException) => answer(null, failure(error)));
    socket.once(readyEvent(socket), () => {
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      socket.once('close', () => this.onDisconnected());
      answer(socket, '');
    });
    return () => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      socket.destroy();
    };
  }

  #pool(destination: Destination): ConnectionPool {
    const key = this.#poolKey(destination);
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      const settings = this.#dialSettings(destination, HTTP2_ALPN);
      const own = this.#ownConnections;
      pool = new ConnectionPool(() => dial(settings, destination), this.#owner.http2, this.#timeouts(own), this, own ? () => this.#pools.delete(key) : null);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /** Who the client is was said at the beginning of the connection, so that others cannot use it. */
  get #ownConnections(): boolean {
    return this.settings.sendProxy !== null || this.settings.tls?.sni.kind === 'client';
  }

  /** What a connection depends on. With a PROXY header that is the client's connection, as in HAProxy, which hashes the header. */
  #poolKey({ id, localAddress, localPort, tls }: Destination): number | string {
    const port = dialPort(this.#address, localPort);
    const address = this.#followsClient ? `${localAddress} ${port}` : port;
    if (this.settings.sendProxy !== null) return `${address} ${id}`;
    return this.settings.tls?.sni.kind === 'client' ? `${address} ${tls?.sni ?? ''}` : address;
  }

  #dialSettings({ localAddress, localPort }: Destination, alpn: readonly string[]): DialSettings {
    const target = dialTarget(this.#address, dialPort(this.#address, localPort), localAddress);
    return { target, sendProxy: this.settings.sendProxy, tls: this.#tls, alpn };
  }

  #timeouts(own: boolean): SessionTimeouts {
    const timeouts = serverTimeouts(this.#owner.connectTimeoutMs, this.settings.idlePing);
    return own ? { ...timeouts, firstStream: { ms: PURGE_MS, name: 'pool-purge-delay' } } : timeouts;
  }

  /** The server has left the backend: running streams end by themselves. */
  remove(): void {
    this.#removed = true;
    for (const pool of this.#pools.values()) pool.drain();
  }

  destroy(): void {
    for (const pool of this.#pools.values()) pool.destroy();
  }

  onConnected(): void {
    this.counters.connectionsTotal++;
    this.counters.connectionsCurrent++;
    if (this.#suspectUntil !== 0) {
      this.#suspectUntil = 0;
      this.#owner.onUsableChanged(this);
    }
  }

  onDisconnected(): void {
    this.counters.connectionsCurrent--;
  }

  onDialFailed(_reason: string): void {
    this.counters.connectFailures++;
    this.#suspectUntil = now() + SUSPECT_MS;
    setTimeout(() => this.#owner.onUsableChanged(this), SUSPECT_MS + 1).unref();
    this.#owner.onUsableChanged(this);
    this.#owner.onHint(this);
  }

  onGoAway(): void {
    this.#owner.onHint(this);
  }

  onGlitch(): void {
    this.counters.glitches++;
  }

  onProtocolError(code: number, reason: string): void {
    this.counters.protocolErrors++;
    this.#owner.onProtocolError(this, code, reason);
  }
}

function failure(error: NodeJS.ErrnoException): string {
  const code = error.code ?? error.message;
  return serverFailure(code) ?? code;
}
