/**
 * HTTP/1 with a client, in the server's role: requests one after another, each a half of an exchange.
 *
 *      idle ──octets──▶ head ──▶ exchange ──both sides ended──▶ idle, or closing
 *                        │           └──the server agreed──▶ tunnel
 *                        └──refused──▶ closing
 *
 * A pipelined request waits, in at most one read, until the response before it has been written (RFC 9112 §9.3.2).
 */
import type { FieldList } from '../model/fields.ts';
import type { HalfSink } from '../model/exchange.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import type { Output } from '../transport/output.ts';
import type { ByteSession, SessionSocket } from '../transport/session-socket.ts';
import type { Llhttp } from './llhttp.ts';
import { MessageReader, REFUSED, UNDECIDED, type ReaderLimits, type ReaderOwner, type Refusal } from './reader.ts';
import { isRefusal, readRequest, type Request } from './request.ts';
import { ServerHalf, type ServerHalfOwner } from './server-half.ts';

/** A time and the directive that set it. */
export interface TimeLimit {
  readonly ms: number;
  readonly name: string;
}

export interface ServerSessionOptions {
  readonly scheme: 'http' | 'https';
  readonly limits: ReaderLimits;
  /** False: one request a connection (option httpclose). */
  readonly keepAlive: boolean;
  /** Octets of a request's body that may be under way to the server. */
  readonly window: number;
  /** A whole head must have come, counted from its first octet, the first from the connection's beginning; null: for ever. */
  readonly head: TimeLimit | null;
  /** Between two requests. */
  readonly idle: TimeLimit | null;
}

export interface ServerSessionOwner {
  /** A request begins; the answer hears of it. */
  onRequest(half: ServerHalf): HalfSink;
  /** What came is refused; the owner answers on `half`. */
  onRefused(half: ServerHalf, refusal: Refusal, cause: 'malformed' | 'timeout' | 'aborted'): void;
  /** The session is over; every exchange has been told. `reason` is empty for an ordinary end. */
  onEnded(reason: string): void;
}

const NOTHING = new Uint8Array(0);
const CANCEL = 8;

export class Http1ServerSession extends Timer implements ByteSession, ReaderOwner, ServerHalfOwner {
  readonly output: Output;
  readonly #socket: SessionSocket;
  readonly #options: ServerSessionOptions;
  readonly #owner: ServerSessionOwner;
  readonly #reader: MessageReader;
  #half: ServerHalf | null = null;
  #last: Request | null = null;
  #held: Buffer | null = null;
  #paused = false;
  #draining = false;
  #closing = false;
  #ended = false;
  #peerEnded = false;
  #served = false;
  #reason = '';
  /** Octets written for the present half that the socket has not taken. */
  #unsent = 0;
  /** When the present wait began: for a head, or for the next request. */
  #since: number;

  /** @param acceptedAt when the connection began, monotonic milliseconds */
  constructor(socket: SessionSocket, options: ServerSessionOptions, acceptedAt: number, owner: ServerSessionOwner) {
    super();
    this.#socket = socket;
    this.output = socket.output;
    this.#options = options;
    this.#owner = owner;
    this.#since = acceptedAt;
    this.#reader = new MessageReader('request', options.limits, this);
    this.#watch(options.head);
  }

  get keeps(): boolean {
    return this.#options.keepAlive && !this.#draining && (!this.#peerEnded || this.#held !== null);
  }

  // ---- from the socket

