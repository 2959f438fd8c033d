/**
 * The connections to one server: those to the same port, by the same name, for the same client where it matters, are a pool.
 */
import { isIP, type Socket } from 'node:net';
import type { Mode, ServerAddress, ServerSettings } from '../config/model.ts';
import type { ServerTlsSettings, SniSource } from '../config/tls-settings.ts';
import type { ConnectionRecord } from '../model/records.ts';
import type { Http2Options } from '../h2/options.ts';
import { serverTimeouts, type SessionTimeouts } from '../session/timeouts.ts';
import type { TlsConnector } from '../tls/connector.ts';
import { dialPort, dialTarget } from './address.ts';
import { ConnectionPool, type PoolOwner, type StreamSeeker } from './connection-pool.ts';
import { dial, type DialClient, type DialSettings } from './dial.ts';
import { Http1Pool, type Http1PoolOptions, type IdleRoom } from './http1-pool.ts';

/** HTTP/2 connections for one client alone are kept for so long at least: their header blocks may take as long. */
const MIN_PURGE_MS = 1000;
/** Names that clients may choose, of a server to which connections are open at once. */
const MAX_NAMES = 1024;
const HTTP2_ALPN: readonly string[] = ['h2'];
const HTTP1_ALPN: readonly string[] = ['http/1.1'];

/** The connection that a client made. */
export interface Destination extends DialClient {
  /** Tells it from all others. */
  readonly id: number;
}

/** What all servers of a backend have in common. */
export interface ConnectionSettings {
  readonly mode: Mode;
  readonly connectTimeoutMs: number;
  readonly http1: Omit<Http1PoolOptions, 'idleMs'>;
  readonly http2: Http2Options;
  connectorOf(settings: ServerTlsSettings | null): TlsConnector | null;
}

export class ServerConnections {
  readonly settings: ServerSettings;
  readonly #address: ServerAddress;
  readonly #common: ConnectionSettings;
  readonly #owner: PoolOwner;
  /** The host to dial is the one that the client connected to. */
  readonly #followsClient: boolean;
  /** By port, behind the address where that depends on the client as well. */
  readonly #pools = new Map<number | string, ConnectionPool>();
  readonly #http1Pools = new Map<number | string, Http1Pool>();
  /** Of HTTP/2, once there is one and if all clients share it: who looks for it by key pays for that with every stream. */
  #sharedPool: ConnectionPool | null = null;
  readonly #http1: Http1PoolOptions;
  /** Of all HTTP/1 pools together. */
  readonly #idle: IdleRoom;
  /** null: cleartext. */
  readonly #tls: TlsConnector | null;
  /** The name that the server is told comes from clients. */
  readonly #namedByClients: boolean;
  /** Each stream's id is told at the beginning of its connection. */
  readonly #perStream: boolean;
  /** Something is said at the beginning of a connection that others cannot use: who the client is, or the name that it asked for. */
  readonly #ownConnections: boolean;

  constructor(address: ServerAddress, settings: ServerSettings, common: ConnectionSettings, owner: PoolOwner) {
    const kind = settings.tls?.sni.kind;
    this.#namedByClients = kind !== undefined && kind !== 'none' && kind !== 'fixed';
    this.#perStream = settings.sendProxy?.version === 2 && settings.sendProxy.uniqueId;
    this.#ownConnections = settings.sendProxy !== null || this.#namedByClients;
    this.settings = settings;
    this.#address = address;
    this.#common = common;
    this.#owner = owner;
    this.#http1 = { ...common.http1, idleMs: settings.poolPurgeMs };
    this.#idle = { most: settings.poolPurgeMs === 0 ? 0 : settings.poolMaxConn ?? Infinity, now: 0 };
    this.#followsClient = address.kind === 'tcp' && address.host === '';
    this.#tls = common.connectorOf(settings.tls);
  }

  /** Finds or makes a connection for a client that connected to `destination`. */
  acquire(seeker: StreamSeeker, destination: Destination): void {
    const http1 = this.#speaksHttp1(seeker);
    if (this.#sharedPool !== null && !http1) {
      this.#sharedPool.acquire(seeker);
      return;
    }
    const sni = this.#namedByClients ? this.#sniOf(seeker, destination) : null;
    const key = this.#poolKey(destination, sni, seeker.evaluation?.uniqueId ?? null);
    if (this.#namedByClients && this.#pools.size + this.#http1Pools.size >= MAX_NAMES && !(http1 ? this.#http1Pools : this.#pools).has(key)) {
      seeker.onConnectFailed(`connections to more than ${MAX_NAMES} names: see 'sni'`);
    } else if (http1) {
      this.#http1Pool(key, destination, sni, seeker.evaluation?.uniqueId ?? null).acquire(seeker);
    } else {
      this.#pool(key, destination, sni, seeker.evaluation?.uniqueId ?? null).acquire(seeker);
    }
  }

