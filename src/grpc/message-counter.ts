/** Counting the messages in a gRPC body (gRPC over HTTP/2, "Length-Prefixed-Message") as it passes by in pieces. */

/** Octets before each message: a flag for compression and the length, big-endian. */
const PREFIX = 5;

/**
 * Counts one direction of one stream. State is four numbers and feeding allocates nothing, so that it can sit in the data
 * path. Any octets are taken: each five where a prefix is due are read as one.
 */
export class MessageCounter {
  /** Messages seen complete. */
  messages = 0;
  /** Octets of the current prefix seen, 0–4, while {@link #missing} is 0. */
  #prefix = 0;
  /** The length in the current prefix, as far as seen. */
  #length = 0;
  /** Octets of the current message still to come. */
  #missing = 0;

  /** True in the middle of a message: a stream that ends here was cut. */
  get partial(): boolean {
    return this.#prefix !== 0 || this.#missing !== 0;
  }

  /** Takes `chunk[start, end)`, the body's next octets. */
  feed(chunk: Uint8Array, start: number, end: number): void {
    let at = start;
    if (this.#missing !== 0) {
      const here = end - at;
      if (here < this.#missing) {
        this.#missing -= here;
        return;
      }
      at += this.#missing;
      this.#missing = 0;
      this.messages++;
    }
    if (this.#prefix === 0) {
      while (end - at >= PREFIX) {
        const next = at + PREFIX + lengthAt(chunk, at + 1);
        if (next > end) {
          this.#missing = next - end;
          return;
        }
        this.messages++;
        at = next;
      }
    }
    if (at < end) this.#feedPrefix(chunk, at, end);
  }

  /** The prefix is split between chunks: octet by octet until it is whole. */
  #feedPrefix(chunk: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      // The first of the five is the flag.
      this.#length = this.#prefix === 0 ? 0 : this.#length * 256 + (chunk[at] as number);
      if (++this.#prefix < PREFIX) continue;
      this.#prefix = 0;
      this.#missing = this.#length;
      if (this.#missing === 0) this.messages++;
      this.feed(chunk, at + 1, end);
      return;
    }
  }
}

/** The unsigned 32 bits at `at`. */
function lengthAt(chunk: Uint8Array, at: number): number {
  return (
    (((chunk[at] as number) << 24) | ((chunk[at + 1] as number) << 16) | ((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number)) >>> 0
  );
}
