/**
 * One HTTP/2 stream (RFC 9113 §5): its state, its windows and the body bytes that flow control holds back.
 *
 *                 request or response headers
 *        idle ───────────────────────────────────▶ open
 *                                                 │    │
 *                             we end the stream   │    │   the peer ends the stream
 *                                                 ▼    ▼
 *                          half-closed (local)          half-closed (remote)
 *                                                 │    │
 *                           the other side ends   ▼    ▼   or RST_STREAM either way, from any state
 *                                                 closed
 *
 * The connection (connection.ts) feeds a stream and owns its place in the table; the stream writes frames through it.
 */
import type { FieldList } from '../model/fields.ts';
import type { Half, HalfSink } from '../model/exchange.ts';
import type { Output } from '../transport/output.ts';
import { PendingBody } from './pending-body.ts';
import type { ReceiveWindows } from './receive-windows.ts';
import type { Sender, SendingStream } from './sender.ts';
import { HTTP_1_1_REQUIRED } from './errors.ts';
import { windowProblem, type StreamProblem } from './section.ts';
import type { Settings } from './frame/settings.ts';
import { writeWindowUpdate } from './frame/control.ts';

export type StreamState = 'idle' | 'open' | 'half-closed (local)' | 'half-closed (remote)' | 'closed';

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly output: Output;
  readonly sender: Sender;
  readonly windows: ReceiveWindows;
  readonly peer: Readonly<Settings>;
  writeHeaders(streamId: number, fields: FieldList, extra: FieldList | null, endStream: boolean): void;
  closeStream(stream: Http2Stream): void;
  resetByUs(stream: Http2Stream, code: number): void;
}

export class Http2Stream implements Half, SendingStream {
  readonly connection: StreamOwner;
  readonly id: number;
  /** Who hears of this stream. Null only until the connection's owner has answered {@link ConnectionEvents.onStream}. */
  sink: HalfSink | null;
  state: StreamState = 'idle';
  /** Octets that we may still send; negative after the peer shrank its initial window (RFC 9113 §6.9.2). */
  sendWindow: number;
  /** Octets that the peer may still send. */
  receiveWindow: number;
  /** What {@link receiveWindow} is when the reader has taken all. */
  windowSize: number;
  /** Octets by which it has outgrown its initial size. */
  granted = 0;
  /** The final header section came (client role: a 1xx does not count). */
  headersSeen = false;
  /** The request's header section; null before it was received or sent. */
  request: FieldList | null = null;
  /** CONNECT was agreed to: there are no trailers (RFC 9113 §8.5). */
  tunnel = false;
  /** Octets of body that the peer announced, -1 when it did not; and what came so far. */
  expectedLength = -1;
  receivedLength = 0;
  /** Body bytes and the end of the stream that wait for a window or for the socket. */
  pending: PendingBody | null = null;
  queued = false;
  #credited = 0;

  constructor(connection: StreamOwner, id: number, sink: HalfSink | null, sendWindow: number, receiveWindow: number) {
    this.connection = connection;
    this.id = id;
    this.sink = sink;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.windowSize = receiveWindow;
  }

  /** The request's method; empty before there is a request. */
  get method(): string {
    return this.request === null ? '' : (this.request.get(':method') ?? '');
  }

  sendHeaders(fields: FieldList, extra: FieldList | null, endStream: boolean): void {
    if (this.state === 'closed' || this.state === 'half-closed (local)') return;
    if (this.request === null) {
      this.request = fields;
      if (this.method === 'CONNECT' && this.#isUnknown(fields)) return;
    }
    this.connection.writeHeaders(this.id, fields, extra, endStream);
    if (endStream) this.endLocal();
  }

  /** A server that does not know CONNECT with `:protocol` is not asked (RFC 8441 §3). */
  #isUnknown(fields: FieldList): boolean {
    if (fields.get(':protocol') === undefined || this.connection.peer.enableConnectProtocol) return false;
    this.connection.closeStream(this);
    // Not within the sink's own call.
    queueMicrotask(() => this.sink?.onReset(this, HTTP_1_1_REQUIRED, 'refused'));
    return true;
  }

