/**
 * One HTTP/2 connection in either role (RFC 9113): octets in, calls on streams and octets out. It does no I/O and owns no timers:
 * sockets and tests drive the same code. README.md beside this file walks through it.
 */
import type { FieldList } from '../model/fields.ts';
import type { HalfSink, ResetCause } from '../model/exchange.ts';
import type { Output } from '../transport/output.ts';
import { Departure } from './departure.ts';
import { FrameReader } from './frame-reader.ts';
import { Glitches } from './glitches.ts';
import {
  ConnectionError, describeError, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, REFUSED_STREAM,
} from './errors.ts';
import {
  checkPing, DEPENDS_ON_ITSELF, priorityComplaint, readGoAway, readRstStream, readWindowUpdate, writePing, writeRstStream,
} from './frame/control.ts';
import { dataPadding } from './frame/data.ts';
import {
  CONTINUATION, DATA, FLAG_ACK, FLAG_END_STREAM, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE,
  RST_STREAM, SETTINGS, WINDOW_UPDATE,
} from './frame/header.ts';
import { writeHeaderBlock } from './frame/headers.ts';
import { initialSettings, readSettings, settingsAcknowledged, writeSettings, writeSettingsAck, type Settings } from './frame/settings.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { PREFACE } from './preface.ts';
import { ReceiveWindows } from './receive-windows.ts';
import { announcedLength, dataProblem, isInformational, sectionProblem, TOO_LARGE, type StreamProblem } from './section.ts';
import { Sender } from './sender.ts';
import type { ConnectionEvents, Http2Options } from './options.ts';
import { Http2Stream, type StreamOwner } from './stream.ts';
import { MAX_STREAM_ID, StreamTable } from './stream-table.ts';
import type { SectionKind } from './validate.ts';

const NOTHING = new Uint8Array(0);
const PING_PAYLOAD: Uint8Array = Buffer.from('pillion!', 'latin1');
/** What frames cost beside WINDOW_UPDATE, for glitches: a PING is answered by 17 octets, SETTINGS concern every stream. */
const PING_COST = 4;
const SETTINGS_COST = 8;

export class Http2Connection implements StreamOwner {
  readonly output: Output;
  readonly sender: Sender;
  readonly windows: ReceiveWindows;
  /** The peer's settings. */
  readonly peer: Settings = initialSettings();
  failed = false;
  readonly #options: Http2Options;
  readonly #events: ConnectionEvents;
  readonly #server: boolean;
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();
  readonly #reader: FrameReader;
  readonly headerBlock: HeaderBlock;
  readonly #streams: StreamTable;
  readonly #glitches: Glitches;
  readonly #departure: Departure;
  #settingsSeen = false;
  /** The peer goes by our SETTINGS (RFC 9113 §6.5.3). */
  settingsAcknowledged = false;

