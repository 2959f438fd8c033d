/**
 * One HTTP/2 connection in either role (RFC 9113): octets in, calls on streams and octets out. It does no I/O and owns no timers:
 * sockets and tests drive the same code. README.md beside this file walks through it.
 */
import type { FieldList } from '../model/fields.ts';
import type { HalfSink, ResetCause } from '../model/exchange.ts';
import type { Output } from '../transport/output.ts';
import { FrameReader } from './frame-reader.ts';
import {
  ConnectionError, describeError, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM,
} from './errors.ts';
import {
  checkPing, priorityComplaint, readGoAway, readRstStream, readWindowUpdate, writeGoAway, writePing, writeRstStream,
} from './frame/control.ts';
import { dataPadding } from './frame/data.ts';
import {
  CONTINUATION, DATA, FLAG_ACK, FLAG_END_HEADERS, FLAG_END_STREAM, FLAG_PRIORITY, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE, readUint31,
  RST_STREAM, SETTINGS, WINDOW_UPDATE,
} from './frame/header.ts';
import { headerBlockEnd, headerBlockStart, writeHeaderBlock } from './frame/headers.ts';
import { initialSettings, readSettings, writeSettings, writeSettingsAck, type Settings } from './frame/settings.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { matchPreface, PREFACE } from './preface.ts';
import { ReceiveWindows } from './receive-windows.ts';
import { dataProblem, isInformational, sectionProblem, type StreamProblem } from './section.ts';
import { Sender } from './sender.ts';
import type { ConnectionEvents, Http2Options } from './options.ts';
import { Http2Stream, type StreamOwner } from './stream.ts';
import { MAX_STREAM_ID, StreamTable } from './stream-table.ts';
import { contentLength, type SectionKind } from './validate.ts';

const DEPENDS_ON_ITSELF: StreamProblem = { code: PROTOCOL_ERROR, reason: 'the stream depends on itself (RFC 7540 §5.3.1)' };

const MAX_WINDOW = 0x7fffffff;

export class Http2Connection implements StreamOwner {
  readonly output: Output;
  readonly sender: Sender;
  readonly windows: ReceiveWindows;
  /** The peer's settings. */
  readonly peer: Settings = initialSettings();
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
  readonly #streams: StreamTable;
  #prefaceSeen = 0;
  #settingsSeen = false;

