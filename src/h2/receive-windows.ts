/**
 * What a peer may send us (RFC 9113 §6.9).
 *
 * The connection's window is given back as soon as octets have come, in large steps: what holds a sender are the windows of its
 * streams, so that one reader that stalls does not stop the others. A stream's window begins small and doubles each time that its
 * reader has taken all that came, as long as the connection has something left to grow by. So memory is bounded by streams × initial
 * window + rxbuf, and a fast stream is not held up by round trips.
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
   * Announces the connection's window. All in octets.
   * @param initial of a stream, as in our SETTINGS
   * @param connection the connection's, at least 65,535
   * @param growth by which the streams together may outgrow their initial windows
   */
  constructor(output: Output, initial: number, connection: number, growth: number) {
    this.#output = output;
    this.initial = Math.max(initial, INITIAL);
    this.#settled = initial;
    this.#connection = connection;
    this.#left = connection;
    this.#growth = growth;
    if (connection > INITIAL) writeWindowUpdate(output, 0, connection - INITIAL);
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

  /** Asks for `octets` more of a stream's window; answers how many are granted. */
  grow(octets: number): number {
    const granted = Math.min(octets, this.#growth);
    this.#growth -= granted;
    return granted;
  }

  /** What a stream that has ended was granted is free for others. */
  shrink(octets: number): void {
    this.#growth += octets;
  }
}
