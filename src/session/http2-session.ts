/**
 * HTTP/2 on a socket: an {@link Http2Connection} with what it does not have by itself, a socket and a clock. The clock watches
 * over, one after another:
 *
 *      handshake ──SETTINGS──▶ live ──drain()──▶ draining ──PING ACK or 1 s──▶ last streams
 *          │                     │                                                   │
 *          └── too late ──▶ closing ◀── idle too long, no answer to PING, error ◀────┘
 */
import type { FieldList } from '../model/fields.ts';
import type { HalfSink } from '../model/exchange.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import type { ByteSession, SessionSocket } from '../transport/session-socket.ts';
import { Http2Connection } from '../h2/connection.ts';
import { CANCEL, CONNECT_ERROR, ENHANCE_YOUR_CALM, NO_ERROR, SETTINGS_TIMEOUT } from '../h2/errors.ts';
import type { ConnectionEvents, Http2Options } from '../h2/options.ts';
import type { Http2Stream } from '../h2/stream.ts';
import type { SessionTimeouts } from './timeouts.ts';

export interface SessionOwner {
  /** Server role: who takes this request? */
  onStream(stream: Http2Stream): HalfSink;
  onStreamClosed(session: Http2Session): void;
  /** Server role: the request's header list is too large; `beginning` is what was kept of it. The owner answers. */
  onTooLarge(stream: Http2Stream, beginning: FieldList, endStream: boolean): void;
  /** The peer did what honest ones do rarely. */
  onGlitch(): void;
  onReady(session: Http2Session): void;
  /** The connection takes no new streams, or is gone; called at least once before {@link onEnded}. */
  onGoAway(session: Http2Session, code: number, debug: string): void;
  /** The peer broke a rule, on one stream or, with `fatal`, on the connection. */
  onProtocolError(session: Http2Session, code: number, reason: string, fatal: boolean): void;
  /** The session is over; every stream has been told. `reason` is empty for an orderly end. */
  onEnded(session: Http2Session, reason: string): void;
}

type Phase = 'handshake' | 'live' | 'draining' | 'last streams' | 'closing' | 'ended';

/** How long after the first GOAWAY the final one follows if the PING in between is not answered (RFC 9113 §6.8). */
const DRAIN_STEP_MS = 1000;

export class Http2Session extends Timer implements ByteSession, ConnectionEvents {
  readonly connection: Http2Connection;
  readonly socket: SessionSocket;
  phase: Phase = 'handshake';
  readonly #owner: SessionOwner;
  readonly #timeouts: SessionTimeouts;
  readonly #startedAt: number;
  #lastReadAt: number;
  #idleSince: number;
  #pinged = false;
  /** Server role: a stream was opened. */
  #served = false;
  #reason = '';
  #drainText = '';

  constructor(socket: SessionSocket, options: Http2Options, timeouts: SessionTimeouts, owner: SessionOwner) {
    super();
    this.socket = socket;
    this.#owner = owner;
    this.#timeouts = timeouts;
    this.#startedAt = this.#lastReadAt = this.#idleSince = now();
    this.connection = new Http2Connection(socket.output, options, this);
    armTimer(this, now() + timeouts.handshake.ms);
  }

  // ---- from the socket

  receive(chunk: Uint8Array, start: number, end: number): void {
    // Our side is closed: there is nothing left to say.
    if (this.phase === 'closing') return;
    this.#lastReadAt = now();
    if (this.#pinged) this.#onSignOfLife();
    this.connection.receive(chunk, start, end);
    if (this.connection.headerBlock.streamId !== 0) this.#awaitHeaders();
  }

  socketWritable(): void {
    this.connection.sender.pump();
  }

  socketClosed(reason: string): void {
    this.connection.lost(this.phase === 'handshake' ? CONNECT_ERROR : CANCEL);
    this.#end(this.#reason === '' ? reason : this.#reason);
  }

  // ---- from the connection

  onStream(stream: Http2Stream): HalfSink {
    this.#served = true;
    return this.#owner.onStream(stream);
  }

  onStreamClosed(): void {
    if (this.connection.streamCount === 0) this.#idleSince = now();
    this.#owner.onStreamClosed(this);
  }

  onTooLarge(stream: Http2Stream, beginning: FieldList, endStream: boolean): void {
    this.#owner.onTooLarge(stream, beginning, endStream);
  }

  onGlitch(): void {
    this.#owner.onGlitch();
  }

  onRecycle(reason: string, odd: boolean): void {
    if (this.phase !== 'live') return;
    this.drain(reason, odd ? reason : '');
    if (odd) this.#owner.onProtocolError(this, ENHANCE_YOUR_CALM, reason, false);
  }

  onReady(): void {
    if (this.phase !== 'handshake') return;
    this.phase = 'live';
    disarmTimer(this);
    this.#armLive();
    this.#owner.onReady(this);
  }

  onGoAway(_lastStreamId: number, code: number, debug: string): void {
    this.#owner.onGoAway(this, code, debug);
  }

  onHeld(): void {
    this.socket.pause();
    setImmediate(this.#goOn);
  }

  readonly #goOn = (): void => {
    if (this.phase === 'ended') return;
    if (this.phase === 'closing' || this.connection.resume()) this.socket.resume();
  };

  onPingAck(): void {
    if (this.phase === 'draining') this.#finishDrain();
  }

  onStreamError(streamId: number, code: number, reason: string): void {
    this.#owner.onProtocolError(this, code, `stream ${streamId}: ${reason}`, false);
  }

  onConnectionError(code: number, reason: string): void {
    this.#reason = reason;
    this.#owner.onProtocolError(this, code, reason, true);
    this.#close();
  }

  onDrained(): void {
    this.#close();
  }

  // ---- orders

  /**
   * Lets the streams under way finish and takes no new ones: GOAWAY(2^31-1), then after a round trip the real last stream, so
   * that no stream that crossed the first GOAWAY is lost.
   *
   * @param text what the peer is told
   * @param reason what {@link SessionOwner.onEnded} is told; empty when it is nothing special
   */
  drain(text: string, reason: string = ''): void {
    if (this.phase === 'handshake') {
      this.#close();
      return;
    }
    if (this.phase !== 'live') return;
    this.phase = 'draining';
    this.#drainText = text;
    this.#reason = reason;
    this.connection.announceDrain(text);
    disarmTimer(this);
    armTimer(this, now() + DRAIN_STEP_MS);
  }

  /** Ends every stream now and closes. */
  abort(code: number, reason: string): void {
    if (this.phase === 'ended') return;
    this.#reason = reason;
    this.connection.fail(code, reason);
    this.#close();
  }

  override onTimer(): void {
    const { handshake } = this.#timeouts;
    switch (this.phase) {
      case 'handshake':
        this.abort(SETTINGS_TIMEOUT, `no HTTP/2 SETTINGS within ${handshake.ms} ms (${handshake.name})`);
        return;
      case 'live':
        this.#checkLive();
        return;
      case 'draining':
        this.#finishDrain();
        return;
      case 'last streams':
        this.#checkLive();
        return;
      case 'closing':
      case 'ended':
        return;
    }
  }

  #finishDrain(): void {
    this.phase = 'last streams';
    this.connection.finishDrain(this.#drainText);
    if (this.phase === 'last streams') {
      disarmTimer(this);
      this.#armLive();
    }
  }

  /** The peer is there: the next question comes when it has been quiet for as long again. */
  #onSignOfLife(): void {
    this.#pinged = false;
    if (this.phase !== 'live' && this.phase !== 'last streams') return;
    disarmTimer(this);
    this.#armLive();
  }