  constructor(output: Output, options: Http2Options, events: ConnectionEvents) {
    this.output = output;
    this.sender = new Sender(output);
    this.#options = options;
    this.#events = events;
    this.#server = options.role === 'server';
    this.#streams = new StreamTable(this.#server);
    this.#decoder = new HpackDecoder(Math.max(options.settings.headerTableSize, this.peer.headerTableSize), options.settings.maxHeaderListSize);
    this.#headerBlock = new HeaderBlock(options.settings.maxHeaderListSize);
    this.#reader = new FrameReader(options.settings.maxFrameSize, (bytes, at, length, type, flags, id) => this.#frame(bytes, at, length, type, flags, id));
    if (!this.#server) output.append(PREFACE);
    writeSettings(output, options.settings);
    this.windows = new ReceiveWindows(output, options.settings.initialWindowSize, options.connectionWindow, options.rxbuf);
  }

  // ---- octets in ----------------------------------------------------------------------------------------------------------------

  /** Takes `chunk[start, end)` from the socket. Never throws: what the peer did wrong is reported by events. */
  receive(chunk: Uint8Array, start: number, end: number): void {
    if (this.failed) return;
    try {
      if (this.#server && this.#prefaceSeen < PREFACE.length) {
        const size = matchPreface(chunk, start, end, this.#prefaceSeen);
        this.#prefaceSeen += size;
        start += size;
      }
      this.#reader.read(chunk, start, end);
      if (this.output.waiting > this.#options.maxUnread) {
        throw new ConnectionError(ENHANCE_YOUR_CALM, `the peer does not read: ${this.output.waiting} bytes wait for it`);
      }
    } catch (error) {
      const { code, reason, debug } = describeError(error);
      this.fail(code, reason, debug);
    }
  }

  #frame(bytes: Uint8Array, at: number, length: number, type: number, flags: number, id: number): void {
    if (this.failed) return;
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
    this.windows.take(length);
    const padding = dataPadding(bytes, at, length, flags);
    const start = padding > 0 ? at + 1 : at;
    const end = padding > 0 ? at + length - padding + 1 : at + length;
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#streams.checkClosed(id, 'DATA');
    const endStream = (flags & FLAG_END_STREAM) !== 0;
    const problem = dataProblem(stream, length, padding, endStream);
    if (problem !== null) return this.#streamError(stream, problem);
    if (padding > 0) stream.credit(padding);
    const { sink } = stream;
    if (endStream) stream.endRemote();
    sink?.onData(stream, bytes, start, end, endStream);
  }

  /** RFC 9113 §6.2 */
  #headers(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    const endStream = (flags & FLAG_END_STREAM) !== 0;
    const start = headerBlockStart(at, length, flags, id);
    const end = headerBlockEnd(bytes, at, length, flags, start);
    const dependsOnItself = (flags & FLAG_PRIORITY) !== 0 && readUint31(bytes, start - 5) === id;
    if ((flags & FLAG_END_HEADERS) !== 0) this.#section(id, bytes, start, end, endStream, dependsOnItself);
    else this.#headerBlock.begin(id, endStream, dependsOnItself, bytes, start, end);
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
      if (!this.#streams.isNew(id)) return this.#streams.checkClosed(id, 'HEADERS');
      if (id > this.#streams.lastAccepted) return;
      this.#streams.lastPeerId = id;
      if (this.streamCount >= this.#options.settings.maxConcurrentStreams) {
        this.#streams.rememberReset(id);
        writeRstStream(this.output, id, REFUSED_STREAM);
        this.#events.onStreamError(id, REFUSED_STREAM, 'more concurrent streams than SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2)');
        return;
      }
      stream = this.#addStream(id, null);
    }
    const kind: SectionKind = stream.headersSeen ? 'trailers' : this.#server ? 'request' : 'response';
    const problem = dependsOnItself ? DEPENDS_ON_ITSELF : sectionProblem(stream, fields, kind, endStream);
    if (problem !== null || fields === null) return this.#streamError(stream, problem ?? DEPENDS_ON_ITSELF);
    const sink = (stream.sink ??= this.#events.onStream(stream));
    if (kind === 'response' && isInformational(fields)) {
      sink.onHeaders(stream, fields, false);
      return;
    }
    if (endStream) stream.endRemote();
    if (kind === 'trailers') {
      sink.onTrailers(stream, fields);
    } else {
      stream.headersSeen = true;
      stream.expectedLength = contentLength(fields);
      sink.onHeaders(stream, fields, endStream);
    }
  }

  /** RFC 9113 §6.3: deprecated, checked, ignored. */
  #priority(bytes: Uint8Array, at: number, length: number, id: number): void {
    if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'PRIORITY on stream 0 (RFC 9113 §6.3)');
    const stream = this.#streams.get(id);
    const wrong = priorityComplaint(bytes, at, length, id);
    if (wrong === null) return;
    if (stream !== undefined) return this.#streamError(stream, wrong);
    writeRstStream(this.output, id, wrong.code);
    this.#events.onStreamError(id, wrong.code, wrong.reason);
  }

