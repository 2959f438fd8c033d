/**
 * The connection's receive window (RFC 9113 §6.9). It is given back as soon as octets have come, in large steps: what holds a sender
 * are the windows of its streams, so that one reader that stalls does not stop the others.
 */
import type { Output } from '../transport/output.ts';
import { ConnectionError, FLOW_CONTROL_ERROR } from './errors.ts';
import { writeWindowUpdate } from './frame/control.ts';

const INITIAL = 65_535;

export class ReceiveWindow {
  readonly #output: Output;
  readonly #size: number;
  #left: number;
  #taken = 0;

  /** @param size octets, at least 65,535; announced at once */
  constructor(output: Output, size: number) {
    this.#output = output;
    this.#size = size;
    this.#left = size;
    if (size > INITIAL) writeWindowUpdate(output, 0, size - INITIAL);
  }

  /** `length` octets of DATA came, padding included. @throws ConnectionError when that is more than was allowed */
  take(length: number): void {
    this.#left -= length;
    if (this.#left < 0) throw new ConnectionError(FLOW_CONTROL_ERROR, 'DATA beyond the connection window (RFC 9113 §6.9.1)');
    this.#taken += length;
    if (this.#taken < this.#size >>> 1) return;
    writeWindowUpdate(this.#output, 0, this.#taken);
    this.#left += this.#taken;
    this.#taken = 0;
  }
}