  #armLive(): void {
    const { handshake, firstStream, idle, ping, acknowledges } = this.#timeouts;
    const ms = Math.min(
      firstStream?.ms ?? Infinity, idle?.ms ?? Infinity, ping.afterMs ?? Infinity, acknowledges ? handshake.ms : Infinity,
    );
    if (ms < Infinity) armTimer(this, now() + ms);
  }

  /** A quiet connection is asked whether the peer is there; a connection without streams ends when it has been idle for long enough. */
  #checkLive(): void {
    const { ping, firstStream } = this.#timeouts;
    const time = now();
    if (this.#pinged) {
      this.abort(NO_ERROR, `idle-ping: no answer to PING within ${ping.timeoutMs} ms`);
      return;
    }
    const headersBy = this.#headersBy();
    if (time >= headersBy) {
      this.abort(ENHANCE_YOUR_CALM, `a header block is not complete after ${firstStream?.ms ?? 0} ms (${firstStream?.name ?? ''})`);
      return;
    }
    const acknowledgedBy = this.#acknowledgedBy();
    if (time >= acknowledgedBy) {
      const { handshake } = this.#timeouts;
      this.abort(SETTINGS_TIMEOUT, `SETTINGS not acknowledged within ${handshake.ms} ms (${handshake.name}, RFC 9113 §6.5.3)`);
      return;
    }
    const empty = this.connection.streamCount === 0;
    const idle = this.#served ? this.#timeouts.idle : this.#timeouts.firstStream;
    if (empty && idle !== null && time >= this.#idleSince + idle.ms) {
      this.drain('max_idle', `${idle.name}: no stream for ${idle.ms} ms`);
      return;
    }
    let due = Math.min(idle === null ? Infinity : (empty ? this.#idleSince : time) + idle.ms, acknowledgedBy, headersBy);
    if (ping.afterMs !== null) {
      const asked = !empty || ping.always;
      if (asked && time >= this.#lastReadAt + ping.afterMs) {
        this.#pinged = true;
        this.connection.ping();
        due = time + ping.timeoutMs;
      } else {
        due = Math.min(due, (asked ? this.#lastReadAt : time) + ping.afterMs);
      }
    }
    if (due < Infinity) armTimer(this, due);
  }

  /** A request's header that comes in pieces has as long as the first of a connection. */
  #awaitHeaders(): void {
    const due = this.#headersBy();
    if (due < Infinity && (this.phase === 'live' || this.phase === 'last streams')) armTimer(this, this.timerExpiry === 0 ? due : Math.min(due, this.timerExpiry));
  }

  #headersBy(): number {
    const { headerBlock } = this.connection;
    const { firstStream } = this.#timeouts;
    return firstStream === null || headerBlock.streamId === 0 ? Infinity : headerBlock.since + firstStream.ms;
  }

  #acknowledgedBy(): number {
    const { acknowledges, handshake } = this.#timeouts;
    return acknowledges && !this.connection.settingsAcknowledged ? this.#startedAt + handshake.ms : Infinity;
  }

  #close(): void {
    if (this.phase === 'closing' || this.phase === 'ended') return;
    this.phase = 'closing';
    disarmTimer(this);
    this.socket.close();
  }

  #end(reason: string): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    disarmTimer(this);
    this.#owner.onEnded(this, reason);
  }
}