  abandon(seeker: StreamSeeker, destination: Destination): void {
    const pools = this.#speaksHttp1(seeker) ? this.#http1Pools : this.#pools;
    pools.get(this.#poolKey(destination, this.#namedByClients ? this.#sniOf(seeker, destination) : null, seeker.evaluation?.uniqueId ?? null))?.abandon(seeker);
  }

  /** What the line says, else what the mode does: HTTP/1 in mode http as in HAProxy, in mode auto what the client speaks. */
  #speaksHttp1({ reuse }: StreamSeeker): boolean {
    const { proto, tls } = this.settings;
    if (proto !== null) return proto === 'h1';
    if (tls?.alpn?.[0] !== undefined) return tls.alpn[0] !== 'h2';
    const { mode } = this.#common;
    return mode === 'http' || (mode === 'auto' && reuse.speaks === 'h1');
  }

  /** Dials for raw TCP. */
  dialRaw(destination: ConnectionRecord): Socket {
    const source = { request: null, connection: destination, requestFields: null, firstBytes: null, evaluation: null };
    const sni = this.#namedByClients ? this.#sniOf(source, destination) : null;
    return dial(this.#dialSettings(destination, []), destination, sni);
  }

  /** Lets running requests end and closes. */
  drain(): void {
    for (const pool of [...this.#pools.values(), ...this.#http1Pools.values()]) pool.drain();
  }

  endSessions(cause: string): void {
    for (const pool of [...this.#pools.values(), ...this.#http1Pools.values()]) pool.endSessions(cause);
  }

  destroy(): void {
    for (const pool of [...this.#pools.values(), ...this.#http1Pools.values()]) pool.destroy();
  }

  #pool(key: number | string, destination: Destination, sni: string | null, id: string | null): ConnectionPool {
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      const settings = this.#dialSettings(destination, HTTP2_ALPN);
      const own = this.#ownConnections;
      pool = new ConnectionPool(() => dial(settings, destination, sni, id), this.#common.http2, this.#timeouts(own), this.#owner, own ? () => this.#pools.delete(key) : null);
      this.#pools.set(key, pool);
      const { kind } = this.#address;
      if (!own && !this.#followsClient && (kind !== 'tcp' || this.#address.port.kind === 'fixed')) this.#sharedPool = pool;
    }
    return pool;
  }

  #http1Pool(key: number | string, destination: Destination, sni: string | null, id: string | null): Http1Pool {
    let pool = this.#http1Pools.get(key);
    if (pool === undefined) {
      const settings = this.#dialSettings(destination, HTTP1_ALPN);
      const onEmpty = this.#ownConnections ? () => this.#http1Pools.delete(key) : null;
      pool = new Http1Pool(() => dial(settings, destination, sni, id), this.#http1, this.#owner, onEmpty, this.#perStream ? { most: 0, now: 0 } : this.#idle);
      this.#http1Pools.set(key, pool);
    }
    return pool;
  }

  #sniOf(source: Pick<StreamSeeker, 'request' | keyof SniSource>, { tls }: Destination): string | null {
    const { request, requestFields } = source;
    const sni = this.settings.tls?.sni;
    switch (sni?.kind) {
      case 'client':
        return tls?.sni ?? null;
      case 'host':
        return serverNameOf(request?.authority ?? '');
      case 'header':
        return serverNameOf(requestFields?.get(sni.name) ?? '');
      case 'expression':
        return serverNameOf(sni.octets(source) ?? '');
      case 'fixed':
      case 'none':
      case undefined:
        return null;
    }
  }

  /** What a connection depends on. With a PROXY header that is what the header says, as in HAProxy, which hashes it. */
  #poolKey({ id, clientAddress, clientPort, localAddress, localPort, tls }: Destination, sni: string | null, uniqueId: string | null): number | string {
    const port = dialPort(this.#address, localPort);
    const address = this.#followsClient ? `${localAddress} ${port}` : port;
    const ends = tls === null ? `${clientAddress} ${clientPort} ${localAddress} ${localPort}` : id;
    if (this.settings.sendProxy !== null) return `${address} ${ends} ${sni ?? ''}${this.#perStream ? ` ${uniqueId ?? ''}` : ''}`;
    return sni === null ? address : `${address} ${sni}`;
  }

  #dialSettings({ localAddress, localPort }: Destination, alpn: readonly string[]): DialSettings {
    const target = dialTarget(this.#address, dialPort(this.#address, localPort), localAddress);
    return { target, sendProxy: this.settings.sendProxy, tls: this.#tls, alpn };
  }

  #timeouts(own: boolean): SessionTimeouts {
    const timeouts = serverTimeouts(this.#common.connectTimeoutMs, this.settings.idlePing);
    return own ? { ...timeouts, firstStream: { ms: Math.max(MIN_PURGE_MS, this.settings.poolPurgeMs), name: 'pool-purge-delay' } } : timeouts;
  }
}

/** A host name without port, which is what may be named (RFC 6066 §3); null for an address. */
function serverNameOf(authority: string): string | null {
  const name = /^([A-Za-z0-9_.-]{1,253})(?::\d*)?$/.exec(authority)?.[1]?.toLowerCase();
  return name === undefined || isIP(name) !== 0 ? null : name;
}
