/**
 * A stream on its server: what has passed in each direction, and the stream's one timer. On the way to a server the timer is
 * placement.ts's; then it looks after whose turn it is, and always after the caller's deadline. It is armed when somebody owes
 * something, and looked at again when patience with either side may end.
 */
import type { RequestFacts } from '../model/fields.ts';
import { now } from '../time/clock.ts';
import { armTimer } from '../time/wheel.ts';
import type { MessageCounter } from '../grpc/message-counter.ts';
import { Placement } from './placement.ts';
import { describeSilence, whoseTurn, type Party, type StreamState } from './whose-turn.ts';

export abstract class StreamProgress extends Placement implements StreamState {
  abstract readonly request: RequestFacts | null;
  grpc = false;
  httpStatus = -1;
  requestEnded = false;
  responseEnded = false;
  /** `http-request set-timeout server`; null: as the backend has it. */
  serverTimeoutMs: number | null = null;
  /** `http-request set-timeout tunnel`; null: as the backend has it. */
  tunnelTimeoutMs: number | null = null;
  /** Body octets from the client and from the server. */
  bytesIn = 0;
  bytesOut = 0;
  /** How many of them the present server's connection, and the client's, took. */
  protected taken = 0;
  protected delivered = 0;
  protected countIn: MessageCounter | null = null;
  protected countOut: MessageCounter | null = null;
  /** When something last came or left, monotonic milliseconds. */
  protected lastActivity = 0;
  /** The timer looks after whose turn it is. */
  protected watched = false;

  /** `timeout client`, milliseconds; null: none. */
  protected abstract readonly clientTimeoutMs: number | null;
  protected abstract deadlinePassed(): void;
  /** `party` had its time; `message` says so. */
  protected abstract timedOut(party: Party, message: string): void;

  /** Of raw connections alone. */
  override get firstBytes(): null {
    return null;
  }

  get messagesIn(): number {
    return this.countIn === null ? 0 : this.countIn.messages;
  }

  get messagesOut(): number {
    return this.countOut === null ? 0 : this.countOut.messages;
  }

  get requestPartial(): boolean {
    return this.countIn !== null && this.countIn.partial;
  }

  get responsePartial(): boolean {
    return this.countOut !== null && this.countOut.partial;
  }

  get heldForClient(): number {
    return this.bytesOut - this.delivered;
  }

  get heldForServer(): number {
    return this.bytesIn - this.taken;
  }

  get tunnel(): boolean {
    return this.request?.method === 'CONNECT' && this.httpStatus >= 200 && this.httpStatus < 300;
  }

  override onTimer(): void {
    const { backend } = this;
    if (this.phase === 'ended') return;
    if (backend === null) this.timedOut('client', `timeout client: no complete request within ${this.clientTimeoutMs ?? 0} ms`);
    else if (this.deadline > 0 && now() >= this.deadline) this.deadlinePassed();
    else if (this.phase === 'forwarding') this.beginWatch();
    else this.placementTimer(backend);
  }

  /** The stream is on its server. */
  protected beginWatch(): void {
    this.watched = false;
    if (this.deadline > 0) armTimer(this, this.deadline);
    this.watch();
  }

  /** Arms the timer if somebody owes something. Called when bytes have passed and the timer does not watch. */
  protected watch(): void {
    const party = whoseTurn(this);
    if (party === null) return;
    const tunnelMs = this.#tunnelMs;
    const client = tunnelMs ?? this.clientTimeoutMs ?? Infinity;
    const server = tunnelMs ?? this.serverTimeoutMs ?? this.backend?.settings.serverTimeoutMs ?? Infinity;
    const ms = party === 'client' ? client : server;
    const time = now();
    const due = this.lastActivity + ms;
    if (time >= due) {
      const held = party === 'client' ? this.heldForClient : this.heldForServer;
      const name = tunnelMs === null ? `timeout ${party}` : 'timeout tunnel';
      this.timedOut(party, describeSilence(party, { ms, name }, held, this.serverName));
      return;
    }
    // The turn may pass to the other side unnoticed.
    const next = Math.min(due, time + Math.min(client, server));
    if (next === Infinity) return;
    this.watched = true;
    this.arm(next);
  }

  /** `timeout tunnel` in place of both others; null: they hold. */
  get #tunnelMs(): number | null {
    return this.tunnel ? (this.tunnelTimeoutMs ?? this.backend?.settings.tunnelTimeoutMs ?? null) : null;
  }
}
