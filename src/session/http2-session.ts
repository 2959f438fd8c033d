/**
 * HTTP/2 on a socket: an {@link Http2Connection} with what it does not have by itself, a socket and a clock. The clock watches
 * over, one after another:
 *
 *      handshake ──SETTINGS──▶ live ──drain()──▶ draining ──PING ACK or 1 s──▶ last streams
 *          │                     │                                                   │
 *          └── too late ──▶ closing ◀── idle too long, no answer to PING, error ◀────┘
 */
import type { HalfSink } from '../model/exchange.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import type { ByteSession, SessionSocket } from '../transport/session-socket.ts';
import { Http2Connection } from '../h2/connection.ts';
import { CANCEL, CONNECT_ERROR, NO_ERROR, SETTINGS_TIMEOUT } from '../h2/errors.ts';
import type { ConnectionEvents, Http2Options } from '../h2/options.ts';
import type { Http2Stream } from '../h2/stream.ts';

/** Milliseconds; see the fields. */
export interface SessionTimeouts {
  /** Until the peer's SETTINGS have come. */
  readonly handshakeMs: number;
  /** A connection without streams is closed after this; null: never. */
  readonly idleMs: number | null;
  /** With streams open and nothing read for this long, the peer is asked by PING whether it is there. */
  readonly pingAfterMs: number;
  /** How long the answer may take. */
  readonly pingTimeoutMs: number;
}

export interface SessionOwner {
  /** Server role: who takes this request? */
  onStream(stream: Http2Stream): HalfSink;
  onStreamClosed(session: Http2Session): void;
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
  #lastReadAt: number;
  #idleSince: number;
  #pinged = false;
  #reason = '';
  #drainText = '';

  constructor(socket: SessionSocket, options: Http2Options, timeouts: SessionTimeouts, owner: SessionOwner) {
    super();
    this.socket = socket;
    this.#owner = owner;
    this.#timeouts = timeouts;
    this.#lastReadAt = this.#idleSince = now();
    this.connection = new Http2Connection(socket.output, options, this);
    armTimer(this, now() + timeouts.handshakeMs);
  }

  // ---- from the socket

  receive(chunk: Uint8Array, start: number, end: number): void {
    this.#lastReadAt = now();
    this.#pinged = false;
    this.connection.receive(chunk, start, end);
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
    return this.#owner.onStream(stream);
  }

  onStreamClosed(): void {
    if (this.connection.streamCount === 0) this.#idleSince = now();
    this.#owner.onStreamClosed(this);
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
   */
  drain(text: string): void {
    if (this.phase === 'handshake') {
      this.#close();
      return;
    }
    if (this.phase !== 'live') return;
    this.phase = 'draining';
    this.#drainText = text;
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
    switch (this.phase) {
      case 'handshake':
        this.abort(SETTINGS_TIMEOUT, `no HTTP/2 SETTINGS within ${this.#timeouts.handshakeMs} ms`);
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

  #armLive(): void {
    const { idleMs, pingAfterMs } = this.#timeouts;
    armTimer(this, now() + (idleMs === null ? pingAfterMs : Math.min(idleMs, pingAfterMs)));
  }

  /** A quiet connection is asked whether the peer is there; a connection without streams ends when it has been idle for long enough. */
  #checkLive(): void {
    const { idleMs, pingAfterMs, pingTimeoutMs } = this.#timeouts;
    const time = now();
    if (this.#pinged) {
      this.abort(NO_ERROR, `no answer to PING within ${pingTimeoutMs} ms`);
      return;
    }
    if (this.connection.streamCount === 0) {
      if (idleMs !== null && time - this.#idleSince >= idleMs) {
        this.drain('idle');
        return;
      }
      armTimer(this, idleMs === null ? time + pingAfterMs : Math.min(this.#idleSince + idleMs, time + pingAfterMs));
      return;
    }
    if (time - this.#lastReadAt >= pingAfterMs) {
      this.#pinged = true;
      this.connection.ping();
      armTimer(this, time + pingTimeoutMs);
    } else {
      armTimer(this, this.#lastReadAt + pingAfterMs);
    }
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
