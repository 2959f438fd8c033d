/**
 * One accepted connection, from its first byte to its end:
 *
 *      accept ──▶ admission (PROXY header, TLS; admission.ts)
 *                    ▼
 *                 detecting ──▶ HTTP/2 session, an exchange per stream
 *                    │      └─▶ raw TCP, one exchange
 *                    └─▶ refused (mode grpc and http: not a protocol that they speak)
 *
 * Detection looks at what has come and takes nothing away. A client that stays silent may wait for the server to speak: a server
 * is dialled meanwhile, and when that speaks first, or when the time is up, the connection is raw TCP.
 */
import type { Socket } from 'node:net';
import type { BindSettings, FrontendSettings } from '../config/model.ts';
import type { FieldList, RequestFacts } from '../model/fields.ts';
import type { HalfSink } from '../model/exchange.ts';
import type { ConnectionRecord, FrontendRecord, StreamRecord } from '../model/records.ts';
import type { TlsRecord } from '../model/tls.ts';
import type { Tracer } from '../model/trace.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import { SessionSocket } from '../transport/session-socket.ts';
import { ENHANCE_YOUR_CALM, NO_ERROR } from '../h2/errors.ts';
import type { Http2Options } from '../h2/options.ts';
import type { Http2Stream } from '../h2/stream.ts';
import { detect } from '../detect/detect.ts';
import type { Backend } from '../pool/backend.ts';
import { Http2Session, type SessionOwner } from '../session/http2-session.ts';
import type { SessionTimeouts } from '../session/timeouts.ts';
import type { TlsAcceptor } from '../tls/acceptor.ts';
import { Admission, type Admitted, type Refused } from './admission.ts';
import type { ExchangeContext } from './context.ts';
import { Exchange } from './exchange.ts';
import { TcpExchange } from './tcp-exchange.ts';

/** How long a silent client is waited for before a server is dialled in case it speaks first, milliseconds. */
const DIAL_AHEAD_MS = 50;
/** How long a peer may take to read why its streams were cut, milliseconds. */
const LAST_WORDS_MS = 1000;

type Phase = 'admission' | 'detecting' | 'h2' | 'tcp' | 'ended';

const ONLY_HTTP2 = 'This port speaks HTTP/2 only, with prior knowledge (h2c).\n';
const VERSION_NOT_SUPPORTED =
  `HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: ${ONLY_HTTP2.length}\r\n\r\n${ONLY_HTTP2}`;

/** The frontend, as its connections know it. */
export interface ConnectionOwner extends FrontendRecord {
  readonly settings: FrontendSettings;
  readonly defaultBackend: Backend | null;
  readonly http2: Http2Options;
  readonly tracer: Tracer | null;
  streamEnded(stream: StreamRecord): void;
  protocolError(connection: ConnectionRecord, code: number, reason: string): void;
  connectionEnded(connection: ClientConnection, streams: number, reason: string): void;
}