  receive(chunk: Uint8Array, start: number, end: number): void {
    if (this.#closing) return;
    if (this.#half === null && this.#served && !this.#reader.midway) this.#since = now();
    const at = this.#read(chunk, start, end);
    if (this.#closing) return;
    this.#watch(this.#limit);
    if (at >= end) return;
    const rest = Buffer.from(chunk.subarray(at, end));
    this.#held = this.#held === null ? rest : Buffer.concat([this.#held, rest]);
    this.#pause();
  }

  /** What our own code throws costs a connection, never the process. */
  #read(chunk: Uint8Array, start: number, end: number): number {
    try {
      return this.#reader.read(chunk, start, end);
    } catch (error) {
      this.abort(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return end;
    }
  }

  socketWritable(): void {
    const half = this.#half;
    const bytes = this.#unsent;
    this.#unsent = 0;
    if (half !== null && bytes > 0) half.sink?.onCredit(half, bytes);
  }

  /** A client that has sent its request may close its side and wait for the answer. */
  socketEnded(): boolean {
    this.#peerEnded = true;
    // What was sent ahead is still to be read.
    if (this.#half === null && this.#held !== null) return true;
    const half = this.#half;
    if (this.#closing || half === null) {
      if (!this.#closing && this.#reader.midway) this.#refuse({ status: 400, reason: 'the client closed its side within a request' }, 'aborted');
      else this.#close('');
    } else if (this.#reader.state === 'open') {
      half.requestEnded = true;
      half.sink?.onData(half, NOTHING, 0, 0, true);
      this.#endedMaybe(half);
    } else if (!half.requestEnded) {
      this.#lose('client closed its side within a request');
    } else {
      half.sink?.onPeerEnded?.(half);
    }
    return true;
  }

  socketClosed(reason: string): void {
    this.#lose(reason);
  }

  // ---- from the reader

  onHead(head: Llhttp): number {
    this.#served = true;
    const request = readRequest(head, this.#options.scheme);
    if (isRefusal(request)) {
      this.#refuse(request, 'malformed');
      return REFUSED;
    }
    this.#last = request;
    return this.#begin(request);
  }

  onHeadAgain(): number {
    return this.#last === null ? REFUSED : this.#begin(this.#last);
  }

  #begin(request: Request): number {
    const half = new ServerHalf(this, request);
    this.#half = half;
    half.requestEnded = request.body === 0 && request.tunnel === '';
    half.sink = this.#owner.onRequest(half);
    half.sink.onHeaders(half, request.fields, half.requestEnded);
    return request.tunnel === '' ? request.body : UNDECIDED;
  }

  onBody(chunk: Uint8Array, start: number, end: number, last: boolean): void {
    const half = this.#half;
    if (half === null) return;
    half.outstanding += end - start;
    if (last) half.requestEnded = true;
    half.sink?.onData(half, chunk, start, end, last);
    if (last) this.#endedMaybe(half);
    else if (half.outstanding >= this.#options.window) this.#pause();
  }

  onTrailers(trailers: FieldList): void {
    const half = this.#half;
    if (half === null) return;
    half.requestEnded = true;
    if (trailers.fields.length > 0) half.sink?.onTrailers(half, trailers);
    else half.sink?.onData(half, NOTHING, 0, 0, true);
    this.#endedMaybe(half);
  }

  onMalformed(refusal: Refusal): void {
    this.#refuse(refusal, 'malformed');
  }

  // ---- from the half

  credited(half: ServerHalf): void {
    if (half === this.#half && this.#held === null && half.outstanding < this.#options.window / 2) this.#resume();
  }

  wrote(half: ServerHalf, bytes: number): void {
    if (this.output.blocked) this.#unsent += bytes;
    else half.sink?.onCredit(half, bytes);
  }

  opened(): void {
    this.#reader.open();
    this.#releaseHeld();
  }

  declined(half: ServerHalf): void {
    half.requestEnded = true;
    half.sink?.onData(half, NOTHING, 0, 0, true);
  }

  responseEnded(half: ServerHalf): void {
    if (this.#reader.state === 'open') this.#socket.shutdown();
    this.#endedMaybe(half);
  }

  broken(half: ServerHalf, orderly: boolean): void {
    half.closed = true;
    if (half === this.#half) this.#half = null;
    if (orderly) this.#close('');
    else this.#cut();
  }

  // ---- from one request to the next

  /** Begins with the next request once both sides of the present one have ended. */
  #endedMaybe(half: ServerHalf): void {
    if (half !== this.#half || !half.responseEnded) return;
    if (!half.requestEnded) {
      // The rest of a request that has been answered is read as long as the connection is to be kept.
      if (half.keepAlive) return;
      queueMicrotask(() => this.#giveUp(half));
      return;
    }
    half.closed = true;
    this.#half = null;
    this.#unsent = 0;
    if (this.#reader.state === 'open' || !half.keepAlive || this.#draining || (this.#peerEnded && this.#held === null)) {
      this.#close('');
      return;
    }
    this.#reader.next();
    this.#since = now();
    this.#watch(this.#options.idle);
    this.#releaseHeld();
  }

  /** The response was the last, and the client goes on with its request: nobody reads it. */
  #giveUp(half: ServerHalf): void {
    if (half.closed) return;
    half.closed = true;
    this.#half = null;
    half.sink?.onReset(half, 0, 'peer');
    this.#close('');
  }

  /** What was held is read in the next turn, so that pipelined requests do not nest, and find the server's connection idle. */
  #releaseHeld(): void {
    const held = this.#held;
    if (held === null) {
      this.#resume();
      return;
    }
    setImmediate(() => {
      if (this.#held !== held || this.#closing) return;
      this.#held = null;
      this.receive(held, 0, held.length);
      if (this.#held !== null) return;
      if (this.#peerEnded && this.#half === null) this.socketEnded();
      else this.#resume();
    });
  }

  /** Nothing more is read: the owner answers, on the present request's half if there is one, and the connection ends. */
  #refuse(refusal: Refusal, cause: 'malformed' | 'timeout' | 'aborted'): void {
    this.#reader.stop();
    this.#reason = refusal.reason;
    const half = this.#half ?? new ServerHalf(this, null);
    half.requestEnded = true;
    half.keepAlive = false;
    this.#half = half;
    this.#owner.onRefused(half, refusal, cause);
    if (!this.#closing) this.#close('');
  }

  // ---- time

  /** Sees to it that the timer fires no later than `limit` allows. It may fire earlier, and finds that there is time left. */
  #watch(limit: TimeLimit | null): void {
    if (limit === null) return;
    const at = this.#since + limit.ms;
    if (this.timerSlot < 0 || this.timerExpiry > at) armTimer(this, at);
  }

  /** The limit of what is waited for, or null: how long an exchange may take is its own affair. */
  get #limit(): TimeLimit | null {
    if (this.#half !== null) return null;
    return this.#reader.midway || !this.#served ? this.#options.head : this.#options.idle;
  }

  override onTimer(): void {
    const limit = this.#limit;
    if (this.#closing || limit === null) return;
    if (now() < this.#since + limit.ms) this.#watch(limit);
    else if (this.#served && !this.#reader.midway) this.#close('');
    else this.#refuse({ status: 408, reason: `no whole request within ${limit.ms} ms (${limit.name})` }, 'timeout');
  }

  // ---- the end

  /** No request after the present one. */
  drain(): void {
    this.#draining = true;
    if (this.#half === null && !this.#reader.midway && this.#held === null) this.#close('');
  }

  /** Ends what runs, now. */
  abort(reason: string): void {
    this.#reason = reason;
    this.#lose(reason);
    this.#socket.destroy();
  }

  /** The client is gone, or as good as. */
  #lose(reason: string): void {
    const half = this.#half;
    this.#half = null;
    if (half !== null) {
      half.closed = true;
      half.sink?.onReset(half, CANCEL, 'connection');
    }
    if (this.#closing) this.#end(reason);
    else this.#cut(reason);
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

  /** Lets what was written leave, and closes. */
  #close(reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#reader.stop();
    this.#held = null;
    this.#resume();
    this.#socket.close();
    this.#end(reason);
  }

  #cut(reason: string = ''): void {
    this.#closing = true;
    this.#reader.stop();
    this.#socket.cut();
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    disarmTimer(this);
    this.#owner.onEnded(this.#reason === '' ? reason : this.#reason);
  }
}
