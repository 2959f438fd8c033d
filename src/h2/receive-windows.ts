/**
 * What a peer may send us (RFC 9113 §6.9).
 *
 * The connection's window is given back as soon as octets have come, in large steps: what holds a sender are the windows of its
 * streams, so that one reader that stalls does not stop the others. A stream's window begins small and grows each time that its
 * reader has taken all that came, so that a fast stream is not held up by round trips. Memory is bounded by streams × initial window +
 * rxbuf.
 *
 * A stream may outgrow its initial window by as much as is still free of rxbuf, at any time (the dynamic threshold of Choudhury and
 * Hahne, 1998): one busy stream gets half of it, n of them get the n+1st part each. A stream whose reader falls behind gives back, as
 * the rate of streams that wait for the same reader goes with their windows: only equal windows share it fairly.
 */
import type { Output } from '../transport/output.ts';
import { ConnectionError, FLOW_CONTROL_ERROR } from './errors.ts';
import { writeWindowUpdate } from './frame/control.ts';

/** In force until the peer has acknowledged our SETTINGS (RFC 9113 §6.5.2). */
const INITIAL = 65_535;

export class ReceiveWindows {
  /** Octets that the peer may send on a new stream. */
  initial: number;
  readonly #output: Output;
  readonly #settled: number;
  readonly #connection: number;
  #left: number;
  #taken = 0;
  /** Octets by which streams may still outgrow their initial window. */
  #growth: number;

  /**
   * All in octets.
   * @param initial of a stream, as in our SETTINGS
   * @param connection the connection's, at least 65,535
   * @param growth by which the streams together may outgrow their initial windows
   */
  constructor(output: Output, initial: number, connection: number, growth: number) {
    this.#output = output;
    this.initial = Math.max(initial, INITIAL);
    this.#settled = initial;
    this.#connection = connection;
    this.#left = INITIAL;
    this.#growth = growth;
  }

  /** Announces the connection's window: once, behind the acknowledgement of the peer's first SETTINGS, up to where simple peers expect no other frame. */
  open(): void {
    if (this.#connection === INITIAL) return;
    writeWindowUpdate(this.#output, 0, this.#connection - INITIAL);
    this.#left += this.#connection - INITIAL;
  }

  /** The peer goes by our SETTINGS (RFC 9113 §6.5.3). */
  acknowledged(): void {
    this.initial = this.#settled;
  }

  /** `length` octets of DATA came, padding included. @throws ConnectionError when that is more than was allowed */
  take(length: number): void {
    this.#left -= length;
    if (this.#left < 0) throw new ConnectionError(FLOW_CONTROL_ERROR, 'DATA beyond the connection window (RFC 9113 §6.9.1)');
    this.#taken += length;
    if (this.#taken < this.#connection >>> 1) return;
    writeWindowUpdate(this.#output, 0, this.#taken);
    this.#left += this.#taken;
    this.#taken = 0;
  }

  /**
   * By how much a stream's window should change; all in octets.
   * @param granted by which it has outgrown its initial size
   * @param wanted by which it could use more, 0 when its reader does not keep up
   * @returns more than 0: granted to it. Less: so much of its window is to be withheld, at most half of `granted`
   */
  adjust(granted: number, wanted: number): number {
    const change = wanted > 0 ? Math.min(wanted, (this.#growth - granted) >> 1) : -(granted >> 1);
    this.#growth -= change;
    return change;
  }

  /** What a stream that has ended was granted is free for others. */
  shrink(octets: number): void {
    this.#growth += octets;
  }
}
