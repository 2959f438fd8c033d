/**
 * One HTTP/2 connection in either role (RFC 9113): octets in, calls on streams and octets out. It does no I/O and owns no timers:
 * sockets and tests drive the same code. README.md beside this file walks through it.
 */
import type { FieldList } from '../model/fields.ts';
import type { HalfSink, ResetCause } from '../model/exchange.ts';
import type { Output } from '../transport/output.ts';
import { FrameReader } from './frame-reader.ts';
import {
  COMPRESSION_ERROR, ConnectionError, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR,
  REFUSED_STREAM, STREAM_CLOSED,
} from './errors.ts';
import { writeGoAway, writePing, writeRstStream, writeWindowUpdate } from './frame/control.ts';
import {
  CONTINUATION, DATA, FLAG_ACK, FLAG_END_HEADERS, FLAG_END_STREAM, FLAG_PADDED, FLAG_PRIORITY, GOAWAY, HEADERS, HEADER_SIZE, PING, PRIORITY,
  PUSH_PROMISE, readUint31, readUint32, RST_STREAM, SETTINGS, WINDOW_UPDATE, writeHeader,
} from './frame/header.ts';
import { initialSettings, readSettings, writeSettings, writeSettingsAck, type Settings } from './frame/settings.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { HpackError } from './hpack/error.ts';
import { writeHeaderBlock } from './frame/headers.ts';
import { RecentIds } from './recent-ids.ts';
import type { ConnectionEvents, Http2Options } from './options.ts';
import { Http2Stream, type StreamOwner } from './stream.ts';
import { complaint, contentLength, isWellFormed, type SectionKind } from './validate.ts';

/** The client's first octets (RFC 9113 §3.4). */
export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const MAX_STREAM_ID = 0x7fffffff;
const MAX_WINDOW = 0x7fffffff;
/** Largest frame that we write, whatever larger size the peer would take: long frames make other streams wait. */
const MAX_SENT_FRAME = 16_384;

export class Http2Connection implements StreamOwner {
  readonly output: Output;
  readonly creditThreshold: number;
  /** The peer's settings. */
  readonly peer: Settings = initialSettings();
  /** Streams that count against the concurrency limits. */
  streamCount = 0;
  /** Streams ever opened. */
  streamsOpened = 0;
  /** GOAWAY was received or sent: no new streams. */
  draining = false;
  failed = false;
  readonly #options: Http2Options;
  readonly #events: ConnectionEvents;
  readonly #server: boolean;
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();
  readonly #reader: FrameReader;
  readonly #headerBlock: HeaderBlock;
  readonly #streams = new Map<number, Http2Stream>();
  /** Streams that we reset lately: what the peer sent before it knew is ignored (RFC 9113 §5.1, "closed"). */
  readonly #resetByUs = new RecentIds(128);
  #prefaceSeen = 0;
  #settingsSeen = false;
  #lastPeerId = 0;
  #nextId = 1;
  /** Set once the final GOAWAY is out: streams above it are ignored. */
  #lastAccepted = MAX_STREAM_ID;
  #sendWindow = 65_535;
  #receiveWindow: number;
  #uncredited = 0;
  #readyStreams: Http2Stream[] = [];
  #pumping = false;