  /** RFC 9113 §6.4 */
  #rstStream(bytes: Uint8Array, at: number, length: number, id: number): void {
    const code = readRstStream(bytes, at, length);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#streams.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, 'RST_STREAM on an idle stream (RFC 9113 §6.4)');
      return;
    }
    this.#abort(stream, code, code === REFUSED_STREAM ? 'refused' : 'peer');
  }

  /** RFC 9113 §6.5 */
  #settings(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'SETTINGS on a stream (RFC 9113 §6.5)');
    if ((flags & FLAG_ACK) !== 0) {
      if (length !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'SETTINGS ACK with a payload (RFC 9113 §6.5)');
      this.#decoder.setMaxTableSize(this.#options.settings.headerTableSize);
      this.windows.acknowledged();
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
      if (stream.pending !== null) this.sender.enqueue(stream);
    }
  }

  /** RFC 9113 §6.7 */
  #ping(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    checkPing(length, id);
    if ((flags & FLAG_ACK) !== 0) this.#events.onPingAck();
    else writePing(this.output, true, bytes, at);
  }

  /** RFC 9113 §6.8 */
  #goAway(bytes: Uint8Array, at: number, length: number, id: number): void {
    const { lastStreamId, code, debug } = readGoAway(bytes, at, length, id);
    // From a client it only says that it takes no pushes; its streams go on and it closes when it is done.
    if (!this.#server) {
      this.draining = true;
      for (const stream of this.#streams.values()) if (stream.id > lastStreamId) this.#abort(stream, REFUSED_STREAM, 'refused');
    }
    this.#events.onGoAway(lastStreamId, code, debug);
    this.#drainedMaybe();
  }

  /** RFC 9113 §6.9 */
  #windowUpdate(bytes: Uint8Array, at: number, length: number, id: number): void {
    const increment = readWindowUpdate(bytes, at, length);
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0 (RFC 9113 §6.9)');
      this.sender.grow(increment);
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#streams.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream (RFC 9113 §5.1)');
      return;
    }
    if (increment === 0) return this.#streamError(stream, { code: PROTOCOL_ERROR, reason: 'WINDOW_UPDATE of 0 (RFC 9113 §6.9)' });
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW) return this.#streamError(stream, { code: FLOW_CONTROL_ERROR, reason: 'stream window above 2^31-1 (RFC 9113 §6.9.1)' });
    if (stream.pending !== null) this.sender.enqueue(stream);
  }

  // ---- streams ------------------------------------------------------------------------------------------------------------------

  /** Open streams. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Client role: streams that the peer still takes. */
  get capacity(): number {
    if (this.draining || this.failed || !this.#settingsSeen || this.#streams.nextId > MAX_STREAM_ID) return 0;
    return Math.min(this.peer.maxConcurrentStreams, this.#options.maxOpened) - this.streamCount;
  }

  /** Client role: opens a stream. Check {@link capacity} first; the request is sent with {@link Http2Stream.sendHeaders} before another is opened. */
  open(sink: HalfSink): Http2Stream {
    const stream = this.#addStream(this.#streams.nextId, sink);
    this.#streams.nextId += 2;
    return stream;
  }

  #addStream(id: number, sink: HalfSink | null): Http2Stream {
    const stream = new Http2Stream(this, id, sink, this.peer.initialWindowSize, this.windows.initial);
    stream.state = 'open';
    this.#streams.add(stream);
    return stream;
  }

  closeStream(stream: Http2Stream): void {
    if (stream.state === 'closed') return;
    stream.state = 'closed';
    stream.pending = null;
    this.windows.shrink(stream.granted);
    this.#streams.delete(stream);
    this.#events.onStreamClosed(stream);
    this.#drainedMaybe();
  }

  resetByUs(stream: Http2Stream, code: number): void {
    writeRstStream(this.output, stream.id, code);
    this.#streams.rememberReset(stream.id);
    this.closeStream(stream);
  }

  #streamError(stream: Http2Stream, { code, reason }: StreamProblem): void {
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

  writeHeaders(streamId: number, fields: FieldList, extra: FieldList | null, endStream: boolean): void {
    writeHeaderBlock(this.output, this.#encoder, streamId, fields, extra, endStream, this.peer.maxFrameSize);
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
    if (this.failed || this.#streams.lastAccepted !== MAX_STREAM_ID) return;
    this.draining = true;
    this.#streams.lastAccepted = this.#streams.lastPeerId;
    writeGoAway(this.output, this.#streams.lastPeerId, NO_ERROR, debug);
    this.#drainedMaybe();
  }

  #drainedMaybe(): void {
    if (!this.draining || this.failed || this.streamCount > 0) return;
    if (this.#server && this.#streams.lastAccepted === MAX_STREAM_ID) return;
    this.#events.onDrained();
  }

  /** Ends the connection with GOAWAY(code): every stream is reset, the owner is told. The peer is told `debug`. */
  fail(code: number, reason: string, debug: string = reason): void {
    if (this.failed) return;
    writeGoAway(this.output, this.#streams.lastPeerId, code, debug);
    this.lost(code);
    this.#events.onConnectionError(code, reason);
  }

  /** The socket is gone: every stream hears of it. */
  lost(code: number): void {
    if (this.failed) return;
    this.failed = true;
    this.sender.clear();
    for (const stream of this.#streams.values()) this.#abort(stream, code, 'connection');
  }
}

const PING_PAYLOAD: Uint8Array = Buffer.from('pillion!', 'latin1');