export class ClientConnection extends Timer implements ConnectionRecord, ExchangeContext, SessionOwner {
  readonly id: number;
  clientAddress: string;
  clientPort: number;
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
  #seen: Buffer | null = null;
  #ahead: TcpExchange | null = null;
  #tcp: TcpExchange | null = null;
  #session: Http2Session | null = null;
  #streams = 0;
  #age: 'young' | 'old' | 'cut' = 'young';
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
    this.#bind = bind;
    this.#acceptor = acceptor;
    this.#timeouts = timeouts;
  }

  /** Begins to read. */
  start(): void {
    if (this.#acceptor === null && !this.#bind.acceptProxy) {
      this.#begin(null);
      return;
    }
    this.#phase = 'admission';
    this.#admission = new Admission(this.#socket, this.#bind, this.#acceptor, (result) => {
      if (result.kind === 'admitted') this.#admitted(result);
      else this.#notAdmitted(result);
    });
    armTimer(this, this.acceptedAt + this.#timeouts.handshake.ms);
    this.#admission.start();
  }

  /** `first`: what was read already, or null. */
  #begin(first: Buffer | null): void {
    const { mode } = this.#settings;
    if (mode === 'tcp') this.#beginTcp(first);
    else if (mode === 'grpc' || this.#bind.proto === 'h2' || this.tls?.alpn === 'h2') this.#beginHttp2(first);
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
    if (header !== null && header.source !== null && header.destination !== null) {
      this.clientAddress = header.source.address;
      this.clientPort = header.source.port;
      this.localAddress = header.destination.address;
      this.localPort = header.destination.port;
    }
    this.#begin(first);
  }

  #notAdmitted({ kind, reason }: Refused): void {
    const { counters } = this.frontend;
    if (kind === 'tls') counters.tlsFailures++;
    if (kind === 'proxy') counters.proxyHeaderErrors++;
    if (kind !== 'silent') this.frontend.protocolError(this, 0, reason);
    this.#socket.destroy();
    this.#finish(reason);
  }

  get tracer(): Tracer | null {
    return this.frontend.tracer;
  }

  get clientTimeoutMs(): number | null {
    return this.#settings.clientTimeoutMs;
  }

  get record(): ConnectionRecord {
    return this;
  }

  // ---- detection

  #beginDetection(first: Buffer | null): void {
    const socket = this.#socket;
    socket.on('data', this.#onFirstBytes);
    socket.on('end', this.#onEarlyEnd);
    socket.on('error', ignore);
    socket.on('close', this.#onEarlyClose);
    armTimer(this, this.#readyAt + (this.#settings.mode === 'auto' ? Math.min(DIAL_AHEAD_MS, this.#settings.detectTimeoutMs) : this.#timeouts.handshake.ms));
    if (first !== null) this.#onFirstBytes(first);
    if (this.#phase === 'detecting') socket.resume();
  }

  readonly #onFirstBytes = (chunk: Buffer): void => {
    this.#seen = this.#seen === null ? chunk : Buffer.concat([this.#seen, chunk]);
    const verdict = detect(this.#seen);
    switch (verdict) {
      case 'more':
        return;
      case 'h2':
        this.#beginHttp2(this.#endDetection());
        return;
      case 'h1':
      case 'tls':
      case 'raw':
        if (this.#settings.mode === 'http') this.#refuse(verdict);
        else this.#beginTcp(this.#endDetection());
    }
  };

  override onTimer(): void {
    if (this.#phase === 'h2') this.#growOld();
    if (this.#phase === 'admission' && this.#admission !== null) {
      const { kind, step } = this.#admission;
      const { ms, name } = this.#timeouts.handshake;
      this.#admission.cancel();
      this.#notAdmitted({ kind, reason: `no ${step} within ${ms} ms (${name})` });
    }
    if (this.#phase !== 'detecting') return;
    if (this.#settings.mode !== 'auto') {
      this.#refuse('silence');
      return;
    }
    const due = this.#readyAt + this.#settings.detectTimeoutMs;
    if (now() >= due) {
      this.frontend.counters.detectTimeouts++;
      this.#beginTcp(this.#endDetection());
      return;
    }
    if (this.#seen === null && this.#ahead === null) {
      this.#ahead = this.#newTcpExchange();
      this.#ahead.dial();
    }
    armTimer(this, due);
  }

  #newTcpExchange(): TcpExchange {
    return new TcpExchange(this, this.#socket, this.#settings.clientTimeoutMs, () => {
      if (this.#phase === 'detecting') this.#beginTcp(this.#endDetection());
    });
  }

  #endDetection(): Buffer | null {
    disarmTimer(this);
    const socket = this.#socket;
    socket.pause();
    socket.off('data', this.#onFirstBytes);
    socket.off('end', this.#onEarlyEnd);
    socket.off('close', this.#onEarlyClose);
    return this.#seen;
  }

  /** The client closed its side before it was clear what it speaks: raw, so that a half-closed client gets its answer. */
  readonly #onEarlyEnd = (): void => {
    const seen = this.#endDetection();
    if (this.#settings.mode === 'http' || (seen === null && this.#ahead === null)) this.#finish('client closed the connection before it sent a request');
    else this.#beginTcp(seen);
  };

  readonly #onEarlyClose = (): void => {
    this.#endDetection();
    this.#finish('client closed the connection before it sent a request');
  };

  #refuse(verdict: 'h1' | 'tls' | 'raw' | 'silence'): void {
    this.#endDetection();
    this.frontend.counters.protocolErrors++;
    this.frontend.protocolError(this, 0, verdict === 'silence' ? `nothing sent within ${this.#timeouts.handshake.ms} ms (${this.#timeouts.handshake.name})` : `mode http speaks HTTP/2 without TLS here, the client sent ${verdict}`);
    if (verdict === 'h1') this.#socket.end(VERSION_NOT_SUPPORTED);
    this.#finish(`refused: ${verdict}`);
  }

  // ---- the protocols

  #beginTcp(first: Buffer | null): void {
    this.#phase = 'tcp';
    this.protocol = 'tcp';
    this.#socket.on('error', ignore);
    const exchange = this.#ahead ?? this.#newTcpExchange();
    this.#ahead = null;
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
    this.#session = new Http2Session(socket, this.frontend.http2, this.#timeouts, this);
    // A tenth more or less, so that clients that came together do not leave together.
    if (this.#settings.maxConnectionAge !== null) armTimer(this, now() + this.#settings.maxConnectionAge.ageMs * (0.9 + Math.random() / 5));
    socket.start(this.#session, first);
  }

  /** `max-connection-age`: first no new streams, after the grace an end to those that are left, then to a client that does not read of it. */
  #growOld(): void {
    const { maxConnectionAge } = this.#settings;
    const session = this.#session;
    if (maxConnectionAge === null || session === null) return;
    const { ageMs, graceMs } = maxConnectionAge;
    const reason = `max-connection-age ${ageMs} ms`;
    switch (this.#age) {
      case 'young':
        this.#age = 'old';
        session.drain('max_age', reason);
        if (graceMs !== null) armTimer(this, now() + graceMs);
        return;
      case 'old':
        this.#age = 'cut';
        for (const { sink } of session.connection.openStreams()) {
          if (sink instanceof Exchange) sink.cut(`the connection has reached max-connection-age, and its grace of ${graceMs ?? 0} ms is over`);
        }
        armTimer(this, now() + LAST_WORDS_MS);
        return;
      case 'cut':
        session.abort(NO_ERROR, `${reason}, grace ${graceMs ?? 0} ms`);
    }
  }

  /** Takes no new streams, lets those under way finish and closes. Raw connections end by themselves. */
  drain(text: string): void {
    this.#drainText = text;
    // A connection that has just been accepted is told when its client has said hello: until then it could not tell GOAWAY from a failure.
    if (this.#session !== null && this.#session.phase !== 'handshake') this.#session.drain(text);
  }

  /** Ends everything on the connection now. */
  abort(cause: string): void {
    this.#tcp?.abort('K-', cause);
    this.#session?.abort(NO_ERROR, cause);
    if (this.#phase === 'admission') {
      this.#admission?.cancel();
      this.#socket.destroy();
      this.#finish(cause);
    } else if (this.#phase === 'detecting') {
      this.#endDetection();
      this.#finish(cause);
    }
  }

  // ---- for exchanges

  route(_request: RequestFacts | null): Backend | null {
    return this.frontend.defaultBackend;
  }

  streamBegan(): void {
    this.#streams++;
    this.frontend.counters.streamsTotal++;
    this.frontend.counters.streamsCurrent++;
  }

  ended(stream: StreamRecord): void {
    if (stream.kind === 'tcp' && this.#tcp === null) return;
    this.frontend.counters.streamsCurrent--;
    this.frontend.streamEnded(stream);
    if (stream.kind === 'tcp') this.#finish(stream.cause);
  }

  // ---- for the session

  onStream(stream: Http2Stream): HalfSink {
    this.streamBegan();
    return new Exchange(this, stream);
  }

  onTooLarge(stream: Http2Stream, beginning: FieldList, endStream: boolean): void {
    this.streamBegan();
    const exchange = new Exchange(this, stream);
    stream.sink = exchange;
    exchange.refuse(beginning, endStream);
  }

  onGlitch(): void {
    this.frontend.counters.glitches++;
  }

  onStreamClosed(): void {}

  onReady(): void {
    if (this.#drainText !== null) this.#session?.drain(this.#drainText);
  }

  onGoAway(): void {}

  onProtocolError(_session: Http2Session, code: number, reason: string, fatal: boolean): void {
    const { counters } = this.frontend;
    counters.protocolErrors++;
    if (fatal && code === ENHANCE_YOUR_CALM) counters.floods++;
    if (!fatal && this.#oddityTold) return;
    this.#oddityTold ||= !fatal;
    this.frontend.protocolError(this, code, reason);
  }

  onEnded(_session: Http2Session, reason: string): void {
    this.#finish(reason);
  }

  #finish(reason: string): void {
    if (this.#phase === 'ended') return;
    const wasHttp2 = this.#phase === 'h2';
    this.#phase = 'ended';
    disarmTimer(this);
    this.#ahead?.cancel();
    this.#ahead = null;
    if (!wasHttp2) this.#socket.destroySoon();
    this.frontend.connectionEnded(this, this.#streams, reason);
  }
}

function ignore(): void {}
