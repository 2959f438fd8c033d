/**
 * The HTTP/1 connections to one server's port. Each carries one request at a time; those between two requests are idle, and who may
 * use an idle one is what `http-reuse` says (HAProxy manual 4.2): whoever sends the first request of a client's connection cannot
 * count on the client to send it again if the server is just closing.
 */
import type { HttpReuse } from '../config/http-settings.ts';
import { Http1ClientSession, type ClientSessionOptions, type ClientSessionOwner } from '../h1/client-session.ts';
import { SessionSocket } from '../transport/session-socket.ts';
import type { Dial } from './dial.ts';
import type { ClientReuse } from './client-reuse.ts';
import { describeFailure, type PoolOwner, type StreamSeeker } from './connection-pool.ts';

/** Idle connections that are kept, of one pool. */
const MAX_IDLE = 1024;
const PROTOCOL_ERROR = 1;

export interface Http1PoolOptions extends ClientSessionOptions {
  readonly reuse: HttpReuse;
  /** False: each connection carries one request (option httpclose, http-server-close). */
  readonly keepAlive: boolean;
  /** The request does not say so, though the connection is closed behind it (option http-pretend-keepalive). */
  readonly pretendKeepAlive: boolean;
}

/** How many idle connections a server's pools may keep together, and how many they do. */
export interface IdleRoom {
  readonly most: number;
  now: number;
}

export class Http1Pool implements ClientSessionOwner {
  readonly #newSocket: Dial;
  readonly #options: Http1PoolOptions;
  readonly #owner: PoolOwner;
  /** The one that was used last is at the end, and is used first. */
  readonly #idle: Http1ClientSession[] = [];
  /** For whom each connection was dialled, or who uses or used it last. */
  readonly #users = new Map<Http1ClientSession, ClientReuse>();
  readonly #waiting = new Map<Http1ClientSession, StreamSeeker>();
  readonly #onEmpty: (() => void) | null;
  readonly #room: IdleRoom;
  #closed = false;

  /** @param onEmpty called whenever there is neither a connection nor anybody who waits for one */
  constructor(dial: Dial, options: Http1PoolOptions, owner: PoolOwner, onEmpty: (() => void) | null, room: IdleRoom) {
    this.#room = room;
    this.#onEmpty = onEmpty;
    this.#newSocket = dial;
    this.#options = options;
    this.#owner = owner;
  }

  /** Answers by one of the seeker's methods, at once where a connection is at hand. */
  acquire(seeker: StreamSeeker): void {
    const { reuse } = seeker;
    const session = this.#choose(reuse, seeker.retries > 0);
    reuse.requests++;
    if (session === null) this.#dial(seeker);
    else this.#hand(session, seeker);
  }

  abandon(seeker: StreamSeeker): void {
    for (const [session, waiter] of this.#waiting) {
      if (waiter !== seeker) continue;
      this.#waiting.delete(session);
      session.abort('');
      return;
    }
  }

  /** @param again the request was on a connection that was lost: it gets a new one */
  #choose(client: ClientReuse, again: boolean): Http1ClientSession | null {
    if (again || this.#idle.length === 0) return null;
    const { kept } = client;
    if (kept !== null && kept.state === 'idle') {
      const index = this.#idle.lastIndexOf(kept);
      if (index >= 0) return this.#take(index);
    }
    const first = client.requests === 0;
    switch (this.#options.reuse) {
      case 'never':
        return null;
      case 'safe':
        return first ? null : this.#take(this.#idle.length - 1);
      case 'aggressive':
        return this.#take(first ? this.#idle.findLastIndex(({ requests }) => requests > 1) : this.#idle.length - 1);
      case 'always':
        return this.#take(this.#idle.length - 1);
    }
  }

  #take(index: number): Http1ClientSession | null {
    const session = this.#idle[index];
    if (session === undefined) return null;
    this.#remove(index);
    return session;
  }

  #remove(index: number): void {
    if (index === this.#idle.length - 1) this.#idle.pop();
    else this.#idle.splice(index, 1);
    this.#room.now--;
  }

  #hand(session: Http1ClientSession, seeker: StreamSeeker): void {
    this.#users.set(session, seeker.reuse);
    seeker.reuse.kept = session;
    session.keepAlive = this.#options.keepAlive && !seeker.reuse.closesServers;
    session.exclusive = this.#options.reuse === 'never';
    session.saysClose = !session.keepAlive && !this.#options.pretendKeepAlive;
    seeker.onConnection(session, session.wire);
  }

  #dial(seeker: StreamSeeker): void {
    const socket = new SessionSocket(this.#newSocket());
    const session = new Http1ClientSession(socket, this.#options, this);
    this.#waiting.set(session, seeker);
    socket.start(session, null);
  }

  onConnected(session: Http1ClientSession): void {
    this.#owner.onConnected();
    const seeker = this.#waiting.get(session);
    if (seeker === undefined) return;
    this.#waiting.delete(session);
    this.#hand(session, seeker);
  }

  onIdle(session: Http1ClientSession): void {
    const user = this.#users.get(session);
    const orphaned = this.#options.reuse === 'never' && (user === undefined || user.gone || user.kept !== session);
    if (this.#closed || orphaned || this.#idle.length >= MAX_IDLE || this.#noRoom) {
      session.close('');
      return;
    }
    this.#idle.push(session);
    this.#room.now++;
    session.rest();
  }

  /** As in HAProxy, what belongs to one client alone counts for no limit of the pool (manual 5.2, "pool-max-conn"). */
  get #noRoom(): boolean {
    return this.#options.reuse !== 'never' && this.#room.now >= this.#room.most;
  }

  onProtocolError(reason: string): void {
    this.#owner.onProtocolError(PROTOCOL_ERROR, reason);
  }

  onEnded(session: Http1ClientSession, reason: string): void {
    this.#users.delete(session);
    const index = this.#idle.indexOf(session);
    if (index >= 0) this.#remove(index);
    const seeker = this.#waiting.get(session);
    this.#waiting.delete(session);
    if (session.connected) this.#owner.onDisconnected();
    if (this.#users.size + this.#waiting.size === 0) this.#onEmpty?.();
    if (session.connected || seeker === undefined) return;
    const text = reason === '' ? 'connection closed' : describeFailure(reason);
    if (!this.#closed) this.#owner.onDialFailed(text);
    seeker.onConnectFailed(text);
  }

  /** Lets running requests end; no other is sent on what there is. */
  drain(): void {
    this.#closed = true;
    for (const session of this.#idle.slice()) session.close('');
  }

  /** Cuts off what runs. */
  endSessions(cause: string): void {
    for (const session of [...this.#users.keys()]) session.abort(cause);
  }

  destroy(): void {
    this.#closed = true;
    for (const session of [...this.#idle, ...this.#users.keys(), ...this.#waiting.keys()]) session.abort('shutting down');
  }
}
