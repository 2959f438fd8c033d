/** A frontend: where connections come in, what they count, and which backend they go to. */
import type { Socket } from 'node:net';
import type { BindSettings, FrontendSettings } from '../config/model.ts';
import type { LocalService } from '../model/local-service.ts';
import type { Observer } from '../model/observer.ts';
import type { ConnectionRecord, FrontendCounters, LogSettings, StreamRecord } from '../model/records.ts';
import type { Tracer } from '../model/trace.ts';
import { serverOptions, type Http2Options } from '../h2/options.ts';
import type { Backend } from '../pool/backend.ts';
import type { Server } from '../pool/server.ts';
import type { TlsAcceptor } from '../tls/acceptor.ts';
import { monitorService } from './monitor.ts';
import { clientTimeouts, type SessionTimeouts } from '../session/timeouts.ts';
import type { Routing } from './routing.ts';
import { ClientConnection } from './client-connection.ts';
import type { ConnectionOwner, OwnedConnection } from './connection-owner.ts';

export class Frontend implements ConnectionOwner {
  readonly name: string;
  readonly settings: FrontendSettings;
  readonly defaultBackend: Backend | null;
  readonly routing: Routing | null;
  readonly http2: Http2Options;
  /** What answers in place of servers (`stats`); null: nothing. */
  local: LocalService | null;
  /** Set when tracing is ready. */
  tracer: Tracer | null = null;
  readonly log: LogSettings;
  readonly counters: FrontendCounters = {
    connectionsTotal: 0, connectionsCurrent: 0, connectionsMax: 0, streamsTotal: 0, streamsCurrent: 0, bytesIn: 0, bytesOut: 0,
    protocolErrors: 0, glitches: 0, floods: 0, detectTimeouts: 0, tlsHandshakes: 0, tlsResumed: 0, tlsFailures: 0, proxyHeaderErrors: 0,
  };
  readonly #observer: Observer;
  readonly #connections = new Set<OwnedConnection>();
  readonly #nextId: () => number;
  readonly #timeouts = new Map<BindSettings, SessionTimeouts>();
  #draining: string | null = null;
  /** Called when a connection has ended: there may be room for another. */
  onConnectionEnded: () => void = () => {};

  constructor(settings: FrontendSettings, backend: Backend | null, routing: Routing | null, observer: Observer, nextId: () => number) {
    this.name = settings.name;
    this.settings = settings;
    this.defaultBackend = backend;
    this.routing = routing;
    this.http2 = serverOptions(settings.http2);
    this.local = settings.http.monitorUri === null ? null : monitorService(settings.http.monitorUri);
    this.log = { enabled: settings.logs.length > 0, skipNull: settings.dontLogNull, asap: settings.logAsap };
    this.#observer = observer;
    this.#nextId = nextId;
  }

  /** Takes over an accepted, paused socket. `acceptor`: null without TLS. */
  accept(socket: Socket, bind: BindSettings, acceptor: TlsAcceptor | null): void {
    const { counters } = this;
    counters.connectionsTotal++;
    counters.connectionsCurrent++;
    if (counters.connectionsCurrent > counters.connectionsMax) counters.connectionsMax = counters.connectionsCurrent;
    const connection = new ClientConnection(this.#nextId(), socket, this, bind, acceptor, this.#timeoutsOf(bind));
    this.#connections.add(connection);
    connection.start();
    if (this.#draining !== null) connection.drain(this.#draining);
  }

  #timeoutsOf(bind: BindSettings): SessionTimeouts {
    let timeouts = this.#timeouts.get(bind);
    if (timeouts === undefined) {
      timeouts = clientTimeouts(this.settings, bind.idlePing);
      this.#timeouts.set(bind, timeouts);
    }
    return timeouts;
  }

  /** Connections open now. */
  get size(): number {
    return this.#connections.size;
  }

  /** Every connection, and every one to come, is told to open no more streams. */
  drain(text: string): void {
    this.#draining = text;
    for (const connection of this.#connections) connection.drain(text);
  }

  /** Cuts off the raw connections that run on `server`. */
  endSessions(server: Server, cause: string): void {
    for (const connection of [...this.#connections]) connection.endSessions(server, cause);
  }

  abort(cause: string): void {
    for (const connection of [...this.#connections]) connection.abort(cause);
  }

  streamAnswered(stream: StreamRecord): void {
    this.#observer.streamAnswered(stream);
  }

  streamEnded(stream: StreamRecord): void {
    this.#observer.streamEnded(stream);
  }

  protocolError(connection: ConnectionRecord, code: number, reason: string): void {
    this.#observer.protocolError('client', `${this.name} ${connection.clientAddress}:${connection.clientPort}`, code, reason);
  }

  connectionEnded(connection: OwnedConnection, streams: number, reason: string): void {
    this.#connections.delete(connection);
    this.counters.connectionsCurrent--;
    this.#observer.connectionEnded(connection, streams, reason);
    this.onConnectionEnded();
  }
}
