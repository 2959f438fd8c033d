/**
 * One direction of a raw TCP relay: what arrives on one socket leaves on the other, and its end too.
 *
 * Bytes are read into buffers that are reused (reused-reads.ts). A quiet flow shares one buffer with all others and copies the
 * few bytes it gets; a flow that carries much borrows a large buffer of its own from a bounded pool and writes straight from it.
 * A buffer from which a write is under way is not read into until the kernel has taken it all: that is the back-pressure.
 */
import type { Socket } from 'node:net';
import { BufferPool } from './buffer-pool.ts';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import { readIntoBuffers, redirectReads } from '../transport/reused-reads.ts';

/** Measured on loopback, CPU per octet falls steeply up to this size and hardly beyond. */
const LARGE_BYTES = 512 * 1024;
/** 16 MiB in all. When they are lent, further flows go on with the shared buffer and copies. */
const LARGE_BUFFERS = 32;
/** A read of as much asks for a large buffer. */
const BULK_READ_BYTES = 16 * 1024;
/** So many smaller reads in a row give it back: amid bulk traffic there are some, when the reader has caught up. */
const SMALL_READS = 8;
/** A flow that has been silent for so long gives it back too, milliseconds; the next time after twice as long. */
const SILENCE_MS = 500;

/** What is lent to flows that carry much. */
export const largeBuffers: BufferPool = new BufferPool(LARGE_BYTES, LARGE_BUFFERS);
/** Where all quiet flows read; its content is copied or forgotten before the read's callback returns. */
const shared: Uint8Array = Buffer.allocUnsafeSlow(64 * 1024);

export class Flow extends Timer {
  /** Octets read from the source, whether or not they have left. */
  bytes = 0;
  /** The source's end of stream was read and is being passed on. */
  ended = false;
  readonly #source: Socket;
  readonly #sink: Socket;
  /** The large buffer that this flow has, if any. */
  #large: Uint8Array | null = null;
  /** The large buffer goes back when the write from it is done; the next read goes to the shared one. */
  #shrinking = false;
  #smallReads = 0;
  #silenceMs = SILENCE_MS;
  /** {@link bytes} when the timer was armed. */
  #heard = 0;
  #blocked = false;
  readonly #onEnded: () => void;
  readonly #unblock = (): void => this.#onSinkFree();

  /** @param onEnded called when the source's end has been passed on */
  constructor(source: Socket, sink: Socket, onEnded: () => void) {
    super();
    this.#source = source;
    this.#sink = sink;
    this.#onEnded = onEnded;
  }

  /** True while the source is not read because the sink has not taken what it was given. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Begins to carry: `first`, what the source has buffered, and all that follows. */
  start(first: Uint8Array | null): void {
    const source = this.#source;
    this.#sink.on('drain', this.#unblock);
    source.on('end', () => this.#onEnd());
    if (first !== null && first.length > 0) this.#pass(first);
    if (source.readableEnded) {
      this.#onEnd();
      return;
    }
    this.#passHeld();
    if (!readIntoBuffers(source, shared, () => this.#nextBuffer(), (bytes, buffer) => this.#onRead(bytes, buffer))) {
      source.on('data', (chunk: Buffer) => {
        this.#pass(chunk);
        if (this.#blocked) source.pause();
      });
    }
    // Even when blocked by `first`: the end of the stream may already have been received and must be heard.
    source.resume();
  }

  /** Gives up what it has borrowed. Both sockets must be closed. */
  release(): void {
    disarmTimer(this);
    if (this.#large !== null) largeBuffers.giveBack(this.#large);
    this.#large = null;
  }

  /** Sends what the source has read ahead of the relay. */
  #passHeld(): void {
    for (;;) {
      const chunk = this.#source.read() as Buffer | null;
      if (chunk === null) return;
      this.#pass(chunk);
    }
  }

  /** Writes octets that nobody else will overwrite. */
  #pass(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (!this.#sink.write(chunk)) this.#blocked = true;
  }

  #onRead(bytes: number, buffer: Uint8Array): boolean {
    const bulk = bytes >= BULK_READ_BYTES;
    this.#smallReads = bulk ? 0 : this.#smallReads + 1;
    const view = buffer.subarray(0, bytes);
    if (buffer === this.#large) {
      this.#passFromLarge(view);
      if (this.#smallReads >= SMALL_READS) this.#shrink();
    } else if (bulk && this.#large === null && (this.#large = this.#borrow()) !== null) {
      this.#large.set(view);
      this.#passFromLarge(this.#large.subarray(0, bytes));
    } else {
      // Slices of Node's slab where small: far cheaper than the allocation that a read without reused buffers makes.
      this.#pass(Buffer.from(view));
    }
    return !this.#blocked;
  }

  #borrow(): Uint8Array | null {
    const buffer = largeBuffers.lend();
    if (buffer !== null) this.#listen();
    return buffer;
  }

  #listen(): void {
    this.#heard = this.bytes;
    armTimer(this, now() + this.#silenceMs);
  }

  /** Looks whether the flow has fallen silent. A buffer from which a write is under way is in use. */
  override onTimer(): void {
    if (this.#large === null) return;
    if (this.#blocked || this.bytes !== this.#heard) {
      this.#listen();
      return;
    }
    this.#silenceMs *= 2;
    this.#shrink();
    redirectReads(this.#source, shared);
  }

  #passFromLarge(view: Uint8Array): void {
    this.bytes += view.length;
    this.#sink.write(view, this.#unblock);
    // Zero means that the kernel took it all within the call, so that the buffer is free.
    if (this.#sink.writableLength !== 0) this.#blocked = true;
  }

  #nextBuffer(): Uint8Array {
    return this.#large === null || this.#shrinking ? shared : this.#large;
  }

  /** Gives the large buffer back, at once or when the write from it is done. */
  #shrink(): void {
    if (this.#blocked) {
      this.#shrinking = true;
      return;
    }
    this.#shrinking = false;
    if (this.#large !== null) largeBuffers.giveBack(this.#large);
    this.#large = null;
  }

  #onSinkFree(): void {
    if (!this.#blocked || this.#sink.writableLength !== 0 || this.#sink.destroyed) return;
    this.#blocked = false;
    if (this.#shrinking) this.#shrink();
    if (!this.ended) this.#source.resume();
  }

  #onEnd(): void {
    if (this.ended) return;
    this.ended = true;
    this.#shrink();
    this.#sink.end();
    this.#onEnded();
  }
}
