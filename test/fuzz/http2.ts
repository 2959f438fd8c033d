/**
 * A whole connection in either role, fed with conversations that are valid, nearly valid, or no conversation at all, cut anywhere. Nothing
 * is thrown, nothing is written that HTTP/2 does not have, what waits stays bounded, and when the connection is over nothing is left of it.
 */
import assert from 'node:assert/strict';
import type { Half, HalfSink } from '../../src/model/exchange.ts';
import { FieldList } from '../../src/model/fields.ts';
import { Output } from '../../src/transport/output.ts';
import { Http2Connection } from '../../src/h2/connection.ts';
import { INTERNAL_ERROR } from '../../src/h2/errors.ts';
import { HpackEncoder } from '../../src/h2/hpack/encoder.ts';
import { clientOptions, serverOptions, type ConnectionEvents, type Http2Options } from '../../src/h2/options.ts';
import {
  ACK, CLIENT_PREFACE, CONTINUATION, DATA, END_HEADERS, END_STREAM, frame, FrameParser, GOAWAY, HEADERS, PADDED, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS,
  settings, settingsAck, uint32, WINDOW_UPDATE,
} from '../support/frames.ts';
import { randomList } from '../unit/h2/hpack/random-lists.ts';
import { runCase, type Case } from './case.ts';
import { cut, mutate, Random } from './random.ts';

const RXBUF = 100_000;
const LIMITS = {
  initialWindowSize: 200, rxbuf: RXBUF, maxConcurrentStreams: 8, maxFrameSize: 16_384, headerTableSize: 4096, glitchesThreshold: 100, maxTotalStreams: 0,
  maxFramesAtOnce: 0, maxRstAtOnce: 0,
};
/** What a sink may send in one go: credit is not minded here, so this bounds what waits. */
const MOST_SENT = 20_000;

const REQUEST = FieldList.of([':method', 'POST'], [':scheme', 'http'], [':path', '/a.B/C'], [':authority', 'x'], ['te', 'trailers']);
const RESPONSE = FieldList.of([':status', '200'], ['content-type', 'application/grpc']);
const TRAILERS = FieldList.of(['grpc-status', '0']);
const LISTS = [REQUEST, REQUEST, REQUEST, RESPONSE, RESPONSE, RESPONSE, TRAILERS, FieldList.of([':status', '103']), FieldList.of([':status', '204'], ['content-length', '3'])];

export function fuzzServer(seed: number): void {
  runCase('http2 server role', seed, (one) => connectionCase(one, 'server'));
}

export function fuzzClient(seed: number): void {
  runCase('http2 client role', seed, (one) => connectionCase(one, 'client'));
}

/** However the octets are cut, the same is made of them. */
export function fuzzCuts(seed: number): void {
  runCase('http2 cuts', seed, (one) => {
    const random = new Random(one);
    const octets = mutate(conversation(random, 'server'), random);
    return { octets, run: () => assert.deepEqual(answersTo(cut(octets, random)), answersTo([octets])) };
  });
}

/** What a server says whose application says nothing. */
function answersTo(pieces: readonly Buffer[]): Buffer {
  const written: Buffer[] = [];
  const output = new Output({
    write(bytes, done) {
      written.push(Buffer.from(bytes));
      done();
    },
    cork() {},
    uncork() {},
  }, Infinity, () => {});
  const sink: HalfSink = { onHeaders() {}, onData: (half, _chunk, start, end) => half.credit(end - start), onTrailers() {}, onReset() {}, onCredit() {} };
  const nothing = (): void => {};
  const connection = new Http2Connection(output, serverOptions({ ...LIMITS, glitchesThreshold: 0 }), {
    onStream: () => sink, onStreamClosed: nothing, onReady: nothing, onTooLarge: (stream) => stream.reset(1), onGlitch: nothing, onRecycle: nothing, onHeld: nothing,
    onGoAway: nothing, onPingAck: nothing, onStreamError: nothing, onConnectionError: nothing, onDrained: nothing,
  });
  for (const piece of pieces) connection.receive(piece, 0, piece.length);
  output.endTurn();
  return Buffer.concat(written);
}

function connectionCase(seed: number, role: 'server' | 'client'): Case {
  const random = new Random(seed);
  const octets = random.once(20) ? random.octets(random.below(2000)) : mutate(conversation(random, role), random);
  return { octets, run: () => feed(octets, role, random) };
}

// ---- what the peer says