  sendData(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.state === 'closed' || this.state === 'half-closed (local)') return;
    const { sender } = this.connection;
    const size = end - start;
    if (this.pending === null && sender.maySend(size) && size <= this.sendWindow) {
      this.sendWindow -= size;
      sender.data(this.id, chunk, start, end, endStream);
      if (endStream) this.endLocal();
      if (size > 0) this.sink?.onCredit(this, size);
      return;
    }
    this.pending ??= new PendingBody();
    this.pending.append(chunk, start, end);
    this.pending.endStream = endStream;
    sender.enqueue(this);
  }

  sendTrailers(fields: FieldList): void {
    if (this.state === 'closed' || this.state === 'half-closed (local)') return;
    if (this.pending !== null) {
      this.pending.trailers = fields;
      this.connection.sender.enqueue(this);
      return;
    }
    this.connection.writeHeaders(this.id, fields, null, true);
    this.endLocal();
  }

  sendPending(): boolean {
    const { pending } = this;
    const { sender } = this.connection;
    if (pending === null || this.state === 'closed') return false;
    if (pending.length > 0) {
      const size = Math.min(pending.firstLength, this.sendWindow, sender.sendable);
      if (size <= 0) return false;
      const whole = size === pending.length;
      const { bytes, start } = pending.first;
      this.sendWindow -= size;
      const ends = whole && pending.endStream;
      sender.data(this.id, bytes, start, start + size, ends);
      pending.consume(size);
      if (whole) this.#pendingSent(pending, ends);
      this.sink?.onCredit(this, size);
      return this.pending !== null && this.sendWindow > 0;
    }
    if (pending.endStream) sender.data(this.id, pending.first.bytes, 0, 0, true);
    this.#pendingSent(pending, pending.endStream);
    return false;
  }

  #pendingSent(pending: PendingBody, ended: boolean): void {
    this.pending = null;
    if (ended) {
      this.endLocal();
    } else if (pending.trailers !== null) {
      this.connection.writeHeaders(this.id, pending.trailers, null, true);
      this.endLocal();
    }
  }

  reset(code: number): void {
    if (this.state === 'closed') return;
    this.connection.resetByUs(this, code);
  }

  credit(bytes: number): void {
    if (this.state === 'closed' || this.state === 'half-closed (remote)') return;
    this.#credited += bytes;
    // Less is not worth a WINDOW_UPDATE.
    if (this.#credited * 2 < this.windowSize) return;
    const { connection } = this;
    const keepsUp = this.receiveWindow + this.#credited >= this.windowSize;
    const change = connection.windows.adjust(this.granted, keepsUp ? this.windowSize : 0);
    // What is taken back is less than half of the window: half of what it has grown by.
    const increment = this.#credited + change;
    this.windowSize += change;
    this.granted += change;
    this.receiveWindow += increment;
    this.#credited = 0;
    if (increment > 0) writeWindowUpdate(connection.output, this.id, increment);
  }

  /** WINDOW_UPDATE: answers what is wrong with it. */
  growSendWindow(increment: number): StreamProblem | null {
    this.sendWindow += increment;
    const problem = windowProblem(this.sendWindow, increment);
    if (problem === null && this.pending !== null) this.connection.sender.enqueue(this);
    return problem;
  }

  /** We sent END_STREAM. */
  endLocal(): void {
    if (this.state === 'half-closed (remote)') this.connection.closeStream(this);
    else this.state = 'half-closed (local)';
  }

  /** The peer sent END_STREAM; called before the sink hears of the last bytes, so that it sees the final state. */
  endRemote(): void {
    if (this.state === 'half-closed (local)') this.connection.closeStream(this);
    else this.state = 'half-closed (remote)';
  }
}
