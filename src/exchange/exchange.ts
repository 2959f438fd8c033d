/**
 * One request, of whichever version of HTTP, from client to server: the two halves, joined, and what logs, spans and counters need to know of them. How it
 * comes to a server is in placement.ts.
 *
 * A stream is sent again if the server cannot have acted on it: the connect failed, it answered REFUSED_STREAM, or its GOAWAY named a
 * lower stream (RFC 9113 §8.7). That needs no configuration, only the request's bytes held (replay-body.ts). After what else it is,
 * `retry-on` says; nothing of the response may have gone to the client then.
 */
import type { Socket } from 'node:net';
import type { FieldList, RequestFacts } from '../model/fields.ts';
import type { Half, HalfSink, ResetCause, StreamOpener } from '../model/exchange.ts';
import type { ConnectionRecord, StreamRecord } from '../model/records.ts';
import type { TraceSpan } from '../model/trace.ts';
import { now } from '../time/clock.ts';
import { armTimer } from '../time/wheel.ts';
import { CANCEL, NO_ERROR } from '../h2/errors.ts';
import { MessageCounter } from '../grpc/message-counter.ts';
import { requestFacts } from '../grpc/request-facts.ts';
import { GRPC_STATUS, parseStatus } from '../grpc/status.ts';
import type { ClientReuse } from '../pool/client-reuse.ts';
import type { StreamSeeker } from '../pool/connection-pool.ts';
import type { Server } from '../pool/server.ts';
import type { Evaluation } from '../route/context.ts';
import type { ExchangeContext } from './context.ts';
import { connectAnswer } from './connect-answer.ts';
import { LocalReply, localService } from './local-reply.ts';
import { errorPage } from './error-pages.ts';
import { clientReset, respondWithError, serverReset, type ProxyError } from './error-response.ts';
import type { Outage } from './placement.ts';
import { forwardedFields } from './forwarded-fields.ts';
import { sendRequest } from './replay-body.ts';
import { RetriedStream } from './retried-stream.ts';
import type { Party } from './whose-turn.ts';

export class Exchange extends RetriedStream implements HalfSink, StreamSeeker, StreamRecord {
  readonly kind: 'h1' | 'h2';
  request: RequestFacts | null = null;
  span: TraceSpan | null = null;
  grpcStatus = -1;
  responseMs = -1;
  readonly #context: ExchangeContext;
  readonly #client: Half;
  #serverHalf: Half | null = null;
  /** The request is answered here. */
  #local: LocalReply | null = null;
  #fields: FieldList | null = null;
  #trailers: FieldList | null = null;
  /** Request octets that the client was credited for. */
  #credited = 0;

  constructor(context: ExchangeContext, client: Half) {
    super();
    this.#context = context;
    this.#client = client;
    this.kind = context.reuse.speaks;
  }

  get evaluation(): Evaluation | null {
    return this.#context.evaluation ?? null;
  }

  get reuse(): ClientReuse {
    return this.#context.reuse;
  }

  override get connection(): ConnectionRecord {
    return this.#context.record;
  }

  override get requestFields(): FieldList | null {
    return this.#fields;
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
      this.requestEnded = true;
      if (this.#local !== null) return this.#answerHere(this.#local);
      this.#trailers = fields;
      this.#serverHalf?.sendTrailers(fields);
      this.#endedMaybe();
    } else if (half === this.#serverHalf) {
      if (this.early !== null && this.answerRetried(200, fields)) return;
      this.sendEarly();
      if (this.grpc) this.grpcStatus = parseStatus(fields.get('grpc-status'));
      this.responseEnded = true;
      this.#client.sendTrailers(fields);
      this.#endedMaybe();
    }
  }