  constructor(output: Output, options: Http2Options, events: ConnectionEvents) {
    this.output = output;
    this.#options = options;
    this.#events = events;
    this.#server = options.role === 'server';
    this.creditThreshold = options.settings.initialWindowSize >>> 1;
    this.#receiveWindow = options.connectionWindow;
    this.#decoder = new HpackDecoder(options.settings.headerTableSize, options.settings.maxHeaderListSize);
    this.#headerBlock = new HeaderBlock(options.settings.maxHeaderListSize);
    this.#reader = new FrameReader(options.settings.maxFrameSize, (bytes, at, length, type, flags, id) => this.#frame(bytes, at, length, type, flags, id));
    if (!this.#server) output.append(PREFACE);
    writeSettings(output, options.settings);
    if (options.connectionWindow > 65_535) writeWindowUpdate(output, 0, options.connectionWindow - 65_535);
  }

  // ---- octets in ----------------------------------------------------------------------------------------------------------------

  /** Takes `chunk[start, end)` from the socket. Never throws: what the peer did wrong is reported by events. */
  receive(chunk: Uint8Array, start: number, end: number): void {
    if (this.failed) return;
    try {
      if (this.#server && this.#prefaceSeen < PREFACE.length) start = this.#preface(chunk, start, end);
      this.#reader.read(chunk, start, end);
      if (this.output.waiting > this.#options.maxUnread) {
        throw new ConnectionError(ENHANCE_YOUR_CALM, `the peer does not read: ${this.output.waiting} bytes wait for it`);
      }
    } catch (error) {
      if (error instanceof ConnectionError) this.fail(error.code, error.message);
      else if (error instanceof HpackError) this.fail(COMPRESSION_ERROR, error.message);
      else this.fail(INTERNAL_ERROR, error instanceof Error ? (error.stack ?? error.message) : String(error), 'internal error');
    }
  }

  #preface(chunk: Uint8Array, start: number, end: number): number {
    while (start < end && this.#prefaceSeen < PREFACE.length) {
      if (chunk[start] !== PREFACE[this.#prefaceSeen]) throw new ConnectionError(PROTOCOL_ERROR, 'not an HTTP/2 connection preface (RFC 9113 §3.4)');
      start++;
      this.#prefaceSeen++;
    }
    return start;
  }

  #frame(bytes: Uint8Array, at: number, length: number, type: number, flags: number, id: number): void {
    if (!this.#settingsSeen && (type !== SETTINGS || (flags & FLAG_ACK) !== 0)) {
      throw new ConnectionError(PROTOCOL_ERROR, 'the first frame is not SETTINGS (RFC 9113 §3.4)');
    }
    if (this.#headerBlock.streamId !== 0 && (type !== CONTINUATION || id !== this.#headerBlock.streamId)) {
      throw new ConnectionError(PROTOCOL_ERROR, 'a frame between HEADERS and its CONTINUATION (RFC 9113 §6.10)');
    }
    switch (type) {
      case DATA:
        return this.#data(bytes, at, length, flags, id);
      case HEADERS:
        return this.#headers(bytes, at, length, flags, id);
      case CONTINUATION:
        return this.#continuation(bytes, at, length, flags);
      case WINDOW_UPDATE:
        return this.#windowUpdate(bytes, at, length, id);
      case RST_STREAM:
        return this.#rstStream(bytes, at, length, id);
      case SETTINGS:
        return this.#settings(bytes, at, length, flags, id);
      case PING:
        return this.#ping(bytes, at, length, flags, id);
      case GOAWAY:
        return this.#goAway(bytes, at, length, id);
      case PRIORITY:
        return this.#priority(bytes, at, length, id);
      case PUSH_PROMISE:
        throw new ConnectionError(PROTOCOL_ERROR, 'PUSH_PROMISE, which is not enabled (RFC 9113 §6.6, §8.4)');
      default:
        return; // Unknown types are ignored (RFC 9113 §4.1).
    }
  }

  /** RFC 9113 §6.1 */
  #data(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'DATA on stream 0 (RFC 9113 §6.1)');
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) throw new ConnectionError(FLOW_CONTROL_ERROR, 'DATA beyond the connection window (RFC 9113 §6.9.1)');
    this.#uncredited += length;
    if (this.#uncredited >= this.#options.connectionWindow >>> 1) {
      writeWindowUpdate(this.output, 0, this.#uncredited);
      this.#receiveWindow += this.#uncredited;
      this.#uncredited = 0;
    }
    let end = at + length;
    let padding = 0;
    if ((flags & FLAG_PADDED) !== 0) {
      padding = length > 0 ? (bytes[at] as number) + 1 : 0;
      if (length === 0 || padding > length) throw new ConnectionError(PROTOCOL_ERROR, 'padding longer than the frame (RFC 9113 §6.1)');
      at++;
      end -= padding - 1;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#frameOnClosed(id, 'DATA');
    if (stream.state === 'half-closed (remote)') return this.#streamError(stream, STREAM_CLOSED, 'DATA after END_STREAM (RFC 9113 §5.1)');
    if (!stream.headersSeen) return this.#streamError(stream, PROTOCOL_ERROR, 'DATA before HEADERS (RFC 9113 §8.1)');
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return this.#streamError(stream, FLOW_CONTROL_ERROR, 'DATA beyond the stream window (RFC 9113 §6.9.1)');
    if (padding > 0) stream.credit(padding);
    const endStream = (flags & FLAG_END_STREAM) !== 0;
    if (stream.expectedLength >= 0) {
      stream.receivedLength += end - at;
      if (stream.receivedLength > stream.expectedLength || (endStream && stream.receivedLength !== stream.expectedLength)) {
        return this.#streamError(stream, PROTOCOL_ERROR, 'content-length differs from the body (RFC 9113 §8.1.1)');
      }
    }
    const { sink } = stream;
    if (endStream) stream.endRemote();
    sink?.onData(stream, bytes, at, end, endStream);
  }

  /** RFC 9113 §6.2 */
  #headers(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'HEADERS on stream 0 (RFC 9113 §6.2)');
    let end = at + length;
    if ((flags & FLAG_PADDED) !== 0) {
      if (length === 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'padded HEADERS without a pad length (RFC 9113 §6.2)');
      end -= bytes[at] as number;
      at++;
    }
    let dependsOnItself = false;
    if ((flags & FLAG_PRIORITY) !== 0) {
      if (at + 5 > end) throw new ConnectionError(FRAME_SIZE_ERROR, 'HEADERS too short for its priority (RFC 9113 §6.2)');
      dependsOnItself = readUint31(bytes, at) === id;
      at += 5;
    }
    if (end < at) throw new ConnectionError(PROTOCOL_ERROR, 'padding longer than the frame (RFC 9113 §6.2)');
    const endStream = (flags & FLAG_END_STREAM) !== 0;
    if ((flags & FLAG_END_HEADERS) !== 0) {
      this.#section(id, bytes, at, end, endStream, dependsOnItself);
    } else {
      this.#headerBlock.begin(id, endStream, dependsOnItself, bytes, at, end);
    }
  }

  /** RFC 9113 §6.10 */
  #continuation(bytes: Uint8Array, at: number, length: number, flags: number): void {
    const block = this.#headerBlock;
    if (block.streamId === 0) throw new ConnectionError(PROTOCOL_ERROR, 'CONTINUATION without HEADERS (RFC 9113 §6.10)');
    block.append(bytes, at, at + length);
    if ((flags & FLAG_END_HEADERS) === 0) return;
    const { streamId, endStream, dependsOnItself } = block;
    const whole = block.take();
    this.#section(streamId, whole, 0, whole.length, endStream, dependsOnItself);
  }

