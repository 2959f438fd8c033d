/**
 * One accepted connection, from its first byte to its end:
 *
 *      accept ──▶ admission (PROXY header, TLS; admission.ts)
 *                    ▼
 *                 detecting ──▶ HTTP/2 session, an exchange per stream
 *                    │      ├─▶ HTTP/1 session, an exchange per request (http1-client.ts)
 *                    │      └─▶ raw TCP, one exchange
 *                    └─▶ refused (mode grpc: not HTTP/2)
 */
import type { Socket } from 'node:net';
import type { ForwardingSettings } from '../config/forwarded-settings.ts';
import type { BindSettings, FrontendSettings } from '../config/model.ts';
import type { FieldList, RequestFacts } from '../model/fields.ts';
import type { Half, HalfSink } from '../model/exchange.ts';
import type { LocalService } from '../model/local-service.ts';
import type { ConnectionRecord, StreamRecord } from '../model/records.ts';
import type { TlsRecord } from '../model/tls.ts';
import type { Tracer } from '../model/trace.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import { SessionSocket } from '../transport/session-socket.ts';
import { ENHANCE_YOUR_CALM, NO_ERROR } from '../h2/errors.ts';
import type { Http1ServerSession } from '../h1/server-session.ts';
import type { Http2Stream } from '../h2/stream.ts';
import type { Backend } from '../pool/backend.ts';
import { ClientReuse } from '../pool/client-reuse.ts';
import type { Server } from '../pool/server.ts';
import { Http2Session, type SessionOwner } from '../session/http2-session.ts';
import type { SessionTimeouts } from '../session/timeouts.ts';
import type { TlsAcceptor } from '../tls/acceptor.ts';
import { Admission, takeAddresses, type Admitted, type Ends, type Refused } from './admission.ts';
import { Ageing } from './connection-age.ts';
import { Exchange } from './exchange.ts';
import type { ErrorPages } from './error-pages.ts';
import { HEADERS_TOO_LARGE } from './error-response.ts';
import { serveHttp1, type Http1Context } from './http1-client.ts';
import type { ConnectionOwner, OwnedConnection } from './connection-owner.ts';
import { ConnectionRules } from './connection-rules.ts';
import { Detection } from './detection.ts';
import { RuledStream } from './ruled-stream.ts';
import { TcpExchange } from './tcp-exchange.ts';

type Phase = 'admission' | 'detecting' | 'h1' | 'h2' | 'tcp' | 'ended';

export class ClientConnection extends Timer implements OwnedConnection, Http1Context, SessionOwner {
  readonly id: number;
  clientAddress: string;
  clientPort: number;
  proxied: Ends['proxied'] = null;
  localAddress: string;
  localPort: number;
  tls: TlsRecord | null = null;
  readonly acceptedAt: number;
  protocol: ConnectionRecord['protocol'] = 'unknown';
  readonly frontend: ConnectionOwner;
  #socket: Socket;
  readonly #settings: FrontendSettings;
  readonly #bind: BindSettings;
  readonly #timeouts: SessionTimeouts;
  readonly #acceptor: TlsAcceptor | null;
  #phase: Phase = 'detecting';
  #admission: Admission | null = null;
  /** When the client's first bytes could come. */
  #readyAt: number;
  #detection: Detection | null = null;
  #ahead: TcpExchange | null = null;
  #tcp: TcpExchange | null = null;
  #session: Http2Session | null = null;
  #http1: Http1ServerSession | null = null;
  readonly reuse: ClientReuse;
  readonly #rules: ConnectionRules | null;
  #streams = 0;
  #ageing: Ageing | null = null;
  #drainText: string | null = null;
  /** A broken rule on a stream was reported: the first of a connection is worth a line, the rest are counted. */
  #oddityTold = false;

  constructor(id: number, socket: Socket, frontend: ConnectionOwner, bind: BindSettings, acceptor: TlsAcceptor | null, timeouts: SessionTimeouts) {
    super();
    this.id = id;
    this.clientAddress = socket.remoteAddress ?? '';
    this.clientPort = socket.remotePort ?? 0;
    this.localAddress = socket.localAddress ?? '';
    this.localPort = socket.localPort ?? 0;
    this.acceptedAt = this.#readyAt = now();
    this.frontend = frontend;
    this.#socket = socket;
    this.#settings = frontend.settings;
    this.reuse = new ClientReuse(frontend.settings.http.connection !== 'keep-alive');
    this.#bind = bind;
    this.#acceptor = acceptor;
    this.#rules = frontend.routing === null ? null : new ConnectionRules(this, bind, frontend.routing, frontend.settings, (cause) => this.#drop(cause));
    this.#timeouts = timeouts;
  }

  /** Begins to read. */
  start(): void {
    if (this.#rules?.refuses('tcpConnection') === true) return;
    const proxied = this.#bind.acceptProxy || this.#rules?.expectsProxy === true;
    if (this.#acceptor === null && !proxied) {
      this.#begin(null);
      return;
    }
    this.#phase = 'admission';
    this.#admission = new Admission(this.#socket, proxied, this.#acceptor, (result) => {
      if (result.kind === 'admitted') this.#admitted(result);
      else this.#notAdmitted(result);
    });
    armTimer(this, this.acceptedAt + this.#timeouts.handshake.ms);
    this.#admission.start();
  }

