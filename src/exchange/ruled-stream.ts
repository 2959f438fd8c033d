/**
 * A stream under rules: it stands between the client's half and the exchange, and is to each of them what the other would be. Where
 * there are no rules there is none of it.
 *
 *     client's half ──request──▶ rules ──▶ exchange
 *     client's half ◀──────────  rules ◀──response── exchange
 */
import type { ForwardingSettings } from '../config/forwarded-settings.ts';
import { NO_ERROR, CANCEL } from '../h2/errors.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import { atTurnEnd, type TurnTask } from '../time/turn.ts';
import { now } from '../time/clock.ts';
import { ServerHalf } from '../h1/server-half.ts';
import { requestFacts } from '../grpc/request-facts.ts';
import { GRPC_STATUS } from '../grpc/status.ts';
import { StreamRules, type Outcome, type ResponseOutcome } from '../route/policy.ts';
import type { Evaluation } from '../route/context.ts';
import { readdressed } from './readdressed.ts';
import type { Reply } from '../route/reply.ts';
import type { FieldList, RequestFacts } from '../model/fields.ts';
import type { Half, HalfSink, ResetCause } from '../model/exchange.ts';
import type { ConnectionRecord, StreamRecord } from '../model/records.ts';
import type { Tracer } from '../model/trace.ts';
import type { LocalService } from '../model/local-service.ts';
import type { Backend } from '../pool/backend.ts';
import type { ClientReuse } from '../pool/client-reuse.ts';
import type { ExchangeContext } from './context.ts';
import type { ErrorPages } from './error-pages.ts';
import type { ProxyError } from './error-response.ts';
import { Exchange } from './exchange.ts';
import { HeldBody, type HeldResponse } from './held-body.ts';
import type { RuledConnection } from './routing.ts';

function httpVersion(client: Half): string {
  if (!(client instanceof ServerHalf)) return '2.0';
  return client.request?.version === 10 ? '1.0' : '1.1';
}

/** How long `tarpit` waits where neither `timeout tarpit` nor `timeout connect` is set, milliseconds. */
const DEFAULT_TARPIT_MS = 60_000;

type State = 'deciding' | 'body' | 'tarpit' | 'forwarded' | 'ended';

export interface RuledOptions {
  readonly tarpitMs: number | null;
  /** Octets of a body that are held for rules. */
  readonly bufferBytes: number;
}

export class RuledStream extends Timer implements HalfSink, Half, ExchangeContext, TurnTask {
  readonly #context: ExchangeContext;
  readonly #connection: RuledConnection;
  readonly #client: Half;
  readonly #options: RuledOptions;
  readonly #exchange: Exchange;
  #state: State = 'deciding';
  #rules: StreamRules | null = null;
  #fields: FieldList | null = null;
  #held: HeldBody | null = null;
  #atLeast = 0;
  #backend: Backend | null = null;
  /** The server's response, while a rule waits for its body. */
  #response: HeldResponse | null = null;
  /** The response that rules made, until it is sent. */
  #reply: Reply | null = null;
  /** The client has its answer: what the exchange says goes nowhere. */
  #answered = false;
  #readdressed: ConnectionRecord | null = null;
  /** HAProxy's termination state of a response that rules ended. */
  #concluded: 'PH' | 'sD' = 'PH';
  turnScheduled = false;

  constructor(context: ExchangeContext, connection: RuledConnection, client: Half, options: RuledOptions) {
    super();
    this.#context = context;
    this.#connection = connection;
    this.#client = client;
    this.#options = options;
    this.#exchange = new Exchange(this, this);
  }

  // ---- from the client's session

