/**
 * What a client speaks, by its first bytes. It looks at what has come and takes nothing away. A client that stays silent may wait for
 * the server to speak: in mode auto a server is dialled meanwhile, and when the time is up the connection is raw TCP.
 */
import type { Socket } from 'node:net';
import { beginsRequest, detect } from '../detect/detect.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';

/** How long a silent client is waited for before a server is dialled in case it speaks first, milliseconds. */
const DIAL_AHEAD_MS = 50;

export interface DetectionOptions {
  readonly mode: 'auto' | 'http';
  /** When the client's first bytes could come, monotonic milliseconds. */
  readonly readyAt: number;
  /** How long a silent client is waited for, milliseconds. */
  readonly limitMs: number;
}

export interface DetectionEvents {
  /** `seen`: what was read, or null. */
  decided(protocol: 'h1' | 'h2' | 'raw', seen: Buffer | null): void;
  /** The client went before it was clear. */
  gone(): void;
  /** The client stays silent; true when a server is dialled now. */
  silent(): boolean;
  /** The time is up. */
  timedOut(): void;
}

export class Detection extends Timer {
  readonly #socket: Socket;
  readonly #options: DetectionOptions;
  readonly #events: DetectionEvents;
  #seen: Buffer | null = null;
  #asked = false;
  #dialled = false;
  #over = false;

  constructor(socket: Socket, options: DetectionOptions, events: DetectionEvents) {
    super();
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
  }

  /** `first`: what was read already, or null. */
  start(first: Buffer | null): void {
    const socket = this.#socket;
    const { mode, readyAt, limitMs } = this.#options;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
    armTimer(this, readyAt + (mode === 'auto' ? Math.min(DIAL_AHEAD_MS, limitMs) : limitMs));
    if (first !== null) this.#onData(first);
    if (!this.#over) socket.resume();
  }

  /** Ends it without a decision; gives what was read. */
  stop(): Buffer | null {
    this.#over = true;
    disarmTimer(this);
    const socket = this.#socket;
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    return this.#seen;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#seen = this.#seen === null ? chunk : Buffer.concat([this.#seen, chunk]);
    const verdict = detect(this.#seen);
    if (verdict === 'more') return;
    // In mode http what is no HTTP is answered as a bad request.
    const protocol = verdict === 'h2' ? 'h2' : verdict === 'h1' || this.#options.mode === 'http' ? 'h1' : 'raw';
    this.#events.decided(protocol, this.stop());
  };

  override onTimer(): void {
    const { mode, readyAt, limitMs } = this.#options;
    const due = readyAt + limitMs;
    if (mode === 'http') this.#events.decided('h1', this.stop());
    else if (now() >= due) {
      const seen = this.stop();
      this.#events.timedOut();
      this.#events.decided(seen !== null && beginsRequest(seen) ? 'h1' : 'raw', seen);
    } else {
      if (this.#seen === null && !this.#asked) {
        this.#asked = true;
        this.#dialled = this.#events.silent();
      }
      if (!this.#over) armTimer(this, due);
    }
  }

  /** The client closed its side before it was clear what it speaks: raw, so that a half-closed client gets its answer. */
  readonly #onEnd = (): void => {
    const seen = this.stop();
    if (this.#options.mode === 'http' || (seen === null && !this.#dialled)) this.#events.gone();
    else this.#events.decided('raw', seen);
  };

  readonly #onClose = (): void => {
    this.stop();
    this.#events.gone();
  };
}

function ignore(): void {}