  constructor(output: Output, options: Http2Options, events: ConnectionEvents) {
    this.output = output;
    this.sender = new Sender(output);
    this.#options = options;
    this.#events = events;
    this.#server = options.role === 'server';
    this.#streams = new StreamTable(this.#server);
    this.#glitches = new Glitches(output, options, events);
    this.#departure = new Departure(output, this.#streams, this.#server);
    this.#decoder = new HpackDecoder(Math.max(options.settings.headerTableSize, this.peer.headerTableSize), options.settings.maxHeaderListSize);
    this.headerBlock = new HeaderBlock(options.settings.maxHeaderListSize, (id, bytes, at, end, ends, odd) => this.#section(id, bytes, at, end, ends, odd));
    this.#reader = new FrameReader(options, (bytes, at, length, type, flags, id) => this.#frame(bytes, at, length, type, flags, id));
    if (!this.#server) output.append(PREFACE);
    writeSettings(output, options.settings);
    this.windows = new ReceiveWindows(output, options.settings.initialWindowSize, options.connectionWindow, options.rxbuf);
  }

  // ---- octets in ----------------------------------------------------------------------------------------------------------------

  /** Takes `chunk[start, end)` from the socket. Never throws: what the peer did wrong is reported by events. */
  receive(chunk: Uint8Array, start: number, end: number): void {
    if (this.failed) return;
    try {
      this.#reader.read(chunk, start, end);
      if (this.output.waiting > this.#options.maxUnread) {
        throw new ConnectionError(ENHANCE_YOUR_CALM, `the peer does not read: ${this.output.waiting} bytes wait for it`);
      }
      if (this.#reader.holds) this.#events.onHeld();
    } catch (error) {
      const { code, reason, debug } = describeError(error);
      this.fail(code, reason, debug);
    }
  }

  /** Goes on with what {@link ConnectionEvents.onHeld} told of; true when that is all. */
  resume(): boolean {
    if (this.#reader.holds) this.receive(NOTHING, 0, 0);
    return !this.#reader.holds;
  }

  #frame(bytes: Uint8Array, at: number, length: number, type: number, flags: number, id: number): void {
    if (this.failed) return;
    if (!this.#settingsSeen && (type !== SETTINGS || (flags & FLAG_ACK) !== 0)) {
      throw new ConnectionError(PROTOCOL_ERROR, 'the first frame is not SETTINGS (RFC 9113 §3.4)');
    }
    if (this.headerBlock.streamId !== 0 && (type !== CONTINUATION || id !== this.headerBlock.streamId)) {
      throw new ConnectionError(PROTOCOL_ERROR, 'a frame between HEADERS and its CONTINUATION (RFC 9113 §6.10)');
    }
    switch (type) {
      case DATA:
        return this.#data(bytes, at, length, flags, id);
      case HEADERS:
        return this.headerBlock.headers(bytes, at, length, flags, id);
      case CONTINUATION:
        this.headerBlock.continuation(bytes, at, length, flags);
        return this.#glitches.frame('CONTINUATION');
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
        return this.#glitches.frame('frames of an unknown type'); // They are ignored (RFC 9113 §4.1).
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
    if (stream === undefined) return this.#onClosed(id, 'DATA');
    const endStream = (flags & FLAG_END_STREAM) !== 0;
    const problem = dataProblem(stream, length, padding, endStream);
    if (problem !== null) return this.#streamError(stream, problem);
    if (padding > 0) stream.credit(padding);
    if (start === end && !endStream) return this.#glitches.frame('empty DATA');
    const { sink } = stream;
    if (endStream) stream.endRemote();
    sink?.onData(stream, bytes, start, end, endStream);
  }

  /** A complete header block. It is decoded in any case: the table is shared by all streams (RFC 9113 §4.3). */
  #section(id: number, bytes: Uint8Array, at: number, end: number, endStream: boolean, dependsOnItself: boolean): void {
    const fields = this.#decoder.decode(bytes, at, end);
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      if (!this.#streams.isNew(id)) return this.#onClosed(id, 'HEADERS');
      this.#streams.openedByPeer(id);
      if (id > this.#streams.lastAccepted) return;
      if (this.streamCount >= this.#options.settings.maxConcurrentStreams) return this.#refuse(id);
      stream = this.#addStream(id, null);
      if (this.#streams.opened === this.#options.maxTotalStreams) this.#events.onRecycle(`tune.h2.fe.max-total-streams ${this.#streams.opened}`, false);
    }
    const kind: SectionKind = stream.headersSeen ? 'trailers' : this.#server ? 'request' : 'response';
    const problem = dependsOnItself ? DEPENDS_ON_ITSELF : sectionProblem(stream, fields, kind, endStream);
    if (problem === TOO_LARGE && kind === 'request') return this.#tooLarge(stream, endStream);
    if (problem !== null || fields === null) return this.#streamError(stream, problem ?? TOO_LARGE);
    const sink = (stream.sink ??= this.#events.onStream(stream));
    if (kind === 'response' && isInformational(fields)) {
      sink.onHeaders(stream, fields, false);
      return this.#glitches.frame('informational responses');
    }
    if (endStream) stream.endRemote();
    if (kind === 'trailers') return sink.onTrailers(stream, fields);
    stream.headersSeen = true;
    if (kind === 'request') stream.request = fields;
    stream.expectedLength = announcedLength(stream, fields, kind);
    sink.onHeaders(stream, fields, endStream);
  }

  #refuse(id: number): void {
    this.#streams.rememberReset(id);
    writeRstStream(this.output, id, REFUSED_STREAM);
    this.#events.onStreamError(id, REFUSED_STREAM, 'more concurrent streams than SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2)');
    this.#glitches.reset('streams beyond SETTINGS_MAX_CONCURRENT_STREAMS');
  }

  /** What was decoded of the request is enough to answer it (RFC 6585 §5). */
  #tooLarge(stream: Http2Stream, endStream: boolean): void {
    stream.headersSeen = true;
    stream.request = this.#decoder.beginning;
    if (endStream) stream.endRemote();
    this.#events.onTooLarge(stream, this.#decoder.beginning, endStream);
    this.#glitches.add(TOO_LARGE.reason);
  }

  /** A frame that needs a stream came where there is none. @throws ConnectionError */
  #onClosed(id: number, frame: string): void {
    this.#streams.checkClosed(id, frame);
    this.#glitches.frame(`${frame} on closed streams`);
  }

  /** RFC 9113 §6.3: deprecated, checked, ignored. */
  #priority(bytes: Uint8Array, at: number, length: number, id: number): void {
    if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'PRIORITY on stream 0 (RFC 9113 §6.3)');
    const stream = this.#streams.get(id);
    const wrong = priorityComplaint(bytes, at, length, id);
    if (wrong === null) return this.#glitches.frame('PRIORITY');
    if (stream !== undefined) return this.#streamError(stream, wrong);
    // There is no stream to reset (RFC 9113 §5.1).
    throw new ConnectionError(wrong.code, wrong.reason);
  }

  /** RFC 9113 §6.4 */
  #rstStream(bytes: Uint8Array, at: number, length: number, id: number): void {
    const code = readRstStream(bytes, at, length);
    this.#reader.resetRead();
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#streams.checkIdle(id, 'RST_STREAM');
      return this.#glitches.frame('RST_STREAM on closed streams');
    }
    this.#abort(stream, code, code === REFUSED_STREAM ? 'refused' : 'peer');
    if (this.#server) this.#glitches.reset('RST_STREAM');
  }

  /** RFC 9113 §6.5 */
  #settings(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    if (settingsAcknowledged(length, flags, id)) {
      if (this.settingsAcknowledged) return this.#glitches.frame('SETTINGS ACK');
      this.settingsAcknowledged = true;
      this.#decoder.setMaxTableSize(this.#options.settings.headerTableSize);
      this.windows.acknowledged();
      return;
    }
    const windowBefore = this.peer.initialWindowSize;
    readSettings(bytes, at, at + length, this.peer, !this.#server);
    this.#encoder.setMaxTableSize(this.peer.headerTableSize);
    const change = this.peer.initialWindowSize - windowBefore;
    if (change !== 0) this.#streams.changeSendWindows(change, this.sender);
    writeSettingsAck(this.output);
    if (this.#settingsSeen) return this.#glitches.frame('SETTINGS', SETTINGS_COST);
    this.#settingsSeen = true;
    this.windows.open();
    this.#events.onReady();
  }

  /** RFC 9113 §6.7 */
  #ping(bytes: Uint8Array, at: number, length: number, flags: number, id: number): void {
    checkPing(length, id);
    if ((flags & FLAG_ACK) !== 0) this.#events.onPingAck();
    else writePing(this.output, true, bytes, at);
    this.#glitches.frame('PING', PING_COST);
  }

