/**
 * What a connection may send: its window, and the turn of the streams that have body bytes pending. Each gets one frame a round, so
 * that small messages of one never wait behind megabytes of another.
 */
import type { Output } from '../transport/output.ts';
import { ConnectionError, FLOW_CONTROL_ERROR } from './errors.ts';
import { writeData } from './frame/data.ts';

/** Octets (RFC 9113 §6.9.1). */
export const MAX_WINDOW_SIZE = 0x7fffffff;
/** Largest frame that we write, whatever larger size the peer would take: long frames make other streams wait. */
const MAX_SENT_FRAME = 16_384;

/** A stream that has body bytes, or the end of its body, pending. */
export interface SendingStream {
  /** Owned by the sender: true while the stream is in its queue. Initialise with false. */
  queued: boolean;
  /** Sends up to one frame. True when it could send more now, false when it is done or its own window is used up. */
  sendPending(): boolean;
}

export class Sender {
  readonly #output: Output;
  #window = 65_535;
  #queue: SendingStream[] = [];
  /** Of these, at most so many have been forgotten. */
  #forgotten = 0;
  #pumping = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** True when `size` body octets fit into one frame, the connection's window and the socket. */
  maySend(size: number): boolean {
    return size <= this.#window && size <= MAX_SENT_FRAME && !this.#output.blocked;
  }

  /** The most body octets that can be sent in one frame now. */
  get sendable(): number {
    return this.#output.blocked ? 0 : Math.min(this.#window, MAX_SENT_FRAME);
  }

  /** Writes a DATA frame; the caller has asked {@link maySend} or {@link sendable}, and minds its stream's window. */
  data(streamId: number, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#window -= end - start;
    writeData(this.#output, streamId, chunk, start, end, endStream);
  }

  /** WINDOW_UPDATE on stream 0. @throws ConnectionError when the window overflows (RFC 9113 §6.9.1) */
  grow(increment: number): void {
    this.#window += increment;
    if (this.#window > MAX_WINDOW_SIZE) throw new ConnectionError(FLOW_CONTROL_ERROR, 'connection window above 2^31-1 (RFC 9113 §6.9.1)');
    this.pump();
  }

  /** Lets `stream` send as soon as windows, socket and the turn of others allow. */
  enqueue(stream: SendingStream): void {
    if (!stream.queued) {
      stream.queued = true;
      this.#queue.push(stream);
    }
    this.pump();
  }

  /** The stream is gone. The queue may stand still for as long as the peer likes, so that it must not gather those. */
  forget(stream: SendingStream): void {
    if (!stream.queued) return;
    stream.queued = false;
    if (++this.#forgotten * 2 < this.#queue.length) return;
    this.#queue = this.#queue.filter(({ queued }) => queued);
    this.#forgotten = 0;
  }

  /** Entries of the queue. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /** Lets the queued streams send a frame each in turn. Called when the socket has drained, too. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length > 0 && this.sendable > 0) {
      const round = this.#queue;
      this.#queue = [];
      this.#forgotten = 0;
      for (const stream of round) {
        if (!stream.queued) continue;
        if (this.sendable > 0) {
          stream.queued = false;
          if (!stream.sendPending() || stream.queued) continue;
        }
        stream.queued = true;
        this.#queue.push(stream);
      }
    }
    this.#pumping = false;
  }

  /** The connection is gone. */
  clear(): void {
    this.#queue = [];
  }
}
