/** A bounded set of equal buffers that are lent to connections while they have much to carry. */
export class BufferPool {
  /** Octets per buffer. */
  readonly size: number;
  readonly #free: Uint8Array[] = [];
  #unmade: number;
  #lent = 0;

  /** At most `limit` buffers exist; they are allocated when first needed. */
  constructor(size: number, limit: number) {
    this.size = size;
    this.#unmade = limit;
  }

  /** Buffers that are not back. */
  get lent(): number {
    return this.#lent;
  }

  /** A buffer with arbitrary content, or null when all are lent. */
  lend(): Uint8Array | null {
    const free = this.#free.pop();
    if (free === undefined && this.#unmade === 0) return null;
    this.#lent++;
    if (free !== undefined) return free;
    this.#unmade--;
    return Buffer.allocUnsafeSlow(this.size);
  }

  /** The lender may use `buffer` no more. */
  giveBack(buffer: Uint8Array): void {
    this.#lent--;
    this.#free.push(buffer);
  }
}
