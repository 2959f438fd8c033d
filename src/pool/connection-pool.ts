/**
 * The HTTP/2 connections to one server's port. Streams share as few connections as the server's SETTINGS allow; another is dialled
 * when they are full, or when the server said GOAWAY.
 */
import type { Socket } from 'node:net';
import type { HalfSink, StreamOpener } from '../model/exchange.ts';
import type { RequestFacts } from '../model/fields.ts';
import type { SniSource } from '../config/tls-settings.ts';
import type { Http2Options } from '../h2/options.ts';
import { CANCEL } from '../h2/errors.ts';
import { Http2Session, type SessionOwner } from '../session/http2-session.ts';
import type { SessionTimeouts } from '../session/timeouts.ts';
import { serverFailure } from '../tls/failures.ts';
import { SessionSocket } from '../transport/session-socket.ts';
import type { ClientReuse } from './client-reuse.ts';
import type { Dial } from './dial.ts';

/** Connections to one server's port at most: streams beyond what they carry wait. */
const MAX_CONNECTIONS = 64;
/** Streams that a connection is expected to carry before its server has said how many (RFC 9113 §6.5.2 asks for no fewer than 100). */
const EXPECTED_STREAMS = 100;
const REMOVED = 'server removed';

/** A stream that needs a connection to the server. */
export interface StreamSeeker extends SniSource {
  /** Null until the request's header has come. */
  readonly request: RequestFacts | null;
  /** HTTP/1: what its client's connection has to do with the choice. */
  readonly reuse: ClientReuse;
  /** How often it was sent again. */
  readonly retries: number;
  /** Of a stream under rules. */
  readonly evaluation: NonNullable<SniSource['evaluation']> | null;
  /** Open the stream on it now. */
  onConnection(connection: StreamOpener, wire: Socket): void;
  onConnectFailed(reason: string): void;
}

/** What the pool tells its server. */
export interface PoolOwner {
  readonly name: string;
  onConnected(): void;
  onDisconnected(): void;
  onDialFailed(reason: string): void;
  /** The server said GOAWAY, or closed a connection: it may be about to go. */
  onGoAway(code: number, debug: string): void;
  onProtocolError(code: number, reason: string): void;
  onGlitch(): void;
}

export class ConnectionPool implements SessionOwner {
  readonly #dial: Dial;
  readonly #options: Http2Options;
  readonly #timeouts: SessionTimeouts;
  readonly #owner: PoolOwner;
  readonly #onEmpty: (() => void) | null;
  /** Connections that were ready once; those that drain stay until their streams have ended. */
  readonly #sessions: Http2Session[] = [];
  readonly #dialling = new Set<Http2Session>();
  readonly #waiting = new Set<StreamSeeker>();
  #closed = false;

  /** @param onEmpty called whenever there is neither a connection nor anybody who waits for one */
  constructor(dial: Dial, options: Http2Options, timeouts: SessionTimeouts, owner: PoolOwner, onEmpty: (() => void) | null = null) {
    this.#dial = dial;
    this.#onEmpty = onEmpty;
    this.#options = options;
    this.#timeouts = timeouts;
    this.#owner = owner;
  }

  /** Answers by one of the seeker's methods, at once where a connection is at hand. */
  acquire(seeker: StreamSeeker): void {
    const session = this.#available();
    if (session !== null) {
      seeker.onConnection(session.connection, session.socket.socket);
      return;
    }
    if (this.#closed) {
      seeker.onConnectFailed(REMOVED);
      return;
    }
    this.#waiting.add(seeker);
    this.#dialAsNeeded();
  }

  /** The seeker no longer needs a connection. */
  abandon(seeker: StreamSeeker): void {
    this.#waiting.delete(seeker);
  }

  /** Lets running streams end and closes; no new stream is opened on what there is. */
  drain(): void {
    this.#closed = true;
    for (const session of [...this.#sessions, ...this.#dialling]) session.drain(REMOVED);
    this.#failAll(REMOVED);
  }

  /** Closes everything now. */
  destroy(): void {
    this.#closed = true;
    for (const session of [...this.#sessions, ...this.#dialling]) session.abort(CANCEL, 'shutting down');
  }

  /** Cuts off what runs; new streams get new connections. */
  endSessions(cause: string): void {
    for (const session of [...this.#sessions]) session.abort(CANCEL, cause);
  }

  #available(): Http2Session | null {
    for (let i = 0; i < this.#sessions.length; i++) {
      const session = this.#sessions[i] as Http2Session;
      if (session.connection.capacity > 0) return session;
    }
    return null;
  }

  #dialAsNeeded(): void {
    while (
      this.#waiting.size > this.#dialling.size * EXPECTED_STREAMS && this.#sessions.length + this.#dialling.size < MAX_CONNECTIONS && !this.#closed
    ) {
      const socket = new SessionSocket(this.#dial());
      const session = new Http2Session(
        socket,
        this.#options,
        this.#timeouts,
        this,
      );
      this.#dialling.add(session);
      socket.start(session, null);
    }
  }

  onReady(session: Http2Session): void {
    this.#dialling.delete(session);
    this.#sessions.push(session);
    this.#owner.onConnected();
    this.#serve();
  }

  onStreamClosed(): void {
    if (this.#waiting.size > 0) this.#serve();
  }

  #serve(): void {
    for (const seeker of this.#waiting) {
      const session = this.#available();
      if (session === null) break;
      this.#waiting.delete(seeker);
      seeker.onConnection(session.connection, session.socket.socket);
    }
    this.#dialAsNeeded();
  }

  onStream(): HalfSink {
    throw new Error('a server opened a stream');
  }

  onTooLarge(): void {
    throw new Error('a server sent a request');
  }

  onGlitch(): void {
    this.#owner.onGlitch();
  }

  onGoAway(_session: Http2Session, code: number, debug: string): void {
    this.#owner.onGoAway(code, debug);
  }

  /** A connection that failed is of no use from now on, though its socket may linger until the server closes it. */
  onProtocolError(session: Http2Session, code: number, reason: string, fatal: boolean): void {
    this.#owner.onProtocolError(code, reason);
    if (fatal) this.onEnded(session, reason);
  }

  onEnded(session: Http2Session, reason: string): void {
    const index = this.#sessions.indexOf(session);
    if (index >= 0) {
      this.#sessions.splice(index, 1);
      this.#owner.onDisconnected();
      if (!session.connection.draining) this.#owner.onGoAway(0, reason === '' ? 'connection closed' : reason);
      if (this.#waiting.size > 0) this.#dialAsNeeded();
      this.#reportEmpty();
      return;
    }
    if (!this.#dialling.delete(session)) return;
    const text = describeFailure(reason);
    if (!this.#closed) this.#owner.onDialFailed(text);
    if (this.#dialling.size > 0 || this.#available() !== null) return;
    this.#failAll(text);
    this.#reportEmpty();
  }

  #failAll(reason: string): void {
    const failed = [...this.#waiting];
    this.#waiting.clear();
    for (const seeker of failed) seeker.onConnectFailed(reason);
  }

  #reportEmpty(): void {
    if (this.#sessions.length + this.#dialling.size + this.#waiting.size === 0) this.#onEmpty?.();
  }
}

export function describeFailure(reason: string): string {
  switch (reason) {
    case '':
      return 'connection closed before HTTP/2 SETTINGS';
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
      return 'host name not found';
    case 'ENOENT':
      return 'no such socket';
    default:
      return serverFailure(reason) ?? reason;
  }
}
