/**
 * What a session writes to: bytes gather in chunks and go to the socket once per turn of the event loop.
 *
 * The session writes in place:
 *   output.reserve(n); const { bytes } = output; let p = output.position; … output.position = p;
 */
import { atTurnEnd, type TurnTask } from '../time/turn.ts';
import { CHUNK_SIZE, takeChunk, releaseChunk, type Chunk, type ChunkOwner } from './chunks.ts';

/** Where an {@link Output} flushes to. `done` is called when the bytes were taken, whatever became of them. */
export interface ByteSink {
  write(bytes: Buffer, done: (error?: Error | null) => void): void;
  /** Brackets several writes of one turn so that they become one system call. */
  cork(): void;
  uncork(): void;
}

const NONE: Buffer = Buffer.alloc(0);

export class Output implements TurnTask, ChunkOwner {
  turnScheduled = false;
  /** The chunk being filled; valid after {@link reserve}. */
  bytes: Buffer = NONE;
  /** Where the next byte goes. */
  position = 0;
  /** Bytes that left, ever. */
  total = 0;
  /** True while more than the high-water mark waits in front of the socket: body bytes should wait. */
  blocked = false;
  readonly #sink: ByteSink;
  readonly #highWater: number;
  readonly #onWritable: () => void;
  #chunk: Chunk | null = null;
  readonly #full: Chunk[] = [];
  #waiting = 0;

  /**
   * @param highWater bytes in front of the socket above which {@link blocked} is set; it clears, and `onWritable` is called, at half of it.
   */
  constructor(sink: ByteSink, highWater: number, onWritable: () => void) {
    this.#sink = sink;
    this.#highWater = highWater;
    this.#onWritable = onWritable;
  }

  /** Makes room for `size` bytes (at most {@link CHUNK_SIZE}) in one piece at {@link position}. */
  reserve(size: number): void {
    if (this.#chunk !== null && this.position + size <= CHUNK_SIZE) return;
    if (this.#chunk !== null) {
      this.#chunk.length = this.position;
      this.#full.push(this.#chunk);
      this.#waiting += this.position;
      if (this.#waiting > this.#highWater) this.blocked = true;
    }
    this.#chunk = takeChunk();
    this.bytes = this.#chunk.bytes;
    this.position = 0;
    atTurnEnd(this);
  }

  /** Appends a copy of `bytes`, however long. */
  append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const size = Math.min(bytes.length - from, CHUNK_SIZE);
      this.reserve(size);
      this.bytes.set(bytes.subarray(from, from + size), this.position);
      this.position += size;
      from += size;
    }
  }

  /** Bytes that wait for the socket. */
  get waiting(): number {
    return this.#waiting + this.position;
  }

  /** Hands everything to the socket now. */
  endTurn(): void {
    const last = this.#chunk;
    if (last === null) return;
    this.#chunk = null;
    this.bytes = NONE;
    last.length = this.position;
    this.position = 0;
    if (this.#full.length === 0) {
      this.#write(last, true);
    } else {
      this.#sink.cork();
      for (const chunk of this.#full) this.#write(chunk, false);
      this.#full.length = 0;
      this.#write(last, true);
      this.#sink.uncork();
    }
    if (this.#waiting > this.#highWater) this.blocked = true;
  }

  chunkWritten(length: number): void {
    this.#waiting -= length;
    if (this.blocked && this.#waiting <= this.#highWater / 2) {
      this.blocked = false;
      this.#onWritable();
    }
  }

  #write(chunk: Chunk, count: boolean): void {
    if (chunk.length === 0) {
      releaseChunk(chunk);
      return;
    }
    if (count) this.#waiting += chunk.length;
    this.total += chunk.length;
    chunk.owner = this;
    this.#sink.write(chunk.bytes.subarray(0, chunk.length), chunk.written);
  }
}
