/**
 * HTTP/1 with a server, in the client's role: one request at a time, each a half of an exchange.
 *
 *      connecting ──▶ idle ◀──────────────────────────┐
 *           │           └──open()──▶ busy ──both sides ended, and the server keeps the connection
 *           └──────────▶ ended ◀──────┴── else
 */
import type { HalfSink, StreamOpener } from '../model/exchange.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import type { Output } from '../transport/output.ts';
import type { ByteSession, SessionSocket } from '../transport/session-socket.ts';
import type { FieldList } from '../model/fields.ts';
import { ClientHalf, type ClientHalfOwner } from './client-half.ts';
import type { Llhttp } from './llhttp.ts';
import { INTERIM, MessageReader, OPEN, REFUSED, type ReaderLimits, type ReaderOwner, type Refusal } from './reader.ts';
import { readResponse, type Response } from './response.ts';

export interface ClientSessionOptions {
  readonly limits: ReaderLimits;
  /** Octets of a response's body that may be under way to the client. */
  readonly window: number;
  readonly connectTimeoutMs: number;
  /** How long it is kept without a request. */
  readonly idleMs: number;
}

export interface ClientSessionOwner {
  onConnected(session: Http1ClientSession): void;
  /** The session takes another request. */
  onIdle(session: Http1ClientSession): void;
  /** The server broke a rule; the request has been told, and the session ends. */
  onProtocolError(reason: string): void;
  onEnded(session: Http1ClientSession, reason: string): void;
}

