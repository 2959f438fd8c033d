/**
 * One HTTP/2 stream from client to server: the two halves, joined, and what logs, spans and counters need to know of them. How it
 * comes to a server is in placement.ts.
 *
 * A stream is sent again only if the server cannot have acted on it: the connect failed, it answered REFUSED_STREAM, or its GOAWAY
 * named a lower stream (RFC 9113 §8.7). That needs no configuration, only the request's bytes held (replay-body.ts).
 */
import type { FieldList, RequestFacts } from '../model/fields.ts';
import type { Half, HalfSink, ResetCause } from '../model/exchange.ts';
import type { ConnectionRecord, StreamRecord } from '../model/records.ts';
import type { TraceSpan } from '../model/trace.ts';
import { now } from '../time/clock.ts';
import { armTimer } from '../time/wheel.ts';
import type { Http2Connection } from '../h2/connection.ts';
import { CANCEL, errorName, NO_ERROR } from '../h2/errors.ts';
import type { Http2Stream } from '../h2/stream.ts';
import { MessageCounter } from '../grpc/message-counter.ts';
import { requestFacts } from '../grpc/request-facts.ts';
import { GRPC_STATUS, parseStatus } from '../grpc/status.ts';
import type { StreamSeeker } from '../pool/connection-pool.ts';
import type { Server } from '../pool/server.ts';
import type { ExchangeContext } from './context.ts';
import { respondWithError, type ProxyError } from './error-response.ts';
import { Placement, type Outage } from './placement.ts';
import { MAX_REPLAY, ReplayBody } from './replay-body.ts';

export class Exchange extends Placement implements HalfSink, StreamSeeker, StreamRecord {
  readonly kind = 'h2';
  request: RequestFacts | null = null;
  span: TraceSpan | null = null;
  httpStatus = -1;
  grpcStatus = -1;
  bytesIn = 0;
  bytesOut = 0;
  responseMs = -1;
  readonly #context: ExchangeContext;
  readonly #client: Half;
  #serverHalf: Http2Stream | null = null;
  #grpc = false;
  #fields: FieldList | null = null;
  #trailers: FieldList | null = null;
  #requestEnded = false;
  #responseEnded = false;
  /** The request's body as far as it came; null when there was none, or when it is no longer held. */
  #replay: ReplayBody | null = null;
  /** What is held is all that came, and no response has begun: the stream can be sent again. */
  #replayable = true;
  /** Request octets that the present server's connection took, and that the client was credited for. */
  #taken = 0;
  #credited = 0;
  #lastActivity = 0;
  #countIn: MessageCounter | null = null;
  #countOut: MessageCounter | null = null;

  constructor(context: ExchangeContext, client: Half) {
    super();
    this.#context = context;
    this.#client = client;
  }

  get connection(): ConnectionRecord {
    return this.#context.record;
  }

  get messagesIn(): number {
    return this.#countIn === null ? 0 : this.#countIn.messages;
  }

  get messagesOut(): number {
    return this.#countOut === null ? 0 : this.#countOut.messages;
  }

  // ---- from the sessions

