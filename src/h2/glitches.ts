/**
 * What a peer does that honest ones do rarely, counted for each connection and forgotten with time: HAProxy's glitches (its manual
 * 3.2, tune.h2.fe.glitches-threshold). At three quarters of the threshold the connection is drained, so that an odd but honest peer
 * goes on with another one; at the threshold it ends.
 *
 * - A rule broken on a stream is a glitch. So is a stream that the peer makes us reset (CVE-2025-8671).
 * - Frames that carry nothing (PING, SETTINGS, WINDOW_UPDATE, PRIORITY, empty DATA …) become glitches when there are more of them
 *   than what was sent to the peer explains: one is free for every seven octets, so that a peer may give credit for each of the
 *   smallest DATA frames on the stream and on the connection, and some hundred in any case.
 * - Ten cancelled streams are one glitch: callers do cancel, all at once when a deadline passes (CVE-2023-44487).
 *
 * Only rare frames lead here, so the way of DATA and of calls costs nothing.
 */
import { now } from '../time/clock.ts';
import { ConnectionError, ENHANCE_YOUR_CALM } from './errors.ts';
import type { Http2Options } from './options.ts';

/** In how long a connection that was at its threshold is forgiven everything, milliseconds. */
const FORGET_MS = 10_000;
const DRAIN_AT = 0.75;
const RESETS_PER_GLITCH = 10;
const FREE_FRAMES = 128;
const OCTETS_PER_FRAME = 7;
/** Free frames that a connection can gather: as many as come at once after much was sent. */
const MOST_FREE_FRAMES = 8192;

export interface GlitchEvents {
  onGlitch(): void;
  /** The connection should take no new streams and end when those under way have. */
  onRecycle(reason: string, odd: boolean): void;
}

export class Glitches {
  readonly #options: Http2Options;
  readonly #events: GlitchEvents;
  readonly #output: { readonly total: number };
  #count = 0;
  #countedAt = 0;
  #recycled = false;
  #resets = 0;
  #freeFrames = FREE_FRAMES;
  /** Octets sent that have become free frames. */
  #spent = 0;

  /** @param output its `total`: octets sent, ever */
  constructor(output: { readonly total: number }, options: Http2Options, events: GlitchEvents) {
    this.#output = output;
    this.#options = options;
    this.#events = events;
  }

  /** A frame that carries nothing. @param cost of more work than a WINDOW_UPDATE: above 1 @throws ConnectionError */
  frame(what: string, cost = 1): void {
    this.#freeFrames -= cost;
    if (this.#freeFrames < 0) this.#charge(what);
  }

  #charge(what: string): void {
    const { total } = this.#output;
    this.#freeFrames = Math.min(this.#freeFrames + Math.floor((total - this.#spent) / OCTETS_PER_FRAME), MOST_FREE_FRAMES);
    this.#spent = total;
    if (this.#freeFrames >= 0) return;
    this.#freeFrames = 0;
    this.add(what);
  }

  /** The peer cancelled a stream. @throws ConnectionError */
  reset(what: string): void {
    if (++this.#resets % RESETS_PER_GLITCH === 0) this.add(what);
  }

  /** @throws ConnectionError at the threshold */
  add(what: string): void {
    this.#events.onGlitch();
    const { glitchesThreshold: threshold, role } = this.#options;
    if (threshold === 0) return;
    const time = now();
    this.#count = Math.max(0, this.#count - ((time - this.#countedAt) * threshold) / FORGET_MS) + 1;
    this.#countedAt = time;
    if (this.#count < threshold * DRAIN_AT) return;
    const reason = `glitches, the last of them ${what} (tune.h2.${role === 'server' ? 'fe' : 'be'}.glitches-threshold ${threshold})`;
    if (this.#count >= threshold) throw new ConnectionError(ENHANCE_YOUR_CALM, `too many ${reason}`);
    if (this.#recycled) return;
    this.#recycled = true;
    this.#events.onRecycle(`many ${reason}`, true);
  }
}