const NOTHING = new Uint8Array(0);
const NO_ERROR = 0;
const PROTOCOL_ERROR = 1;
const REFUSED_STREAM = 7;
const CANCEL = 8;
/** Methods that mean the same twice (RFC 9110 §9.2.2): only these are sent again when a kept connection was just being closed. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export class Http1ClientSession extends Timer implements ByteSession, ReaderOwner, ClientHalfOwner, StreamOpener {
  readonly output: Output;
  state: 'connecting' | 'idle' | 'busy' | 'ended' = 'connecting';
  /** It was connected once. */
  connected = false;
  /** Requests that it has carried, the present one included. */
  requests = 0;
  /** False: it is closed behind the present request. */
  keepAlive = true;
  /** The request says so. */
  saysClose = false;
  /** For one client alone: it ends with that. */
  exclusive = false;
  readonly #socket: SessionSocket;
  readonly #options: ClientSessionOptions;
  readonly #owner: ClientSessionOwner;
  readonly #reader: MessageReader;
  #half: ClientHalf | null = null;
  #last: Response | null = null;
  #lastMethod = '';
  #serverKeeps = false;
  #heard = false;
  #paused = false;
  #unsent = 0;

  constructor(socket: SessionSocket, options: ClientSessionOptions, owner: ClientSessionOwner) {
    super();
    this.#socket = socket;
    this.output = socket.output;
    this.#options = options;
    this.#owner = owner;
    this.#reader = new MessageReader('response', options.limits, this);
    armTimer(this, now() + options.connectTimeoutMs);
    socket.whenConnected(() => this.#connected());
  }

  /** The connection itself. */
  get wire(): SessionSocket['socket'] {
    return this.#socket.socket;
  }

  #connected(): void {
    if (this.state !== 'connecting') return;
    this.connected = true;
    this.state = 'idle';
    disarmTimer(this);
    this.#owner.onConnected(this);
  }

  /** Opens a request; the session has to be idle. */
  open(sink: HalfSink): ClientHalf {
    disarmTimer(this);
    this.state = 'busy';
    this.requests++;
    this.#heard = false;
    this.#unsent = 0;
    const half = new ClientHalf(this, sink);
    this.#half = half;
    return half;
  }

  /** It is kept for another request, for a while. */
  rest(): void {
    armTimer(this, now() + this.#options.idleMs);
  }

  // ---- from the socket

  receive(chunk: Uint8Array, start: number, end: number): void {
    if (this.state === 'ended') return;
    const half = this.#half;
    if (half === null) {
      // A server may say that it closes (RFC 9112 §9.5): nobody is there to hear it.
      this.close('the server spoke without having been asked');
      return;
    }
    this.#heard = true;
    const { method } = half.asked;
    // What a response's head means depends on the request.
    if (method !== this.#lastMethod || method === 'CONNECT') this.#reader.forget();
    this.#lastMethod = method;
    this.#reader.head.bodiless = method === 'HEAD';
    const at = this.#read(chunk, start, end);
    // What follows a response belongs to no request: whatever it is, the connection is not in step any more.
    if (at < end) this.#serverKeeps = false;
    if (this.#half === null && (at < end || this.#reader.midway)) this.close('octets behind the end of a response');
  }

  /** What our own code throws costs a connection, never the process. */
  #read(chunk: Uint8Array, start: number, end: number): number {
    try {
      return this.#reader.read(chunk, start, end);
    } catch (error) {
      const reason = `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
      this.#owner.onProtocolError(reason);
      this.abort(reason);
      return end;
    }
  }

  socketWritable(): void {
    const half = this.#half;
    const bytes = this.#unsent;
    this.#unsent = 0;
    if (half !== null && bytes > 0) half.sink.onCredit(half, bytes);
  }

  socketEnded(): boolean {
    const half = this.#half;
    if (half === null || this.#reader.state !== 'open') {
      this.#lost('');
      return false;
    }
    half.responseEnded = true;
    half.sink.onData(half, NOTHING, 0, 0, true);
    this.#endedMaybe(half);
    return true;
  }

  socketClosed(reason: string): void {
    this.#lost(reason);
  }

  // ---- from the reader

  onHead(head: Llhttp): number {
    const half = this.#half;
    if (half === null) {
      this.close('a response behind the end of another');
      return REFUSED;
    }
    const response = readResponse(head, half.asked);
    if (typeof response === 'string') {
      this.#broke(half, response);
      return REFUSED;
    }
    this.#last = response;
    return this.#begin(half, response);
  }

  onHeadAgain(): number {
    const half = this.#half;
    const last = this.#last;
    if (half !== null && last !== null) return this.#begin(half, last);
    this.close('a response behind the end of another');
    return REFUSED;
  }

  #begin(half: ClientHalf, { fields, body, status, keepAlive }: Response): number {
    if (body === INTERIM) {
      half.sink.onHeaders(half, fields, false);
      return INTERIM;
    }
    this.#serverKeeps = keepAlive && this.keepAlive;
    const opens = body === OPEN && half.asked.tunnel !== '' && (status === 101 || (half.asked.tunnel === 'connect' && status < 300));
    if (body === 0) half.responseEnded = true;
    half.tunnel = opens;
    if (!opens) half.declined();
    half.sink.onHeaders(half, fields, body === 0);
    if (opens) half.opened();
    if (body === 0) this.#endedMaybe(half);
    return body;
  }

  onBody(chunk: Uint8Array, start: number, end: number, last: boolean): void {
    const half = this.#half;
    if (half === null) return;
    half.outstanding += end - start;
    if (last) half.responseEnded = true;
    half.sink.onData(half, chunk, start, end, last);
    if (last) this.#endedMaybe(half);
    else if (half.outstanding >= this.#options.window) this.#pause();
  }

  onTrailers(trailers: FieldList): void {
    const half = this.#half;
    if (half === null) return;
    half.responseEnded = true;
    if (trailers.fields.length > 0) half.sink.onTrailers(half, trailers);
    else half.sink.onData(half, NOTHING, 0, 0, true);
    this.#endedMaybe(half);
  }

  onMalformed({ reason }: Refusal): void {
    if (this.#half !== null) this.#broke(this.#half, reason);
  }

  // ---- from the half

  credited(half: ClientHalf): void {
    if (half.outstanding < this.#options.window / 2) this.#resume();
  }

  wrote(half: ClientHalf, bytes: number): void {
    if (this.output.blocked) this.#unsent += bytes;
    else half.sink.onCredit(half, bytes);
  }

  requestEnded(half: ClientHalf): void {
    if (this.#reader.state === 'open' && half.asked.tunnel !== '') this.#socket.shutdown();
    this.#endedMaybe(half);
  }

  broken(half: ClientHalf): void {
    half.closed = true;
    this.#half = null;
    this.#end('');
    this.#socket.cut();
  }

  #endedMaybe(half: ClientHalf): void {
    if (half !== this.#half || !half.responseEnded) return;
    if (!half.requestEnded) {
      // The server has said all that it will, and reads on or not as it likes.
      if (!this.#serverKeeps && half.asked.tunnel === '') queueMicrotask(() => this.#giveUp(half));
      return;
    }
    half.closed = true;
    this.#half = null;
    if (!this.#serverKeeps || this.#reader.state !== 'done') {
      this.close('');
      return;
    }
    this.#reader.next();
    this.#resume();
    this.state = 'idle';
    // Behind the present call, so that octets that follow the response are seen before another request is sent.
    queueMicrotask(() => {
      if (this.state === 'idle') this.#owner.onIdle(this);
    });
  }

  #giveUp(half: ClientHalf): void {
    if (half.closed) return;
    half.closed = true;
    this.#half = null;
    half.sink.onReset(half, NO_ERROR, 'peer');
    this.close('');
  }

  #broke(half: ClientHalf, reason: string): void {
    half.closed = true;
    this.#half = null;
    this.#owner.onProtocolError(reason);
    half.sink.onReset(half, PROTOCOL_ERROR, 'local');
    this.#end(reason);
    this.#socket.cut();
  }

  /** The server closed its side, or the connection is gone. */
  #lost(reason: string): void {
    const half = this.#half;
    this.#half = null;
    this.#end(reason);
    if (half === null) return;
    half.closed = true;
    if (half.responseEnded) half.sink.onReset(half, NO_ERROR, 'peer');
    // A server that closes a kept connection for want of requests has not seen this one (RFC 9112 §9.3.1).
    else if (!this.#heard && this.requests > 1 && IDEMPOTENT.has(half.asked.method)) half.sink.onReset(half, REFUSED_STREAM, 'refused');
    else half.sink.onReset(half, CANCEL, 'connection');
  }

  // ---- the end

  override onTimer(): void {
    if (this.state === 'connecting') {
      this.#end('ETIMEDOUT');
      this.#socket.destroy();
    } else if (this.state === 'idle') {
      this.close('');
    }
  }

  /** Its client has gone: closes it unless a request is under way. */
  release(): void {
    if (this.state === 'idle') this.close('');
  }

  /** Closes a session that carries nothing. */
  close(reason: string): void {
    this.#end(reason);
    this.#socket.close();
  }

  /** Ends what runs, now. */
  abort(reason: string): void {
    this.#lost(reason);
    this.#socket.destroy();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #end(reason: string): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    disarmTimer(this);
    this.#reader.stop();
    this.#owner.onEnded(this, reason);
  }
}