  /** RFC 9113 §6.8 */
  #goAway(bytes: Uint8Array, at: number, length: number, id: number): void {
    const { lastStreamId, code, debug } = readGoAway(bytes, at, length, id);
    // From a client it only says that it takes no pushes; its streams go on and it closes when it is done.
    if (!this.#server) {
      this.#departure.taken(lastStreamId);
      for (const stream of this.#streams.values()) if (stream.id > lastStreamId) this.#abort(stream, REFUSED_STREAM, 'refused');
    }
    this.#events.onGoAway(lastStreamId, code, debug);
    this.#drainedMaybe();
    this.#glitches.frame('GOAWAY', SETTINGS_COST);
  }

  /** RFC 9113 §6.9 */
  #windowUpdate(bytes: Uint8Array, at: number, length: number, id: number): void {
    const increment = readWindowUpdate(bytes, at, length);
    this.#glitches.frame('WINDOW_UPDATE');
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0 (RFC 9113 §6.9)');
      return this.sender.grow(increment);
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#streams.checkIdle(id, 'WINDOW_UPDATE');
    const problem = stream.growSendWindow(increment);
    if (problem !== null) this.#streamError(stream, problem);
  }

  // ---- streams ------------------------------------------------------------------------------------------------------------------

  /** GOAWAY was received or sent: no new streams. */
  get draining(): boolean {
    return this.#departure.begun;
  }

  /** Open streams. */
  get streamCount(): number {
    return this.#streams.size;
  }

  openStreams(): Http2Stream[] {
    return this.#streams.values();
  }

  /** Client role: streams that the peer still takes. */
  get capacity(): number {
    if (this.draining || this.failed || !this.#settingsSeen) return 0;
    return Math.min(this.peer.maxConcurrentStreams, this.#options.maxOpened) - this.streamCount;
  }

  /** Client role: opens a stream. Check {@link capacity} first; the request is sent with {@link Http2Stream.sendHeaders} before another is opened. */
  open(sink: HalfSink): Http2Stream {
    const stream = this.#addStream(this.#streams.nextId, sink);
    this.#streams.nextId += 2;
    if (this.#streams.nextId > MAX_STREAM_ID) this.#departure.begun = true;
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
    this.sender.forget(stream);
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
    this.#glitches.add(reason);
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
    this.#departure.announce(debug);
    this.ping();
  }

  /** Second step: the last stream that is taken is named; the connection ends when the streams up to it have. */
  finishDrain(debug: string): void {
    if (!this.failed && this.#departure.finish(debug)) this.#drainedMaybe();
  }

  #drainedMaybe(): void {
    if (this.#departure.complete && !this.failed) this.#events.onDrained();
  }

  /** Ends the connection with GOAWAY(code): every stream is reset, the owner is told. The peer is told `debug`. */
  fail(code: number, reason: string, debug: string = reason): void {
    if (this.failed) return;
    this.#departure.fail(code, debug);
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