  /** A complete header block. It is decoded in any case: the table is shared by all streams (RFC 9113 §4.3). */
  #section(id: number, bytes: Uint8Array, at: number, end: number, endStream: boolean, dependsOnItself: boolean): void {
    const fields = this.#decoder.decode(bytes, at, end);
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      if (!this.#server || (id & 1) === 0 || id <= this.#lastPeerId) return this.#frameOnClosed(id, 'HEADERS');
      if (id > this.#lastAccepted) return;
      this.#lastPeerId = id;
      if (this.streamCount >= this.#options.settings.maxConcurrentStreams) {
        this.#resetByUs.add(id);
        writeRstStream(this.output, id, REFUSED_STREAM);
        this.#events.onStreamError(id, REFUSED_STREAM, 'more concurrent streams than SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2)');
        return;
      }
      stream = this.#addStream(id, null);
    } else if (stream.state === 'half-closed (remote)') {
      return this.#streamError(stream, STREAM_CLOSED, 'HEADERS after END_STREAM (RFC 9113 §5.1)');
    }
    if (dependsOnItself) return this.#streamError(stream, PROTOCOL_ERROR, 'the stream depends on itself (RFC 7540 §5.3.1)');
    const kind: SectionKind = stream.headersSeen ? 'trailers' : this.#server ? 'request' : 'response';
    if (fields === null) return this.#streamError(stream, ENHANCE_YOUR_CALM, `header list larger than ${this.#options.settings.maxHeaderListSize} bytes (RFC 9113 §10.5.1)`);
    if (!isWellFormed(fields, kind)) return this.#streamError(stream, PROTOCOL_ERROR, complaint(fields, kind) ?? 'malformed');
    if (kind === 'trailers') return this.#trailers(stream, fields, endStream);
    if (kind === 'response' && isInformational(fields)) {
      if (endStream) return this.#streamError(stream, PROTOCOL_ERROR, 'informational response with END_STREAM (RFC 9113 §8.1)');
      stream.sink?.onHeaders(stream, fields, false);
      return;
    }
    stream.headersSeen = true;
    stream.expectedLength = contentLength(fields);
    // A response to HEAD, and 304, announce a length without having a body (RFC 9110 §6.4.1).
    if (stream.expectedLength === -2 || (endStream && stream.expectedLength > 0 && kind === 'request')) {
      return this.#streamError(stream, PROTOCOL_ERROR, 'content-length differs from the body (RFC 9113 §8.1.1)');
    }
    const sink = (stream.sink ??= this.#events.onStream(stream));
    if (endStream) stream.endRemote();
    sink.onHeaders(stream, fields, endStream);
  }

  #trailers(stream: Http2Stream, fields: FieldList, endStream: boolean): void {
    if (!endStream) return this.#streamError(stream, PROTOCOL_ERROR, 'trailers without END_STREAM (RFC 9113 §8.1)');
    if (stream.expectedLength >= 0 && stream.receivedLength !== stream.expectedLength) {
      return this.#streamError(stream, PROTOCOL_ERROR, 'content-length differs from the body (RFC 9113 §8.1.1)');
    }
    const { sink } = stream;
    stream.endRemote();
    sink?.onTrailers(stream, fields);
  }

