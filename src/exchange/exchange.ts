/**
 * One HTTP/2 stream from client to server: the two halves, joined, and what logs, spans and counters need to know of them.
 *
 *      begin ──▶ queued ──slot──▶ connecting ──connection──▶ forwarding ──both sides ended, or reset──▶ ended
 *        │          ▲                 │  ▲                        │
 *        │          │   no server     │  │ pause before the       │ refused: not processed, so it
 *        └──────────┴─────────────────┘  │ same server again      │ goes to another server
 *                                     waiting ◀───────────────────┘
 *
 * A stream is sent again only if the server cannot have acted on it: the connect failed, it answered REFUSED_STREAM, or its GOAWAY
 * named a lower stream (RFC 9113 §8.7). That needs no configuration, and the request's bytes held (replay-body.ts).
 */
import { FieldList, type RequestFacts } from '../model/fields.ts';
import type { Half, HalfSink, ResetCause } from '../model/exchange.ts';
import type { StreamRecord } from '../model/records.ts';
import type { TraceSpan } from '../model/trace.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import type { Http2Connection } from '../h2/connection.ts';
import { CANCEL, errorName, INTERNAL_ERROR, NO_ERROR } from '../h2/errors.ts';
import type { Http2Stream } from '../h2/stream.ts';
import { MessageCounter } from '../grpc/message-counter.ts';
import { requestFacts } from '../grpc/request-facts.ts';
import { encodeMessage, GRPC_STATUS, parseStatus, trailersOnly } from '../grpc/status.ts';
import type { Backend, Queued } from '../pool/backend.ts';
import type { StreamSeeker } from '../pool/connection-pool.ts';
import type { Server } from '../pool/server.ts';
import type { ExchangeContext } from './context.ts';
import { ReplayBody } from './replay-body.ts';

type Phase = 'begin' | 'queued' | 'connecting' | 'waiting' | 'forwarding' | 'ended';

/** HAProxy's pause before the same server is tried again, at most (configuration manual, "retries"). */
const SAME_SERVER_PAUSE_MS = 1000;

export class Exchange extends Timer implements HalfSink, StreamSeeker, Queued, StreamRecord {
  readonly kind = 'h2';
  request: RequestFacts | null = null;
  backend: Backend | null = null;
  server: Server | null = null;
  span: TraceSpan | null = null;
  httpStatus = -1;
  grpcStatus = -1;
  bytesIn = 0;
  bytesOut = 0;
  messagesIn = 0;
  messagesOut = 0;
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
  readonly #client: Half;
  #phase: Phase = 'begin';
  #serverHalf: Http2Stream | null = null;
  #fields: FieldList | null = null;
  #trailers: FieldList | null = null;
  #requestEnded = false;
  #responseEnded = false;
  #replay: ReplayBody | null = null;
  /** The held body is all that came, so the stream can be sent again. */
  #replayable = true;
  #tried: Server[] | null = null;
  /** Request octets that the present server's connection took, and that the client was credited for. */
  #taken = 0;
  #credited = 0;
  #deadline = 0;
  #phaseSince: number;
  #lastActivity = 0;
  #countIn: MessageCounter | null = null;
  #countOut: MessageCounter | null = null;

  constructor(context: ExchangeContext, client: Half) {
    super();
    this.#context = context;
    this.#client = client;
    this.startedAt = this.#phaseSince = now();
  }

  get connection(): ExchangeContext['record'] {
    return this.#context.record;
  }

  // ---- from the sessions