  /** `first`: what was read already, or null. */
  #begin(first: Buffer | null): void {
    if (this.#rules?.refuses('tcpSession', this.#bind.acceptProxy || this.#rules.expectsProxy) === true) return;
    const { mode } = this.#settings;
    if (mode === 'tcp') this.#beginTcp(first);
    else if (mode === 'grpc' || this.#bind.proto === 'h2' || this.tls?.alpn === 'h2') this.#beginHttp2(first);
    else if (this.#bind.proto === 'h1') this.#beginHttp1(first);
    else this.#beginDetection(first);
  }

  #admitted({ socket, header, tls, first }: Admitted): void {
    disarmTimer(this);
    this.#admission = null;
    this.#phase = 'detecting';
    this.#readyAt = now();
    this.#socket = socket;
    this.tls = tls;
    if (tls !== null) {
      this.frontend.counters.tlsHandshakes++;
      if (tls.resumed) this.frontend.counters.tlsResumed++;
    }
    takeAddresses(this, header);
    this.#begin(first);
  }

  #notAdmitted({ kind, reason }: Refused): void {
    const { counters } = this.frontend;
    takeAddresses(this, this.#admission?.header ?? null);
    if (kind === 'tls') counters.tlsFailures++;
    if (kind === 'proxy') counters.proxyHeaderErrors++;
    if (kind !== 'silent') this.frontend.protocolError(this, 0, reason);
    this.#socket.destroy();
    this.#finish(reason);
  }

  get forwarding(): ForwardingSettings {
    return this.#settings;
  }

  get tracer(): Tracer | null {
    return this.frontend.tracer;
  }

  get errorPages(): ErrorPages {
    return this.#settings.http.errorPages;
  }

  get local(): LocalService | null {
    return this.frontend.local;
  }

  get clientTimeoutMs(): number | null {
    return this.#settings.clientTimeoutMs;
  }

  get record(): ConnectionRecord {
    return this;
  }

  get readyAt(): number {
    return this.#readyAt;
  }

  get secure(): boolean {
    return this.tls !== null;
  }

  // ---- detection

  #beginDetection(first: Buffer | null): void {
    const auto = this.#settings.mode === 'auto';
    const limitMs = auto ? this.#settings.detectTimeoutMs : this.#timeouts.handshake.ms;
    this.#detection = new Detection(this.#socket, { mode: auto ? 'auto' : 'http', readyAt: this.#readyAt, limitMs }, {
      decided: (protocol, seen) => {
        if (protocol === 'h2') this.#beginHttp2(seen);
        else if (protocol === 'h1') this.#beginHttp1(seen);
        else this.#beginTcp(seen);
      },
      gone: () => this.#finish('client closed the connection before it sent a request'),
      silent: () => {
        // Where there are rules, they choose the server, and by what the client says.
        if (this.#rules !== null) return false;
        this.#ahead = this.#newTcpExchange();
        this.#ahead.dial();
        return true;
      },
      timedOut: () => { this.frontend.counters.detectTimeouts++; },
    });
    this.#detection.start(first);
  }

  /** The admission takes too long. */
  override onTimer(): void {
    if (this.#phase !== 'admission' || this.#admission === null) return;
    const { kind, step } = this.#admission;
    const { ms, name } = this.#timeouts.handshake;
    this.#admission.cancel();
    this.#notAdmitted({ kind, reason: `no ${step} within ${ms} ms (${name})` });
  }

  #newTcpExchange(): TcpExchange {
    return new TcpExchange(this, this.#socket, this.#settings.clientFinTimeoutMs, () => {
      if (this.#phase === 'detecting') this.#beginTcp(this.#detection?.stop() ?? null);
    });
  }

  // ---- the protocols

  #beginTcp(first: Buffer | null): void {
    this.#phase = 'tcp';
    this.protocol = 'tcp';
    this.#socket.on('error', ignore);
    const exchange = this.#ahead ?? this.#newTcpExchange();
    this.#ahead = null;
    if (this.#rules === null) this.#relay(exchange, first);
    else this.#rules.routeRaw(this.#socket, first, exchange, (seen) => this.#relay(exchange, seen));
  }

  #relay(exchange: TcpExchange, first: Buffer | null): void {
    this.#tcp = exchange;
    this.streamBegan();
    exchange.begin(first);
  }

  #beginHttp2(first: Buffer | null): void {
    this.#phase = 'h2';
    this.protocol = 'h2';
    this.#ahead?.cancel();
    this.#ahead = null;
    const socket = new SessionSocket(this.#socket);
    const session = new Http2Session(socket, this.frontend.http2, this.#timeouts, this);
    this.#session = session;
    const { maxConnectionAge } = this.#settings;
    if (maxConnectionAge !== null) this.#ageing = new Ageing(maxConnectionAge, session, (message) => this.#cutStreams(session, message));
    socket.start(session, first);
  }

  #cutStreams(session: Http2Session, message: string): void {
    for (const { sink } of session.connection.openStreams()) {
      if (sink instanceof Exchange || sink instanceof RuledStream) sink.cut(message);
    }
  }

  #beginHttp1(first: Buffer | null): void {
    this.#phase = 'h1';
    this.protocol = 'h1';
    this.reuse.speaks = 'h1';
    this.#ahead?.cancel();
    this.#ahead = null;
    const session = serveHttp1(this, new SessionSocket(this.#socket), this.#settings, this.#timeouts, first);
    this.#http1 = session;
    const { maxConnectionAge } = this.#settings;
    if (maxConnectionAge !== null && this.#phase === 'h1') {
      this.#ageing = new Ageing(maxConnectionAge, { drain: () => session.drain(), abort: (_code, reason) => session.abort(reason) }, () => {});
    }
    if (this.#drainText !== null) this.#http1.drain();
  }

  /** Takes no new streams, lets those under way finish and closes. Raw connections end by themselves. */
  drain(text: string): void {
    this.#drainText = text;
    this.#http1?.drain();
    // A connection that has just been accepted is told when its client has said hello: until then it could not tell GOAWAY from a failure.
    if (this.#session !== null && this.#session.phase !== 'handshake') this.#session.drain(text);
  }

  /** Ends everything on the connection now. */
  abort(cause: string): void {
    this.#tcp?.abort('K-', cause);
    this.#session?.abort(NO_ERROR, cause);
    this.#http1?.abort(cause);
    if (this.#phase === 'admission') {
      this.#admission?.cancel();
      this.#socket.destroy();
      this.#finish(cause);
    } else if (this.#phase === 'detecting' || (this.#phase === 'tcp' && this.#tcp === null)) {
      this.#detection?.stop();
      this.#finish(cause);
    }
  }

  /** Ends it if it is a raw connection that runs on `server`. */
  endSessions(server: Server, cause: string): void {
    if (this.#tcp !== null && this.#tcp.server === server) this.#tcp.abort('K-', cause);
  }

  /** A rule wants nothing more of it. */
  #drop(cause: string): void {
    this.abort(cause);
    this.#socket.destroy();
    this.#finish(cause);
  }

  // ---- for exchanges

  route(_request: RequestFacts | null): Backend | null {
    return this.#rules === null ? this.frontend.defaultBackend : this.#rules.rawBackend;
  }

  streamBegan(): void {
    this.#streams++;
    this.frontend.counters.streamsTotal++;
    this.frontend.counters.streamsCurrent++;
  }

  answered(stream: StreamRecord): boolean {
    if (stream.kind === 'tcp') this.#rules?.rawEnded(this.#tcp);
    this.frontend.streamAnswered(stream);
    return true;
  }

  ended(stream: StreamRecord): void {
    if (stream.kind === 'tcp' && this.#tcp === null) return;
    this.frontend.counters.streamsCurrent--;
    if (stream.kind === 'tcp') this.#rules?.rawEnded(this.#tcp);
    this.frontend.streamEnded(stream);
    if (stream.kind === 'tcp') this.#finish(stream.cause);
  }

  open(client: Half): Exchange | RuledStream {
    return this.#rules === null ? new Exchange(this, client) : this.#rules.open(this, client);
  }

  // ---- for the session

  onStream(stream: Http2Stream): HalfSink {
    this.streamBegan();
    return this.open(stream);
  }

  onTooLarge(stream: Http2Stream, beginning: FieldList, endStream: boolean): void {
    this.streamBegan();
    const exchange = this.open(stream);
    stream.sink = exchange;
    exchange.refuse(beginning, endStream, HEADERS_TOO_LARGE, 'PR');
  }

  malformed(reason: string): void {
    this.frontend.counters.protocolErrors++;
    this.frontend.protocolError(this, 0, reason);
  }

  finished(reason: string): void {
    this.#finish(reason);
  }

  onGlitch(): void {
    this.frontend.counters.glitches++;
  }

  onStreamClosed(): void {}

  onReady(): void {
    if (this.#drainText !== null) this.#session?.drain(this.#drainText);
  }

  onGoAway(): void {}

  onProtocolError(session: Http2Session, code: number, reason: string, fatal: boolean): void {
    const { counters } = this.frontend;
    counters.protocolErrors++;
    if (code === ENHANCE_YOUR_CALM && (fatal || session.phase === 'draining')) counters.floods++;
    if (!fatal && this.#oddityTold) return;
    this.#oddityTold ||= !fatal;
    this.frontend.protocolError(this, code, reason);
  }

  onEnded(_session: Http2Session, reason: string): void {
    this.#finish(reason);
  }

  #finish(reason: string): void {
    if (this.#phase === 'ended') return;
    const wasHttp = this.#phase === 'h1' || this.#phase === 'h2';
    this.#phase = 'ended';
    disarmTimer(this);
    if (this.#ageing !== null) disarmTimer(this.#ageing);
    this.#ahead?.cancel();
    this.#ahead = null;
    this.#rules?.end();
    this.reuse.end();
    if (!wasHttp) this.#socket.destroySoon();
    this.frontend.connectionEnded(this, this.#streams, reason);
  }
}

function ignore(): void {}