  onCredit(half: Half, bytes: number): void {
    this.lastActivity = now();
    if (half === this.#client) {
      this.delivered += bytes;
      this.#serverHalf?.credit(bytes);
      return;
    }
    this.taken += bytes;
    if (this.taken <= this.#credited) return;
    this.#client.credit(this.taken - this.#credited);
    this.#credited = this.taken;
  }

  onReset(half: Half, code: number, cause: ResetCause): void {
    if (this.phase === 'ended') return;
    if (half === this.#client) this.#clientReset(code, cause);
    else if (half === this.#serverHalf) this.#serverReset(code, cause);
  }

  // ---- request

  /** The request cannot be taken; `beginning` is what was kept of it, null where nothing of it can be told. */
  refuse(beginning: FieldList | null, endStream: boolean, error: ProxyError, termination: string): void {
    if (this.phase === 'ended') return;
    if (beginning !== null) this.request = requestFacts(beginning);
    this.grpc = this.request?.grpc === true;
    this.requestEnded = endStream;
    this.#fail(error, termination);
  }

  onPeerEnded(): void {
    if (this.httpStatus === -1 && this.backend?.settings.http.abortOnClose === true) {
      this.#clientReset(CANCEL, 'connection');
      this.#client.reset(CANCEL);
    }
  }

  #begin(fields: FieldList, endStream: boolean): void {
    const facts = requestFacts(fields);
    this.request = facts;
    this.grpc = facts.grpc;
    this.#fields = fields;
    this.requestEnded = endStream;
    const { tracer } = this.#context;
    if (tracer !== null) this.span = tracer.begin(this, fields);
    const backend = this.#context.route(facts);
    const local = localService(this.#context.local, fields) ?? localService(backend === null ? null : backend.local, fields);
    if (local !== null) {
      this.#local = new LocalReply(local, this.#context.record, fields);
      if (endStream) this.#answerHere(this.#local);
      else if (this.clientTimeoutMs !== null) armTimer(this, this.startedAt + this.clientTimeoutMs);
      return;
    }
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

  #answerHere(reply: LocalReply): void {
    this.termination = 'LR';
    const { status, bytes } = reply.send(this.#client);
    this.httpStatus = status;
    this.bytesOut += bytes;
    this.#context.record.frontend.counters.bytesOut += bytes;
    if (!this.requestEnded) this.#client.reset(NO_ERROR);
    this.#end();
  }

  #requestBody(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const size = end - start;
    this.bytesIn += size;
    this.#context.record.frontend.counters.bytesIn += size;
    if (this.grpc) (this.countIn ??= new MessageCounter()).feed(chunk, start, end);
    if (endStream) this.requestEnded = true;
    if (this.#local !== null) {
      if (!this.#local.add(chunk, start, end) || endStream) this.#answerHere(this.#local);
      return;
    }
    if (this.replayable && size > 0) this.hold(chunk, start, end, this.#serverHalf !== null);
    if (this.#serverHalf === null) return;
    this.lastActivity = now();
    this.#serverHalf.sendData(chunk, start, end, endStream);
    if (!this.watched) this.watch();
    if (endStream) this.#endedMaybe();
  }

  // ---- the way to a server

  protected override connect(server: Server): void {
    server.acquire(this, this.#context.record);
  }

  protected override abandon(server: Server): void {
    server.abandon(this, this.#context.record);
  }

  onConnection(connection: StreamOpener, wire: Socket): void {
    const fields = this.#fields;
    if (fields === null || this.phase !== 'connecting') return;
    this.connected();
    this.wire = wire;
    this.lastActivity = this.phaseSince;
    const half = connection.open(this);
    this.#serverHalf = half;
    this.taken = 0;
    const persistence = this.backend === null ? null : this.backend.persistence;
    const sent = persistence === null || this.server === null ? fields : persistence.request(fields, this.server);
    sendRequest(half, sent, this.#forwarded(fields), this.span, this.replay, this.#trailers, this.requestEnded);
    this.beginWatch();
  }

  /** What servers are told of the client by header fields. */
  #forwarded(fields: FieldList): FieldList | null {
    const { forwarding: { forwardFor: front, originalTo: frontTo }, record } = this.#context;
    const { forwardFor: back = null, originalTo: backTo = null, forwarded = null } = this.backend?.settings ?? {};
    return (front ?? back ?? frontTo ?? backTo ?? forwarded) === null ? null : forwardedFields({ front, back, frontTo, backTo, forwarded }, record, fields);
  }

  onConnectFailed(reason: string): void {
    if (this.phase === 'connecting') this.retry(`connect to ${this.serverName} failed: ${reason}`, 'connect');
  }

  protected override unplaced({ termination, message }: Outage): void {
    this.#fail({ grpcStatus: GRPC_STATUS.UNAVAILABLE, httpStatus: 503, message }, termination);
  }

  // ---- response

  #response(fields: FieldList, endStream: boolean): void {
    const status = Number(fields.get(':status'));
    if (this.withholdsAnswers && this.withheld(fields, status, endStream)) return;
    this.forwardResponse(fields, status, endStream);
  }

  protected override forwardResponse(fields: FieldList, status: number, endStream: boolean): void {
    const time = now();
    this.lastActivity = time;
    this.replay = null;
    this.replayable = false;
    if (status >= 200) {
      this.httpStatus = status;
      this.responseMs = time - this.phaseSince;
      this.totalMs = time - this.startedAt;
      if (endStream && this.grpc) this.grpcStatus = parseStatus(fields.get('grpc-status'));
    }
    if (endStream) this.responseEnded = true;
    if (this.request?.method === 'CONNECT') this.#answerConnect(fields, status, endStream);
    else this.#client.sendHeaders(this.#kept(fields, status), null, endStream);
    if (status >= 200 && this.#context.record.frontend.log.asap === true && this.phase === 'forwarding') this.logged = this.#context.answered(this);
    if (endStream) this.#endedMaybe();
  }

  /** The response with what keeps the client with its server (`cookie`). */
  #kept(fields: FieldList, status: number): FieldList {
    const persistence = this.backend === null ? null : this.backend.persistence;
    return persistence === null || this.server === null || status < 200 ? fields : persistence.response(this, fields, this.server);
  }

  /** An upgrade is answered in the terms of the client's HTTP version: with 101, or with 2xx (RFC 8441 §5). */
  #answerConnect(fields: FieldList, status: number, endStream: boolean): void {
    const answer = connectAnswer(fields, status, this.kind, this.#serverHalf?.tunnel === true, this.#fields);
    if (answer === null) {
      this.httpStatus = -1;
      this.responseEnded = false;
      this.#fail({ grpcStatus: GRPC_STATUS.UNAVAILABLE, httpStatus: 502, message: `${this.serverName} did not upgrade` }, 'SH');
      return;
    }
    if (status >= 200) this.httpStatus = Number(answer.get(':status'));
    this.#client.sendHeaders(answer, null, endStream);
  }

  #responseBody(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.early !== null) this.sendEarly();
    const size = end - start;
    this.bytesOut += size;
    this.#context.record.frontend.counters.bytesOut += size;
    this.lastActivity = now();
    if (this.grpc) (this.countOut ??= new MessageCounter()).feed(chunk, start, end);
    if (endStream) this.responseEnded = true;
    this.#client.sendData(chunk, start, end, endStream);
    if (!this.watched) this.watch();
    if (endStream) this.#endedMaybe();
  }

  #endedMaybe(): void {
    if (this.requestEnded && this.responseEnded) this.#end();
  }

  // ---- resets and failures

  #clientReset(code: number, cause: ResetCause): void {
    // Whoever has the response may leave the rest of its request.
    if (!this.responseEnded) {
      this.termination = `C${this.phaseLetter}`;
      this.cause = clientReset(code, cause);
    }
    this.#abandonServer(cause === 'peer' || cause === 'refused' ? code : CANCEL);
    this.#end();
  }

  #serverReset(code: number, cause: ResetCause): void {
    this.sendEarly();
    const failure = serverReset(code, cause, this.serverName);
    if (this.replayable && this.resent(code, cause, failure.message)) return;
    const termination = `${failure.by}${this.phaseLetter}`;
    if (cause === 'connection' || cause === 'local' || (this.httpStatus === -1 && this.kind === 'h1')) {
      this.#fail(failure, termination);
      return;
    }
    if (!this.responseEnded) {
      this.termination = termination;
      this.cause = failure.message;
    }
    this.#client.reset(code);
    this.#end();
  }

  protected override dropServer(): void {
    const half = this.#serverHalf;
    this.#serverHalf = null;
    half?.reset(CANCEL);
  }

  /** Ends the stream because its connection's time is over. */
  cut(message: string): void {
    if (this.phase !== 'ended') this.#fail({ grpcStatus: GRPC_STATUS.UNAVAILABLE, httpStatus: 503, message }, `P${this.phaseLetter}`);
  }

  /** Ends the stream with an error of the proxy's own. */
  #fail(error: ProxyError, termination: string): void {
    this.termination = termination;
    this.cause = error.message;
    this.#abandonServer(CANCEL);
    const begun = this.httpStatus !== -1;
    if (this.grpc) this.grpcStatus = error.grpcStatus;
    if (!begun) this.httpStatus = this.grpc ? 200 : error.httpStatus;
    const pages = [this.backend?.settings.http.errorPages, this.#context.errorPages];
    respondWithError(this.#client, this.grpc, this.request?.method === 'HEAD', begun, error, errorPage(error.httpStatus, ...pages));
    // The rest of the request is of no interest (RFC 9113 §8.1).
    if (!this.requestEnded) this.#client.reset(NO_ERROR);
    this.#end();
  }

  #abandonServer(code: number): void {
    const half = this.#serverHalf;
    this.#serverHalf = null;
    // Who gets the place on the server then finds the one on the connection free, too.
    half?.reset(code);
    this.leave();
  }

  // ---- time

  protected override get clientTimeoutMs(): number | null {
    return this.#context.clientTimeoutMs;
  }

  protected override deadlinePassed(): void {
    const message = `deadline of ${this.request?.timeoutMs ?? 0} ms exceeded ${this.whereabouts}`;
    this.#fail({ grpcStatus: GRPC_STATUS.DEADLINE_EXCEEDED, httpStatus: 504, message }, `s${this.phaseLetter}`);
  }

  protected override timedOut(party: Party, message: string): void {
    if (party === 'client') {
      // A client that does not read cannot be told in trailers, which come last.
      if (this.heldForClient > 0) this.#client.reset(CANCEL);
      this.#fail({ grpcStatus: GRPC_STATUS.CANCELLED, httpStatus: 408, message }, `c${this.#local === null ? this.phaseLetter : 'D'}`);
    } else if (this.replayable && this.backend?.settings.retryOn.responseTimeout === true && this.affords()) {
      this.sendAgain(message, 'asked');
    } else {
      this.#fail({ grpcStatus: GRPC_STATUS.UNAVAILABLE, httpStatus: 504, message }, `s${this.phaseLetter}`);
    }
  }

  // ---- the end

  #end(): void {
    if (this.phase === 'ended') return;
    this.#serverHalf = null;
    this.finish();
    this.forget();
    this.totalMs = now() - this.startedAt;
    if (this.server !== null) {
      this.server.counters.bytesIn += this.bytesIn;
      this.server.counters.bytesOut += this.bytesOut;
    }
    if (this.span !== null) this.span.end(this);
    this.#context.ended(this);
  }
}