function conversation(random: Random, role: 'server' | 'client'): Buffer {
  const encoder = new HpackEncoder();
  const parts: Buffer[] = role === 'server' ? [CLIENT_PREFACE] : [];
  parts.push(settings(...Array.from({ length: random.below(3) }, () => setting(random))));
  if (!random.once(5)) parts.push(settingsAck());
  for (let left = random.below(40); left > 0; left--) parts.push(anyFrame(random, role, encoder));
  return Buffer.concat(parts);
}

function setting(random: Random): readonly [number, number] {
  return random.pick([[1, 0], [1, 4096], [2, 0], [3, 3], [4, 0], [4, 10], [4, 65_535], [4, 0x7fff_ffff], [5, 16_384], [6, 100], [8, 1], [99, 7]] as const);
}

function anyFrame(random: Random, role: 'server' | 'client', encoder: HpackEncoder): Buffer {
  const id = 2 * random.below(random.once(10) ? 1000 : 12) + (random.once(40) ? 0 : 1);
  const end = random.once(3) ? END_STREAM : 0;
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return headersFrame(random, id, end, encoder, role);
    case 4:
    case 5:
    case 6:
      return random.once(4) ? frame(DATA, end | PADDED, id, Buffer.concat([Buffer.of(3), random.octets(random.below(100) + 3)])) : frame(DATA, end, id, Buffer.alloc(random.below(random.once(4) ? 400 : 150)));
    case 7:
      return frame(RST_STREAM, 0, id, uint32(random.below(14)));
    case 8:
    case 9:
      return frame(WINDOW_UPDATE, 0, random.once(3) ? 0 : id, uint32(random.pick([1, 100, 70_000, 0x7fff_0000])));
    case 10:
      return random.once(3) ? settings(setting(random)) : frame(PING, random.once(4) ? ACK : 0, 0, random.octets(8));
    case 11:
      return frame(PRIORITY, 0, id, Buffer.of(0, 0, 0, 0, 1));
    case 12:
      return random.once(4) ? frame(GOAWAY, 0, 0, uint32(id, 0)) : frame(random.below(256), random.below(256), id, random.octets(random.below(30)));
    default:
      return random.once(10) ? frame(PUSH_PROMISE, END_HEADERS, id, uint32(2)) : settingsAck();
  }
}

function headersFrame(random: Random, id: number, end: number, encoder: HpackEncoder, role: 'server' | 'client'): Buffer {
  const fields = random.once(6) ? randomList(random.float, 6) : random.once(2) ? (role === 'server' ? REQUEST : RESPONSE) : random.pick(LISTS);
  const out = Buffer.alloc(encoder.maxEncodedLength(fields, null));
  const block = out.subarray(0, encoder.encode(fields, null, out, 0));
  if (!random.once(6)) return frame(HEADERS, END_HEADERS | end, id, block);
  const at = random.below(block.length + 1);
  return Buffer.concat([frame(HEADERS, end, id, block.subarray(0, at)), frame(CONTINUATION, END_HEADERS, id, block.subarray(at))]);
}

// ---- what Pillion makes of it