  onHeaders(half: Half, fields: FieldList, endStream: boolean): void {
    if (half === this.#client) this.#begin(fields, endStream);
    else if (this.#phase === 'forwarding') this.#response(fields, endStream);
  }

  onData(half: Half, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (half === this.#client) this.#requestBody(chunk, start, end, endStream);
    else if (this.#phase === 'forwarding') this.#responseBody(chunk, start, end, endStream);
  }

  onTrailers(half: Half, fields: FieldList): void {
    if (half === this.#client) {
      this.#requestEnded = true;
      if (this.#phase === 'forwarding') {
        this.#serverHalf?.sendTrailers(fields);
        this.#endedMaybe();
      } else {
        this.#trailers = fields;
      }
    } else if (this.#phase === 'forwarding') {
      if (this.request?.grpc === true) this.grpcStatus = parseStatus(fields.get('grpc-status'));
      this.#responseEnded = true;
      this.#client.sendTrailers(fields);
      this.#endedMaybe();
    }
  }

  onCredit(half: Half, bytes: number): void {
    if (half === this.#client) {
      this.#serverHalf?.credit(bytes);
      return;
    }
    this.#taken += bytes;
    if (this.#taken > this.#credited) {
      this.#client.credit(this.#taken - this.#credited);
      this.#credited = this.#taken;
    }
  }

  onReset(half: Half, code: number, cause: ResetCause): void {
    if (this.#phase === 'ended') return;
    if (half === this.#client) this.#clientReset(code, cause);
    else if (half === this.#serverHalf) this.#serverReset(code, cause);
  }

  // ---- request

  #begin(fields: FieldList, endStream: boolean): void {
    const facts = requestFacts(fields);
    this.request = facts;
    this.#fields = fields;
    this.#requestEnded = endStream;
    this.backend = this.#context.route(facts);
    this.span = this.#context.tracer === null ? null : this.#context.tracer.begin(this, fields);
    if (facts.timeoutMs >= 0) this.#deadline = this.startedAt + facts.timeoutMs;
    if (this.backend === null) {
      this.#fail(GRPC_STATUS.UNAVAILABLE, 503, `frontend ${this.#context.record.frontend.name} has no backend for this request`, 'SC');
      return;
    }
    this.backend.counters.streamsTotal++;
    if (this.#deadline > 0) armTimer(this, this.#deadline);
    this.#dispatch(this.backend);
  }

  #requestBody(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const size = end - start;
    this.bytesIn += size;
    this.#context.record.frontend.counters.bytesIn += size;
    if (this.request?.grpc === true && size > 0) this.#countRequest(chunk, start, end);
    if (endStream) this.#requestEnded = true;
    if (this.#replayable && size > 0) this.#hold(chunk, start, end);
    if (this.#phase !== 'forwarding') return;
    this.#lastActivity = now();
    this.#serverHalf?.sendData(chunk, start, end, endStream);
    if (endStream) this.#endedMaybe();
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    if (this.#replay === null) {
      this.#replay = new ReplayBody(chunk, start, end);
    } else if (!this.#replay.append(chunk, start, end)) {
      this.#replay = null;
      this.#replayable = false;
    }
  }

  /** Most messages come whole, one to a DATA frame: they are counted without a counter's state. */
  #countRequest(chunk: Uint8Array, start: number, end: number): void {
    if (this.#countIn === null) {
      if (isOneMessage(chunk, start, end)) {
        this.messagesIn++;
        return;
      }
      this.#countIn = new MessageCounter();
      this.#countIn.messages = this.messagesIn;
    }
    this.#countIn.feed(chunk, start, end);
    this.messagesIn = this.#countIn.messages;
  }

  #countResponse(chunk: Uint8Array, start: number, end: number): void {
    if (this.#countOut === null) {
      if (isOneMessage(chunk, start, end)) {
        this.messagesOut++;
        return;
      }
      this.#countOut = new MessageCounter();
      this.#countOut.messages = this.messagesOut;
    }
    this.#countOut.feed(chunk, start, end);
    this.messagesOut = this.#countOut.messages;
  }

  // ---- the way to a server

  #dispatch(backend: Backend): void {
    const server = backend.pick(this.#tried) ?? (this.#tried === null ? null : backend.pick(null));
    if (server === null) {
      this.#queue(backend);
      return;
    }
    const time = now();
    this.queueMs = time - this.startedAt;
    this.#phase = 'connecting';
    this.#phaseSince = time;
    this.server = server;
    server.assign();
    server.acquire(this, this.#context.record.localPort);
  }

  #queue(backend: Backend): void {
    if (!backend.hasUsable) {
      backend.counters.unserved++;
      this.#fail(GRPC_STATUS.UNAVAILABLE, 503, backend.describeOutage(), 'SC');
      return;
    }
    if (!backend.enqueue(this)) {
      this.#fail(GRPC_STATUS.UNAVAILABLE, 503, `the queue of backend ${backend.name} is full`, 'SQ');
      return;
    }
    this.#phase = 'queued';
    this.#phaseSince = now();
    this.#arm(this.#phaseSince + queueTimeout(backend));
  }

  onSlot(): void {
    if (this.#phase === 'queued' && this.backend !== null) this.#dispatch(this.backend);
  }

  onConnection(connection: Http2Connection): void {
    const fields = this.#fields;
    if (fields === null || this.#phase !== 'connecting') return;
    const time = now();
    this.connectMs = time - this.#phaseSince;
    this.#phase = 'forwarding';
    this.#phaseSince = this.#lastActivity = time;
    const half = connection.open(this);
    this.#serverHalf = half;
    this.#taken = 0;
    const { span } = this;
    const ends = this.#requestEnded && this.#trailers === null;
    const list = span === null ? fields : fields.without(span.replaces);
    half.sendHeaders(list, span === null ? null : span.headers, ends && this.#replay === null);
    if (this.#replay !== null) this.#replay.forEach((bytes, start, end, last) => half.sendData(bytes, start, end, last && ends));
    if (this.#trailers !== null) half.sendTrailers(this.#trailers);
    this.#watchServer();
  }

  onConnectFailed(reason: string): void {
    if (this.#phase !== 'connecting' || this.backend === null) return;
    this.#retry(`connect to ${this.#serverName()} failed: ${reason}`, true);
  }

  /** Tries again elsewhere; after a failed connect to the only server, there once more when a pause has passed. */
  #retry(cause: string, connectFailed: boolean): void {
    const { backend, server } = this;
    if (backend === null || server === null) return;
    this.cause = cause;
    server.release();
    this.#serverHalf = null;
    if (!this.#replayable || this.retries >= Math.max(1, backend.settings.retries)) {
      this.#fail(GRPC_STATUS.UNAVAILABLE, 503, cause, connectFailed ? 'SC' : 'SH', false);
      return;
    }
    this.retries++;
    backend.counters.retries++;
    (this.#tried ??= []).push(server);
    const other = backend.pick(this.#tried);
    if (other !== null) {
      this.redispatched = true;
      backend.counters.redispatches++;
    }
    if (other === null && connectFailed) {
      this.#phase = 'waiting';
      this.#arm(now() + Math.min(SAME_SERVER_PAUSE_MS, backend.connectTimeoutMs));
      return;
    }
    this.#dispatch(backend);
  }

  // ---- response

  #response(fields: FieldList, endStream: boolean): void {
    const time = now();
    this.#lastActivity = time;
    const status = Number(fields.get(':status'));
    if (status >= 200) {
      this.httpStatus = status;
      this.responseMs = time - this.#phaseSince;
      this.#replay = null;
      this.#replayable = false;
      if (endStream && this.request?.grpc === true) this.grpcStatus = parseStatus(fields.get('grpc-status'));
    }
    if (endStream) this.#responseEnded = true;
    this.#client.sendHeaders(fields, null, endStream);
    if (endStream) this.#endedMaybe();
  }

  #responseBody(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const size = end - start;
    this.bytesOut += size;
    this.#context.record.frontend.counters.bytesOut += size;
    this.#lastActivity = now();
    if (size > 0 && this.request?.grpc === true) this.#countResponse(chunk, start, end);
    if (endStream) this.#responseEnded = true;
    this.#client.sendData(chunk, start, end, endStream);
    if (endStream) this.#endedMaybe();
  }

  #endedMaybe(): void {
    if (this.#requestEnded && this.#responseEnded) this.#end();
  }

  // ---- resets and failures

  #clientReset(code: number, cause: ResetCause): void {
    this.termination = `C${this.#phaseLetter()}`;
    this.cause = cause === 'connection' ? 'client closed the connection' : cause === 'local' ? 'client broke the protocol' : `client reset the stream: ${errorName(code)}`;
    const half = this.#serverHalf;
    this.#leaveServer();
    half?.reset(cause === 'peer' || cause === 'refused' ? code : CANCEL);
    this.#end();
  }

  #serverReset(code: number, cause: ResetCause): void {
    const begun = this.httpStatus !== -1;
    if (cause === 'refused' && !begun) {
      if (this.server !== null) this.server.counters.refused++;
      this.#retry(`${this.#serverName()} did not process the stream: ${errorName(code)}`, false);
      return;
    }
    if (cause === 'connection') {
      this.#fail(GRPC_STATUS.UNAVAILABLE, 502, `connection to ${this.#serverName()} was lost`, begun ? 'SD' : 'SH');
    } else if (cause === 'local') {
      this.#fail(GRPC_STATUS.INTERNAL, 502, `${this.#serverName()} broke the HTTP/2 protocol: ${errorName(code)}`, begun ? 'PD' : 'PH');
    } else {
      if (!this.#responseEnded) {
        this.termination = begun ? 'SD' : 'SH';
        this.cause = `${this.#serverName()} reset the stream: ${errorName(code)}`;
      }
      this.#client.reset(code);
      this.#end();
    }
  }

  /**
   * Ends the stream with an error that the proxy makes: on gRPC a grpc-status, in trailers where the response has begun; else an HTTP
   * status, or RST_STREAM.
   */
  #fail(grpcStatus: number, httpStatus: number, message: string, termination: string, assigned = true): void {
    if (this.#phase === 'ended') return;
    this.termination = termination;
    this.cause = message;
    const half = this.#serverHalf;
    if (assigned) this.#leaveServer();
    else this.#phase = 'begin';
    half?.reset(CANCEL);
    const client = this.#client;
    const grpc = this.request?.grpc === true;
    if (this.httpStatus !== -1) {
      if (grpc) {
        this.grpcStatus = grpcStatus;
        client.sendTrailers(FieldList.of(['grpc-status', String(grpcStatus)], ['grpc-message', encodeMessage(message)]));
      } else {
        client.reset(INTERNAL_ERROR);
      }
    } else if (grpc) {
      this.httpStatus = 200;
      this.grpcStatus = grpcStatus;
      client.sendHeaders(trailersOnly(grpcStatus, message), null, true);
    } else {
      this.httpStatus = httpStatus;
      const body = Buffer.from(`${httpStatus} ${message}\n`, 'utf8');
      client.sendHeaders(FieldList.of([':status', String(httpStatus)], ['content-type', 'text/plain; charset=utf-8'], ['content-length', String(body.length)], ['cache-control', 'no-cache']), null, false);
      client.sendData(body, 0, body.length, true);
    }
    // The rest of the request is of no interest (RFC 9113 §8.1).
    if (!this.#requestEnded) client.reset(NO_ERROR);
    this.#end();
  }

  // ---- time

  override onTimer(): void {
    const { backend } = this;
    if (this.#phase === 'ended' || backend === null) return;
    const time = now();
    if (this.#deadline > 0 && time >= this.#deadline) {
      this.#fail(GRPC_STATUS.DEADLINE_EXCEEDED, 504, `deadline of ${this.request?.timeoutMs ?? 0} ms exceeded ${this.#whereabouts()}`, `s${this.#phaseLetter()}`);
    } else if (this.#phase === 'queued') {
      if (time < this.#phaseSince + queueTimeout(backend)) this.#arm(this.#phaseSince + queueTimeout(backend));
      else this.#fail(GRPC_STATUS.UNAVAILABLE, 503, `no free server in backend ${backend.name} within timeout queue`, 'sQ');
    } else if (this.#phase === 'waiting') {
      this.#tried = null;
      this.#dispatch(backend);
    } else if (this.#phase === 'forwarding') {
      this.#watchServer();
    }
  }

  /**
   * `timeout server` (HAProxy): the server keeps silent although it is its turn. Calls of gRPC may be quiet for as long as they like:
   * whether the server is there is asked by PING, and how long a call may take is the caller's deadline.
   */
  #watchServer(): void {
    const timeout = this.backend?.settings.serverTimeoutMs ?? null;
    if (timeout === null || this.request?.grpc === true || this.#phase !== 'forwarding') {
      if (this.#deadline > 0) armTimer(this, this.#deadline);
      return;
    }
    if (now() < this.#lastActivity + timeout) {
      this.#arm(this.#lastActivity + timeout);
    } else {
      this.#fail(GRPC_STATUS.UNAVAILABLE, 504, `${this.#serverName()} did not answer within timeout server (${timeout} ms)`, this.httpStatus === -1 ? 'sH' : 'sD');
    }
  }

  #arm(at: number): void {
    armTimer(this, this.#deadline > 0 ? Math.min(at, this.#deadline) : at);
  }

  // ---- the end

  /** Gives back whatever place the stream has: in the queue, among those that wait for a connection, on the server. */
  #leaveServer(): void {
    const { server, backend } = this;
    const phase = this.#phase;
    this.#phase = 'begin';
    this.#serverHalf = null;
    if (phase === 'queued') backend?.leaveQueue(this);
    if (server === null || (phase !== 'connecting' && phase !== 'forwarding')) return;
    if (phase === 'connecting') server.abandon(this, this.#context.record.localPort);
    server.release();
  }

  #end(): void {
    if (this.#phase === 'forwarding') this.#leaveServer();
    this.#phase = 'ended';
    disarmTimer(this);
    this.#replay = null;
    this.totalMs = now() - this.startedAt;
    if (this.server !== null) {
      this.server.counters.bytesIn += this.bytesIn;
      this.server.counters.bytesOut += this.bytesOut;
    }
    if (this.span !== null) this.span.end(this);
    this.#context.ended(this);
  }

  #serverName(): string {
    return this.server === null ? 'no server' : `server ${this.server.backendName}/${this.server.name}`;
  }

  /** HAProxy's second character of the termination state. */
  #phaseLetter(): string {
    switch (this.#phase) {
      case 'begin':
      case 'queued':
        return 'Q';
      case 'connecting':
      case 'waiting':
        return 'C';
      case 'forwarding':
        return this.httpStatus === -1 ? 'H' : 'D';
      case 'ended':
        return '-';
    }
  }

  #whereabouts(): string {
    switch (this.#phase) {
      case 'begin':
      case 'queued':
        return `while it waited for a free server in backend ${this.backend?.name ?? ''}`;
      case 'connecting':
      case 'waiting':
        return `while it waited for a connection to ${this.#serverName()}`;
      case 'forwarding':
      case 'ended':
        return `on ${this.#serverName()}`;
    }
  }
}

function queueTimeout(backend: Backend): number {
  return backend.settings.queueTimeoutMs ?? backend.connectTimeoutMs;
}

/** True when `chunk[start, end)` is exactly one length-prefixed message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
function isOneMessage(chunk: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= 5 &&
    (((chunk[start + 1] as number) << 24) | ((chunk[start + 2] as number) << 16) | ((chunk[start + 3] as number) << 8) | (chunk[start + 4] as number)) ===
      end - start - 5
  );
}