  /** RFC 9113 §6.3: deprecated, checked, ignored. */
  #priority(bytes: Uint8Array, at: number, length: number, id: number): void {
    if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'PRIORITY on stream 0 (RFC 9113 §6.3)');
    const stream = this.#streams.get(id);
    const reason = length !== 5 ? 'PRIORITY is not 5 octets (RFC 9113 §6.3)' : 'the stream depends on itself (RFC 7540 §5.3.1)';
    if (length === 5 && readUint31(bytes, at) !== id) return;
    const code = length !== 5 ? FRAME_SIZE_ERROR : PROTOCOL_ERROR;
    if (stream !== undefined) return this.#streamError(stream, code, reason);
    writeRstStream(this.output, id, code);
    this.#events.onStreamError(id, code, reason);
  }

  /** RFC 9113 §6.4 */
  #rstStream(bytes: Uint8Array, at: number, length: number, id: number): void {
    if (length !== 4) throw new ConnectionError(FRAME_SIZE_ERROR, 'RST_STREAM is not 4 octets (RFC 9113 §6.4)');
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, 'RST_STREAM on an idle stream (RFC 9113 §6.4)');
      return;
    }
    const code = readUint32(bytes, at);
    this.#abort(stream, code, code === REFUSED_STREAM ? 'refused' : 'peer');
  }

  /** RFC 9113 §6.5 */
  #settings(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'SETTINGS on a stream (RFC 9113 §6.5)');
    if ((flags & FLAG_ACK) !== 0) {
      if (length !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'SETTINGS ACK with a payload (RFC 9113 §6.5)');
      return;
    }
    if (length % 6 !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'SETTINGS is not a multiple of 6 octets (RFC 9113 §6.5)');
    const windowBefore = this.peer.initialWindowSize;
    readSettings(bytes, at, at + length, this.peer, !this.#server);
    this.#encoder.setMaxTableSize(this.peer.headerTableSize);
    const change = this.peer.initialWindowSize - windowBefore;
    if (change !== 0) this.#changeWindows(change);
    writeSettingsAck(this.output);
    if (!this.#settingsSeen) {
      this.#settingsSeen = true;
      this.#events.onReady();
    }
  }

  #changeWindows(change: number): void {
    for (const stream of this.#streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW) throw new ConnectionError(FLOW_CONTROL_ERROR, 'SETTINGS makes a stream window overflow (RFC 9113 §6.9.2)');
      if (stream.pending !== null) this.queueForSending(stream);
    }
  }

  /** RFC 9113 §6.7 */
  #ping(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'PING on a stream (RFC 9113 §6.7)');
    if (length !== 8) throw new ConnectionError(FRAME_SIZE_ERROR, 'PING is not 8 octets (RFC 9113 §6.7)');
    if ((flags & FLAG_ACK) !== 0) this.#events.onPingAck();
    else writePing(this.output, true, bytes, at);
  }

  /** RFC 9113 §6.8 */
  #goAway(bytes: Uint8Array, at: number, length: number, id: number): void {
    if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'GOAWAY on a stream (RFC 9113 §6.8)');
    if (length < 8) throw new ConnectionError(FRAME_SIZE_ERROR, 'GOAWAY is shorter than 8 octets (RFC 9113 §6.8)');
    const last = readUint31(bytes, at);
    const code = readUint32(bytes, at + 4);
    const debug = Buffer.from(bytes.subarray(at + 8, Math.min(at + length, at + 8 + 256))).toString('latin1');
    // From a client it only says that it takes no pushes; its streams go on and it closes when it is done.
    if (!this.#server) {
      this.draining = true;
      for (const stream of [...this.#streams.values()]) if (stream.id > last) this.#abort(stream, REFUSED_STREAM, 'refused');
    }
    this.#events.onGoAway(last, code, debug);
    this.#drainedMaybe();
  }

  /** RFC 9113 §6.9 */
  #windowUpdate(bytes: Uint8Array, at: number, length: number, id: number): void {
    if (length !== 4) throw new ConnectionError(FRAME_SIZE_ERROR, 'WINDOW_UPDATE is not 4 octets (RFC 9113 §6.9)');
    const increment = readUint31(bytes, at);
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0 (RFC 9113 §6.9)');
      this.#sendWindow += increment;
      if (this.#sendWindow > MAX_WINDOW) throw new ConnectionError(FLOW_CONTROL_ERROR, 'connection window above 2^31-1 (RFC 9113 §6.9.1)');
      this.pump();
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream (RFC 9113 §5.1)');
      return;
    }
    if (increment === 0) return this.#streamError(stream, PROTOCOL_ERROR, 'WINDOW_UPDATE of 0 (RFC 9113 §6.9)');
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW) return this.#streamError(stream, FLOW_CONTROL_ERROR, 'stream window above 2^31-1 (RFC 9113 §6.9.1)');
    if (stream.pending !== null) this.queueForSending(stream);
  }

  #isIdle(id: number): boolean {
    if (id === 0) return true;
    const own = ((id & 1) === 1) !== this.#server;
    return own ? id >= this.#nextId : id > this.#lastPeerId;
  }

  /** DATA or HEADERS where there is no stream: never opened, ended by the peer, or reset by us (RFC 9113 §5.1). */
  #frameOnClosed(id: number, frame: string): void {
    if (this.#isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `${frame} on an idle stream (RFC 9113 §5.1)`);
    if (this.#resetByUs.has(id) || id > this.#lastAccepted) return;
    throw new ConnectionError(STREAM_CLOSED, `${frame} on a closed stream (RFC 9113 §5.1)`);
  }

  // ---- streams ------------------------------------------------------------------------------------------------------------------

  /** Client role: streams that the peer still takes. */
  get capacity(): number {
    if (this.draining || this.failed || !this.#settingsSeen || this.#nextId > MAX_STREAM_ID) return 0;
    return this.peer.maxConcurrentStreams - this.streamCount;
  }

  /** Client role: opens a stream. Check {@link capacity} first; the request is sent with {@link Http2Stream.sendHeaders} before another is opened. */
  open(sink: HalfSink): Http2Stream {
    const stream = this.#addStream(this.#nextId, sink);
    this.#nextId += 2;
    return stream;
  }

  #addStream(id: number, sink: HalfSink | null): Http2Stream {
    const stream = new Http2Stream(this, id, sink, this.peer.initialWindowSize, this.#options.settings.initialWindowSize);
    stream.state = 'open';
    this.#streams.set(id, stream);
    this.streamCount++;
    this.streamsOpened++;
    return stream;
  }

  closeStream(stream: Http2Stream): void {
    if (stream.state === 'closed') return;
    stream.state = 'closed';
    stream.pending = null;
    this.#streams.delete(stream.id);
    this.streamCount--;
    this.#events.onStreamClosed(stream);
    this.#drainedMaybe();
  }

  resetByUs(stream: Http2Stream, code: number): void {
    writeRstStream(this.output, stream.id, code);
    this.#resetByUs.add(stream.id);
    this.closeStream(stream);
  }

  #streamError(stream: Http2Stream, code: number, reason: string): void {
    const { sink } = stream;
    this.resetByUs(stream, code);
    this.#events.onStreamError(stream.id, code, reason);
    sink?.onReset(stream, code, 'local');
  }

  #abort(stream: Http2Stream, code: number, cause: ResetCause): void {
    const { sink } = stream;
    this.closeStream(stream);
    sink?.onReset(stream, code, cause);
  }

  // ---- octets out ---------------------------------------------------------------------------------------------------------------

  maySend(size: number): boolean {
    return size <= this.#sendWindow && size <= MAX_SENT_FRAME && !this.output.blocked;
  }

  sendable(): number {
    return this.output.blocked ? 0 : Math.min(this.#sendWindow, MAX_SENT_FRAME);
  }

  writeData(streamId: number, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const size = end - start;
    const { output } = this;
    this.#sendWindow -= size;
    output.reserve(HEADER_SIZE + size);
    const { bytes } = output;
    let at = writeHeader(bytes, output.position, size, DATA, endStream ? FLAG_END_STREAM : 0, streamId);
    if (size > 64) {
      bytes.set(chunk.subarray(start, end), at);
      at += size;
    } else {
      while (start < end) bytes[at++] = chunk[start++] as number;
    }
    output.position = at;
  }

  writeHeaders(streamId: number, fields: FieldList, extra: FieldList | null, endStream: boolean): void {
    writeHeaderBlock(this.output, this.#encoder, streamId, fields, extra, endStream, this.peer.maxFrameSize);
  }

  queueForSending(stream: Http2Stream): void {
    if (!stream.ready) {
      stream.ready = true;
      this.#readyStreams.push(stream);
    }
    this.pump();
  }

  /** Lets the streams that have something pending send a frame each in turn, while windows and socket allow. Called when the socket drained. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#readyStreams.length > 0 && this.sendable() > 0) {
      const round = this.#readyStreams;
      this.#readyStreams = [];
      for (const stream of round) {
        if (this.sendable() > 0) {
          stream.ready = false;
          if (!stream.sendPending()) continue;
        }
        if (!stream.ready || this.sendable() <= 0) {
          stream.ready = true;
          this.#readyStreams.push(stream);
        }
      }
    }
    this.#pumping = false;
  }

  /** Sends a PING; the answer is {@link ConnectionEvents.onPingAck}. */
  ping(): void {
    if (!this.failed) writePing(this.output, false, PING_PAYLOAD, 0);
  }

  // ---- the end ------------------------------------------------------------------------------------------------------------------

  /** First step of a drain: the peer is told to open no more streams, those under way are still taken (RFC 9113 §6.8). */
  announceDrain(debug: string): void {
    if (this.failed || this.draining) return;
    this.draining = true;
    writeGoAway(this.output, this.#server ? MAX_STREAM_ID : 0, NO_ERROR, debug);
    this.ping();
  }

  /** Second step: the last stream that is taken is named; the connection ends when the streams up to it have. */
  finishDrain(debug: string): void {
    if (this.failed || this.#lastAccepted !== MAX_STREAM_ID) return;
    this.draining = true;
    this.#lastAccepted = this.#lastPeerId;
    writeGoAway(this.output, this.#lastPeerId, NO_ERROR, debug);
    this.#drainedMaybe();
  }

  #drainedMaybe(): void {
    if (!this.draining || this.failed || this.streamCount > 0) return;
    if (this.#server && this.#lastAccepted === MAX_STREAM_ID) return;
    this.#events.onDrained();
  }

  /** Ends the connection with GOAWAY(code): every stream is reset, the owner is told. The peer is told `debug`. */
  fail(code: number, reason: string, debug: string = reason): void {
    if (this.failed) return;
    writeGoAway(this.output, this.#lastPeerId, code, debug);
    this.lost(code);
    this.#events.onConnectionError(code, reason);
  }

  /** The socket is gone: every stream hears of it. */
  lost(code: number): void {
    if (this.failed) return;
    this.failed = true;
    this.#readyStreams = [];
    for (const stream of [...this.#streams.values()]) this.#abort(stream, code, 'connection');
  }
}

const PING_PAYLOAD: Uint8Array = Buffer.from('pillion!', 'latin1');

function isInformational(fields: FieldList): boolean {
  return fields.get(':status')?.charCodeAt(0) === 0x31;
}