  onHeaders(half: Half, fields: FieldList, endStream: boolean): void {
    if (half === this.#client) this.#begin(fields, endStream);
    else if (half === this.#serverHalf) this.#response(fields, endStream);
  }

  onData(half: Half, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (half === this.#client) this.#requestBody(chunk, start, end, endStream);
    else if (half === this.#serverHalf) this.#responseBody(chunk, start, end, endStream);
  }

  onTrailers(half: Half, fields: FieldList): void {
    if (half === this.#client) {
      this.#requestEnded = true;
      this.#trailers = fields;
      this.#serverHalf?.sendTrailers(fields);
      this.#endedMaybe();
    } else if (half === this.#serverHalf) {
      if (this.#grpc) this.grpcStatus = parseStatus(fields.get('grpc-status'));
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
    if (this.#taken <= this.#credited) return;
    this.#client.credit(this.#taken - this.#credited);
    this.#credited = this.#taken;
  }

  onReset(half: Half, code: number, cause: ResetCause): void {
    if (this.phase === 'ended') return;
    if (half === this.#client) this.#clientReset(code, cause);
    else if (half === this.#serverHalf) this.#serverReset(code, cause);
  }

  // ---- request

  /** The request's header list is larger than our limit; `beginning` is what was kept of it (RFC 6585 §5). */
  refuse(beginning: FieldList, endStream: boolean): void {
    this.request = requestFacts(beginning);
    this.#grpc = this.request.grpc;
    this.#requestEnded = endStream;
    const message = 'the header list of the request is too large';
    this.#fail({ grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED, httpStatus: 431, message }, 'PR');
  }

  #begin(fields: FieldList, endStream: boolean): void {
    const facts = requestFacts(fields);
    this.request = facts;
    this.#grpc = facts.grpc;
    this.#fields = fields;
    this.#requestEnded = endStream;
    const { tracer } = this.#context;
    if (tracer !== null) this.span = tracer.begin(this, fields);
    const backend = this.#context.route(facts);
    if (backend === null) {
      this.unplaced({ termination: 'SC', message: `frontend ${this.#context.record.frontend.name} has no backend for this request` });
      return;
    }
    if (facts.timeoutMs >= 0) {
      this.deadline = this.startedAt + facts.timeoutMs;
      armTimer(this, this.deadline);
    }
    this.enter(backend);
  }

  #requestBody(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const size = end - start;
    this.bytesIn += size;
    this.#context.record.frontend.counters.bytesIn += size;
    if (this.#grpc) (this.#countIn ??= new MessageCounter()).feed(chunk, start, end);
    if (endStream) this.#requestEnded = true;
    if (this.#replayable && size > 0) this.#hold(chunk, start, end);
    if (this.#serverHalf === null) return;
    this.#lastActivity = now();
    this.#serverHalf.sendData(chunk, start, end, endStream);
    if (endStream) this.#endedMaybe();
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    if (this.#replay === null) {
      this.#replay = new ReplayBody(chunk, start, end);
    } else if (!this.#replay.append(chunk, start, end, this.#serverHalf === null ? Infinity : MAX_REPLAY)) {
      this.#replay = null;
      this.#replayable = false;
    }
  }

  // ---- the way to a server

  protected override connect(server: Server): void {
    server.acquire(this, this.#context.record);
  }

  protected override abandon(server: Server): void {
    server.abandon(this, this.#context.record);
  }

  onConnection(connection: Http2Connection): void {
    const fields = this.#fields;
    if (fields === null || this.phase !== 'connecting') return;
    this.connected();
    this.#lastActivity = this.phaseSince;
    const half = connection.open(this);
    this.#serverHalf = half;
    this.#taken = 0;
    const { span } = this;
    const replay = this.#replay;
    const trailers = this.#trailers;
    const ends = this.#requestEnded && trailers === null;
    if (span === null) half.sendHeaders(fields, null, ends && replay === null);
    else half.sendHeaders(fields.without(span.replaces), span.headers, ends && replay === null);
    if (replay !== null) replay.forEach((bytes, start, end, last) => half.sendData(bytes, start, end, last && ends));
    if (trailers !== null) half.sendTrailers(trailers);
    this.#watchServer();
  }

  onConnectFailed(reason: string): void {
    if (this.phase === 'connecting') this.retry(`connect to ${this.serverName} failed: ${reason}`, true, 0);
  }

  protected override unplaced({ termination, message }: Outage): void {
    this.#fail({ grpcStatus: GRPC_STATUS.UNAVAILABLE, httpStatus: 503, message }, termination);
  }

  // ---- response

  #response(fields: FieldList, endStream: boolean): void {
    const time = now();
    this.#lastActivity = time;
    const status = Number(fields.get(':status'));
    if (status >= 200) {
      this.httpStatus = status;
      this.responseMs = time - this.phaseSince;
      this.#replay = null;
      this.#replayable = false;
      if (endStream && this.#grpc) this.grpcStatus = parseStatus(fields.get('grpc-status'));
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
    if (this.#grpc) (this.#countOut ??= new MessageCounter()).feed(chunk, start, end);
    if (endStream) this.#responseEnded = true;
    this.#client.sendData(chunk, start, end, endStream);
    if (endStream) this.#endedMaybe();
  }

  #endedMaybe(): void {
    if (this.#requestEnded && this.#responseEnded) this.#end();
  }

  // ---- resets and failures

  #clientReset(code: number, cause: ResetCause): void {
    this.termination = `${cause === 'timeout' ? 'c' : 'C'}${this.#phaseLetter()}`;
    if (cause === 'timeout') this.cause = 'client neither sent nor took anything within timeout client';
    else if (cause === 'connection') this.cause = 'client closed the connection';
    else if (cause === 'local') this.cause = 'client broke the HTTP/2 protocol';
    else this.cause = `client reset the stream: ${errorName(code)}`;
    this.#abandonServer(cause === 'peer' || cause === 'refused' ? code : CANCEL);
    this.#end();
  }

  #serverReset(code: number, cause: ResetCause): void {
    const begun = this.httpStatus !== -1;
    if (cause === 'refused' && !begun && this.#replayable) {
      if (this.server !== null) this.server.counters.refused++;
      this.#serverHalf = null;
      this.retry(`${this.serverName} did not process the stream: ${errorName(code)}`, false, 1);
    } else if (cause === 'connection') {
      const message = `connection to ${this.serverName} was lost`;
      this.#fail({ grpcStatus: GRPC_STATUS.UNAVAILABLE, httpStatus: 502, message }, begun ? 'SD' : 'SH');
    } else if (cause === 'local') {
      const message = `${this.serverName} broke the HTTP/2 protocol: ${errorName(code)}`;
      this.#fail({ grpcStatus: GRPC_STATUS.INTERNAL, httpStatus: 502, message }, begun ? 'PD' : 'PH');
    } else {
      if (!this.#responseEnded) {
        this.termination = begun ? 'SD' : 'SH';
        this.cause = `${this.serverName} reset the stream: ${errorName(code)}`;
      }
      this.#client.reset(code);
      this.#end();
    }
  }

  /** Ends the stream because its connection's time is over. */
  cut(message: string): void {
    if (this.phase !== 'ended') this.#fail({ grpcStatus: GRPC_STATUS.UNAVAILABLE, httpStatus: 503, message }, `P${this.#phaseLetter()}`);
  }

  /** Ends the stream with an error of the proxy's own. */
  #fail(error: ProxyError, termination: string): void {
    this.termination = termination;
    this.cause = error.message;
    this.#abandonServer(CANCEL);
    const begun = this.httpStatus !== -1;
    if (this.#grpc) this.grpcStatus = error.grpcStatus;
    if (!begun) this.httpStatus = this.#grpc ? 200 : error.httpStatus;
    respondWithError(this.#client, this.#grpc, begun, error);
    // The rest of the request is of no interest (RFC 9113 §8.1).
    if (!this.#requestEnded) this.#client.reset(NO_ERROR);
    this.#end();
  }

  #abandonServer(code: number): void {
    const half = this.#serverHalf;
    this.#serverHalf = null;
    this.leave();
    half?.reset(code);
  }

  // ---- time

  override onTimer(): void {
    const { backend } = this;
    if (this.phase === 'ended' || backend === null) return;
    if (this.deadline > 0 && now() >= this.deadline) {
      const message = `deadline of ${this.request?.timeoutMs ?? 0} ms exceeded ${this.whereabouts}`;
      this.#fail({ grpcStatus: GRPC_STATUS.DEADLINE_EXCEEDED, httpStatus: 504, message }, `s${this.#phaseLetter()}`);
    } else if (this.phase === 'forwarding') {
      this.#watchServer();
    } else {
      this.placementTimer(backend);
    }
  }

  /**
   * `timeout server` (HAProxy): the server keeps silent although it is its turn. Calls of gRPC may be quiet for as long as they like:
   * whether the server is there is asked by PING, and how long a call may take is the caller's deadline.
   */
  #watchServer(): void {
    const timeout = this.#grpc ? null : (this.backend?.settings.serverTimeoutMs ?? null);
    if (timeout === null) {
      if (this.deadline > 0) armTimer(this, this.deadline);
    } else if (now() < this.#lastActivity + timeout) {
      this.arm(this.#lastActivity + timeout);
    } else {
      const message = `${this.serverName} did not answer within timeout server (${timeout} ms)`;
      this.#fail({ grpcStatus: GRPC_STATUS.UNAVAILABLE, httpStatus: 504, message }, this.httpStatus === -1 ? 'sH' : 'sD');
    }
  }

  // ---- the end

  #end(): void {
    this.#serverHalf = null;
    this.finish();
    this.#replay = null;
    this.totalMs = now() - this.startedAt;
    if (this.server !== null) {
      this.server.counters.bytesIn += this.bytesIn;
      this.server.counters.bytesOut += this.bytesOut;
    }
    if (this.span !== null) this.span.end(this);
    this.#context.ended(this);
  }

  /** HAProxy's second character of the termination state. */
  #phaseLetter(): string {
    if (this.phase === 'queued' || this.phase === 'begin') return 'Q';
    if (this.phase === 'connecting' || this.phase === 'waiting') return 'C';
    return this.httpStatus === -1 ? 'H' : 'D';
  }
}