/** An application that does whatever comes to its mind, and minds the order in which it is told of things. */
class Whimsical implements HalfSink {
  readonly #random: Random;
  /** By half: the message has ended, or the stream was reset. */
  readonly #over = new Set<Half>();
  readonly #said = new Map<Half, 'header' | 'all'>();
  #sent = 0;
  /** It takes all that comes, and says little. */
  readonly #calm: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#calm = random.once(2);
  }

  onHeaders(half: Half, _fields: FieldList, endStream: boolean): void {
    assert.ok(!this.#over.has(half), 'headers after the end');
    if (endStream) this.#over.add(half);
    this.act(half);
  }

  onData(half: Half, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    assert.ok(!this.#over.has(half), 'data after the end');
    assert.ok(start <= end && end <= chunk.length);
    if (endStream) this.#over.add(half);
    if (this.#calm || this.#random.once(2)) half.credit(end - start);
    this.act(half);
  }

  onTrailers(half: Half): void {
    assert.ok(!this.#over.has(half), 'trailers after the end');
    this.#over.add(half);
    this.act(half);
  }

  onReset(half: Half): void {
    assert.ok(half instanceof Object);
    this.#over.add(half);
  }

  onCredit(_half: Half, bytes: number): void {
    assert.ok(bytes > 0);
  }

  /** The header section of `half` has been sent, and maybe all. */
  began(half: Half, endStream: boolean): void {
    this.#said.set(half, endStream ? 'all' : 'header');
  }

  act(half: Half): void {
    if (this.#calm && !this.#random.once(10)) return;
    const said = this.#said.get(half);
    const last = this.#random.once(4);
    if (this.#random.once(30)) return half.reset(8);
    if (said === 'all') return;
    if (said === undefined) {
      this.began(half, last);
      return half.sendHeaders(RESPONSE, null, last);
    }
    if (this.#random.once(8)) {
      this.#said.set(half, 'all');
      return half.sendTrailers(TRAILERS);
    }
    const size = this.#random.below(2000);
    if (this.#sent + size > MOST_SENT) return;
    this.#sent += size;
    if (last) this.#said.set(half, 'all');
    half.sendData(Buffer.alloc(size), 0, size, last);
  }
}

function feed(octets: Buffer, role: 'server' | 'client', random: Random): void {
  const sink = new Whimsical(random);
  const written: Buffer[] = [];
  let ended = '';
  let held = false;
  const output = new Output({
    write(bytes, done) {
      written.push(Buffer.from(bytes));
      done();
    },
    cork() {},
    uncork() {},
  }, 65_536, () => connection.sender.pump());
  const events: ConnectionEvents = {
    onStream: () => sink,
    onStreamClosed() {},
    onReady() {},
    onTooLarge(stream) {
      stream.sink = sink;
    },
    onGlitch() {},
    onRecycle(reason) {
      connection.announceDrain(reason);
    },
    onHeld() {
      held = true;
    },
    onGoAway() {},
    onPingAck() {
      if (connection.draining) connection.finishDrain('drained');
    },
    onStreamError() {},
    onConnectionError(code, reason) {
      assert.equal(ended, '', 'two errors');
      assert.notEqual(code, INTERNAL_ERROR, reason);
      ended = reason;
    },
    onDrained() {},
  };
  const limits = { ...LIMITS, maxFramesAtOnce: random.pick([0, 0, 1, 3]), maxRstAtOnce: random.pick([0, 0, 1]) };
  const options: Http2Options = role === 'server' ? serverOptions(limits) : clientOptions(limits);
  const connection = new Http2Connection(output, options, events);
  for (const piece of cut(octets, random)) {
    connection.receive(piece, 0, piece.length);
    while (held) {
      held = false;
      connection.resume();
    }
    assert.ok(connection.streamCount <= Math.max(LIMITS.maxConcurrentStreams, 0), `${connection.streamCount} streams`);
    assert.ok(connection.sender.sendable >= 0, 'the window of the connection is below zero');
    for (const stream of connection.openStreams()) assert.ok(stream.receiveWindow >= 0, `the window of stream ${stream.id} is below zero`);
    if (role === 'client' && connection.capacity > 0 && random.once(2)) {
      const half = connection.open(sink);
      const endStream = random.once(2);
      sink.began(half, endStream);
      half.sendHeaders(REQUEST, null, endStream);
      sink.act(half);
    }
    for (const stream of connection.openStreams()) if (random.once(10)) sink.act(stream);
    if (random.once(3)) output.endTurn();
  }
  connection.lost(2);
  output.endTurn();
  assert.equal(connection.streamCount, 0, 'streams are left');
  assert.deepEqual(connection.openStreams(), []);
  assert.equal(connection.windows.adjust(0, Infinity), RXBUF >> 1, 'what streams were granted has come back');
  // Nothing was written that HTTP/2 does not have; the parser decodes header blocks with another codec.
  const said = Buffer.concat(written);
  const frames = new FrameParser().push(role === 'client' ? said.subarray(CLIENT_PREFACE.length) : said);
  assert.ok(said.length < 2 ** 20 + 20 * octets.length, `${said.length} octets were written`);
  const over = new Map<number, number>();
  for (const { type, flags, id, payload } of frames) {
    const last = over.get(id);
    assert.ok(last === undefined || type === WINDOW_UPDATE || type === RST_STREAM, `type ${type} on stream ${id} after its end`);
    assert.ok(last !== RST_STREAM, `type ${type} on stream ${id} after RST_STREAM`);
    if (type === RST_STREAM || ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0)) over.set(id, type);
    assert.ok(type <= WINDOW_UPDATE && type !== PUSH_PROMISE && type !== PRIORITY, `frame of type ${type}`);
    if (type !== WINDOW_UPDATE) assert.equal(id === 0, type === SETTINGS || type === PING || type === GOAWAY, `type ${type} on stream ${id}`);
    if (type === WINDOW_UPDATE) assert.ok(payload.readInt32BE(0) > 0, 'WINDOW_UPDATE');
    assert.ok(payload.length <= 16_384 || type === HEADERS);
  }
}