  onHeaders(_half: Half, fields: FieldList, endStream: boolean): void {
    const { routing, session } = this.#connection;
    const held = new HeldBody();
    held.ended = endStream;
    this.#held = held;
    this.#fields = fields;
    const rules = new StreamRules(routing.policy, session, fields, httpVersion(this.#client), this.#exchange.startedAt);
    rules.body = () => ({ bytes: held.bytes, complete: held.ended });
    this.#rules = rules;
    this.#decide(rules, held);
  }

  onData(_half: Half, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.#state === 'forwarded') {
      this.#exchange.onData(this, chunk, start, end, endStream);
      return;
    }
    const held = this.#held;
    if (this.#state === 'ended' || held === null) return;
    held.add(chunk, start, end);
    held.ended = endStream;
    this.#bodyCame(held);
  }

  onTrailers(_half: Half, fields: FieldList): void {
    if (this.#state === 'forwarded') {
      this.#exchange.onTrailers(this, fields);
      return;
    }
    const held = this.#held;
    if (this.#state === 'ended' || held === null) return;
    held.trailers = fields;
    held.ended = true;
    this.#bodyCame(held);
  }

  onReset(_half: Half, code: number, cause: ResetCause): void {
    disarmTimer(this);
    if (this.#fields !== null) this.#exchange.request ??= requestFacts(this.#fields);
    this.#exchange.onReset(this, code, cause);
  }

  onCredit(_half: Half, bytes: number): void {
    if (!this.#answered) this.#exchange.onCredit(this, bytes);
  }

  onPeerEnded(): void {
    if (this.#state === 'forwarded') this.#exchange.onPeerEnded();
  }

  /** As {@link Exchange.refuse}. */
  refuse(beginning: FieldList | null, endStream: boolean, error: ProxyError, termination: string): void {
    disarmTimer(this);
    this.#exchange.refuse(beginning, endStream, error, termination);
  }

  cut(message: string): void {
    disarmTimer(this);
    this.#exchange.cut(message);
  }

  // ---- the request's way through the rules

  #decide(rules: StreamRules, held: HeldBody): void {
    this.#state = 'deciding';
    const outcome = rules.request((name) => this.#connection.routing.backend(name));
    switch (outcome.kind) {
      case 'forward': return this.#forward(outcome, held);
      case 'reply':
        if (!outcome.tarpit) return this.#answer(outcome.reply);
        this.#state = 'tarpit';
        this.#reply = outcome.reply;
        armTimer(this, now() + (this.#options.tarpitMs ?? DEFAULT_TARPIT_MS));
        return;
      case 'reject':
      case 'drop': return this.#close(outcome.kind, outcome.cause);
      case 'body':
        this.#state = 'body';
        this.#atLeast = outcome.atLeast;
        if (outcome.ms < Infinity) armTimer(this, now() + outcome.ms);
        return this.#bodyCame(held);
    }
  }

  #bodyCame(held: HeldBody): void {
    if (this.#state !== 'body' || this.#rules === null) return;
    const { bufferBytes } = this.#options;
    if (!held.ended && held.length < Math.min(bufferBytes, this.#atLeast === 0 ? bufferBytes : this.#atLeast)) return;
    disarmTimer(this);
    this.#decide(this.#rules, held);
  }

  override onTimer(): void {
    const reply = this.#reply;
    if (this.#response !== null && this.#rules !== null) this.#conclude({ kind: 'reply', reply: this.#rules.late() }, 'sD');
    else if (this.#state === 'tarpit' && reply !== null) this.#answer(reply);
    else if (this.#state === 'body' && this.#rules !== null && this.#held !== null) {
      this.refuse(this.#fields, this.#held.ended, {
        grpcStatus: GRPC_STATUS.DEADLINE_EXCEEDED, httpStatus: 408, message: "the request's body did not come in time",
      }, 'cR');
    }
  }

  #forward(outcome: Extract<Outcome, { kind: 'forward' }>, held: HeldBody): void {
    const exchange = this.#exchange;
    this.#backend = outcome.backend === null ? null : (this.#connection.routing.backend(outcome.backend) ?? null);
    exchange.preferred = outcome.server === null ? null : (this.#backend?.servers.find(({ name }) => name === outcome.server) ?? null);
    exchange.serverTimeoutMs = this.#rules?.evaluation.serverTimeoutMs ?? null;
    exchange.tunnelTimeoutMs = this.#rules?.evaluation.tunnelTimeoutMs ?? null;
    this.#state = 'forwarded';
    const { bytes, trailers, ended } = held;
    exchange.onHeaders(this, outcome.fields, ended && bytes.length === 0 && trailers === null);
    if (bytes.length > 0 && !this.#over) exchange.onData(this, bytes, 0, bytes.length, ended && trailers === null);
    if (trailers !== null && !this.#over) exchange.onTrailers(this, trailers);
    if (!this.#over) this.#held = null;
  }

  get #over(): boolean {
    return this.#state === 'ended';
  }

  /** Answers in place of a server. */
  #answer(reply: Reply): void {
    // An error page, if there is one for the status, is the exchange's to know.
    this.#reply = reply.plain ? null : reply;
    const refused = reply.status >= 400 || reply.grpcStatus > 0;
    const error = { grpcStatus: reply.grpcStatus, httpStatus: reply.status, message: reply.cause };
    this.#exchange.refuse(this.#fields, this.#held?.ended ?? true, error, refused ? 'PR' : 'LR');
  }

  #close(kind: 'reject' | 'drop', cause: string): void {
    this.#answered = true;
    this.#exchange.refuse(this.#fields, true, { grpcStatus: -1, httpStatus: -1, message: cause }, 'PR');
    this.#client.reset(CANCEL);
    if (kind === 'drop') this.#connection.drop(cause);
  }

  // ---- the exchange's client

  get tunnel(): boolean {
    return this.#client.tunnel;
  }

  sendHeaders(fields: FieldList, extra: FieldList | null, endStream: boolean): void {
    if (this.#answered) return;
    const reply = this.#reply;
    const exchange = this.#exchange;
    const rules = this.#rules;
    if (reply !== null) this.#send(reply);
    else if (rules === null || !rules.touchesResponses || Number(fields.get(':status')) < 200) this.#client.sendHeaders(fields, extra, endStream);
    else if (exchange.termination !== '--') this.#client.sendHeaders(rules.ownResponse(fields, exchange), extra, endStream);
    else {
      let outcome = rules.response(fields, exchange.server, exchange);
      while (outcome.kind === 'body' && endStream) outcome = rules.resume();
      if (outcome.kind === 'body') this.#hold(outcome, { extra, held: new HeldBody(), atLeast: 0 });
      else if (outcome.kind === 'forward') this.#pass(outcome.fields, extra, endStream);
      else this.#conclude(outcome, 'PH');
    }
  }

  #pass(fields: FieldList, extra: FieldList | null, endStream: boolean): void {
    this.#exchange.httpStatus = Number(fields.get(':status'));
    this.#client.sendHeaders(fields, extra, endStream);
  }

  #hold({ ms, atLeast }: { readonly ms: number; readonly atLeast: number }, response: HeldResponse): void {
    response.atLeast = atLeast;
    this.#response = response;
    armTimer(this, now() + ms);
    this.#responseCame(response);
  }

  /** More of a response that a rule waits for. */
  #responseCame(response: HeldResponse): void {
    const { held, extra, atLeast } = response;
    const { bufferBytes } = this.#options;
    if (!held.ended && held.length < Math.min(bufferBytes, atLeast === 0 ? bufferBytes : atLeast)) return;
    disarmTimer(this);
    this.#response = null;
    const outcome = this.#rules?.resume();
    if (outcome === undefined) return;
    if (outcome.kind === 'body') return this.#hold(outcome, response);
    if (outcome.kind !== 'forward') return this.#conclude(outcome, 'PH');
    const { bytes, trailers, ended } = held;
    this.#pass(outcome.fields, extra, ended && bytes.length === 0 && trailers === null);
    if (bytes.length > 0) this.#client.sendData(bytes, 0, bytes.length, ended && trailers === null);
    if (trailers !== null) this.#client.sendTrailers(trailers);
  }

  /** What a rule makes of a response in place of passing it on. */
  #conclude(outcome: Exclude<ResponseOutcome, { readonly kind: 'forward' | 'body' }>, termination: 'PH' | 'sD'): void {
    const exchange = this.#exchange;
    this.#response = null;
    this.#concluded = termination;
    // The server's stream is given up when the exchange has come to rest.
    atTurnEnd(this);
    exchange.cause = outcome.kind === 'reply' ? outcome.reply.cause : outcome.cause;
    if (outcome.kind === 'reply') {
      exchange.httpStatus = outcome.reply.status;
      this.#send(outcome.reply);
    } else {
      this.#answered = true;
      this.#client.reset(CANCEL);
      if (outcome.kind === 'drop') this.#connection.drop(outcome.cause);
    }
  }

  endTurn(): void {
    const { cause, requestEnded } = this.#exchange;
    this.#exchange.refuse(null, requestEnded, { grpcStatus: GRPC_STATUS.UNKNOWN, httpStatus: 502, message: cause }, this.#concluded);
  }

  #send(reply: Reply): void {
    this.#answered = true;
    const fields = this.#rules?.touchesResponses === true ? this.#rules.ownResponse(reply.fields, this.#exchange) : reply.fields;
    const bare = reply.body.length === 0 || this.#fields?.get(':method') === 'HEAD';
    this.#client.sendHeaders(fields, null, bare);
    if (!bare) this.#client.sendData(reply.body, 0, reply.body.length, true);
  }

  sendData(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const response = this.#response;
    if (response !== null) {
      response.held.add(chunk, start, end);
      response.held.ended = endStream;
      this.#responseCame(response);
    } else if (!this.#answered) this.#client.sendData(chunk, start, end, endStream);
  }

  sendTrailers(fields: FieldList): void {
    const response = this.#response;
    if (response !== null) {
      response.held.trailers = fields;
      response.held.ended = true;
      this.#responseCame(response);
    } else if (!this.#answered) this.#client.sendTrailers(fields);
  }

  reset(code: number): void {
    this.#response = null;
    if (this.#reply !== null && !this.#answered) return this.#send(this.#reply);
    // Whoever has our answer is not told of another failure, but that the rest of the request is of no interest.
    if (!this.#answered || code === NO_ERROR) this.#client.reset(code);
  }

  credit(bytes: number): void {
    this.#client.credit(bytes);
  }

  // ---- the exchange's context

  /** The connection, with the addresses that rules gave the stream. */
  get record(): ConnectionRecord {
    const { record } = this.#context;
    const evaluation = this.#rules?.evaluation;
    return evaluation === undefined || !evaluation.readdressed ? record : (this.#readdressed ??= readdressed(record, evaluation));
  }

  get evaluation(): Evaluation | null {
    return this.#rules?.evaluation ?? null;
  }

  get reuse(): ClientReuse {
    return this.#context.reuse;
  }

  get errorPages(): ErrorPages {
    return this.#context.errorPages;
  }

  get local(): LocalService | null {
    return this.#context.local;
  }

  get forwarding(): ForwardingSettings {
    return this.#context.forwarding;
  }

  get tracer(): Tracer | null {
    return this.#context.tracer;
  }

  get clientTimeoutMs(): number | null {
    return this.#context.clientTimeoutMs;
  }

  route(_request: RequestFacts | null): Backend | null {
    return this.#backend;
  }

  /** Where rules answer in place of the server, it is known at the end how that went. */
  answered(stream: StreamRecord): boolean {
    if (this.#answered) return false;
    this.#writeLine(stream);
    return this.#context.answered(stream);
  }

  ended(stream: StreamRecord): void {
    this.#state = 'ended';
    disarmTimer(this);
    this.#held = null;
    if (!stream.logged) this.#writeLine(stream);
    this.#context.ended(stream);
  }

  #writeLine(stream: StreamRecord): void {
    const evaluation = this.#rules?.evaluation;
    if (evaluation === undefined) return;
    evaluation.record = stream;
    evaluation.server = this.#exchange.server;
    evaluation.backend = this.#exchange.backend;
    const { logFormat } = this.#connection.routing.policy.frontend;
    if (logFormat !== null && this.record.frontend.log.enabled) this.#exchange.logLine = logFormat.render(evaluation);
    this.#exchange.logLevel = evaluation.logLevel;
  }
}
