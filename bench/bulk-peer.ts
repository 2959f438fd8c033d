/**
 * Both ends of a bulk transfer over cleartext HTTP/2, as cheap as they can be: frames are made once and written again and again, and
 * what is read is counted where it lies.
 *
 *   node bench/bulk-peer.ts serve PORT
 *   node bench/bulk-peer.ts load PORT up|down STREAMS MEGABYTES     prints a Report as JSON
 *
 * A stream carries gRPC messages of about 1 MiB, to the server (up) or from it (down). Beside them one unary call after another is
 * made on the same connection, and timed.
 */
import { connect, createServer, type Socket } from 'node:net';
import { HpackDecoder } from '../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../src/h2/hpack/encoder.ts';
import type { FieldList } from '../src/model/fields.ts';
import { readIntoBuffers } from '../src/transport/reused-reads.ts';
import {
  ACK, DATA, END_STREAM, frame, GOAWAY, headers, HEADERS, INITIAL_WINDOW_SIZE, PING, PREFACE, request, RESPONSE, RST_STREAM, setting,
  SETTINGS, TRAILERS, uint32, WINDOW_UPDATE,
} from './frames.ts';

export interface Report {
  readonly bytes: number;
  readonly seconds: number;
  /** Octets of the stream that got most and of the one that got least when the first had all of its own. */
  readonly largest: number;
  readonly smallest: number;
  /** Of the unary calls beside the transfer, milliseconds, in ascending order. */
  readonly unary: readonly number[];
}

/** Four of these fill the window that a stream has without settings. */
const FRAME = 16_380;
const FRAMES = 64;
const MESSAGE = FRAME * FRAMES;
const WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 2 ** 30;
/** Octets in front of the socket above which nothing more is written. */
const HIGH_WATER = 1024 * 1024;
interface Stream {
  readonly id: number;
  window: number;
  received: number;
  uncredited: number;
  /** What is left to send, octets; and whether trailers end it. */
  left: number;
  trailers: boolean;
  frames: Buffer | null;
  next: number;
  onEnd: () => void;
}

/** One end of a connection. */
class Peer {
  onRequest: (stream: Stream, path: string) => void = () => {};
  onData: (stream: Stream) => void = () => {};
  readonly socket: Socket;
  readonly #server: boolean;
  readonly #encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder(4096, 65_536);
  readonly #streams = new Map<number, Stream>();
  #sending: Stream[] = [];
  #initialWindow = 65_535;
  #window = 65_535;
  #uncredited = 0;
  #nextId = 1;
  #prefaceLeft: number;
  /** The header of the frame that is being read, as far as it came; then what is left of its payload. */
  readonly #header = Buffer.alloc(9);
  #headerLength = 0;
  #payloadLeft = 0;
  #payload: Buffer[] = [];

  constructor(socket: Socket, server: boolean) {
    this.socket = socket;
    this.#server = server;
    this.#prefaceLeft = server ? PREFACE.length : 0;
    if (!server) socket.write(PREFACE);
    socket.write(setting(INITIAL_WINDOW_SIZE, WINDOW));
    socket.write(frame(WINDOW_UPDATE, 0, 0, uint32(CONNECTION_WINDOW)));
    socket.on('drain', () => this.#pump());
    socket.on('error', () => {});
    const buffer = Buffer.allocUnsafeSlow(512 * 1024);
    const reused = readIntoBuffers(socket, buffer, () => buffer, (size) => {
      this.#read(buffer, size);
      return true;
    });
    if (!reused) socket.on('data', (chunk: Buffer) => this.#read(chunk, chunk.length));
    socket.resume();
  }

  open(path: string, endStream: boolean): Stream {
    const stream = this.#add(this.#nextId);
    this.#nextId += 2;
    this.#headers(stream, request(path), endStream ? END_STREAM : 0);
    return stream;
  }

  respond(stream: Stream): void {
    this.#headers(stream, RESPONSE, 0);
  }

  end(stream: Stream): void {
    this.#headers(stream, TRAILERS, END_STREAM);
    this.#streams.delete(stream.id);
  }

  /** Sends an empty message. */
  sendEmpty(stream: Stream, flags: number): void {
    this.socket.write(frame(DATA, flags, stream.id, Buffer.alloc(5)));
    stream.window -= 5;
    this.#window -= 5;
  }

  /** Sends `bytes`, a multiple of {@link MESSAGE}, and the end of the stream: trailers or a flag. */
  sendBulk(stream: Stream, bytes: number, trailers: boolean): void {
    stream.left = bytes;
    stream.trailers = trailers;
    stream.frames = framesOf(stream.id);
    this.#sending.push(stream);
    this.#pump();
  }

  #add(id: number): Stream {
    const stream: Stream = {
      id, window: this.#initialWindow, received: 0, uncredited: 0, left: 0, trailers: false, frames: null, next: 0, onEnd: () => {},
    };
    this.#streams.set(id, stream);
    return stream;
  }

  #headers(stream: Stream, fields: FieldList, flags: number): void {
    this.socket.write(headers(stream.id, fields, flags, this.#encoder));
  }

  /** Each stream in turn writes up to four frames, for as long as there is room. */
  #pump(): void {
    this.socket.cork();
    for (let sent = true; sent && this.socket.writableLength < HIGH_WATER; ) {
      sent = false;
      for (const stream of this.#sending) if (this.#sendSome(stream)) sent = true;
    }
    this.#sending = this.#sending.filter((stream) => stream.left > 0);
    this.socket.uncork();
  }

  #sendSome(stream: Stream): boolean {
    const room = Math.min(stream.left, stream.window, this.#window);
    const count = Math.min(4, FRAMES - stream.next, Math.floor(room / FRAME));
    if (count === 0 || stream.frames === null) return false;
    const size = 9 + FRAME;
    this.socket.write(stream.frames.subarray(stream.next * size, (stream.next + count) * size));
    stream.next = (stream.next + count) % FRAMES;
    stream.window -= count * FRAME;
    this.#window -= count * FRAME;
    stream.left -= count * FRAME;
    if (stream.left === 0) {
      if (stream.trailers) this.end(stream);
      else this.socket.write(frame(DATA, END_STREAM, stream.id, Buffer.alloc(0)));
    }
    return true;
  }

  #read(chunk: Buffer, end: number): void {
    let at = Math.min(this.#prefaceLeft, end);
    this.#prefaceLeft -= at;
    while (at < end) {
      if (this.#headerLength < 9) {
        this.#header[this.#headerLength++] = chunk[at++] as number;
        if (this.#headerLength < 9) continue;
        this.#payloadLeft = this.#header.readUIntBE(0, 3);
      }
      const type = this.#header[3] as number;
      const size = Math.min(this.#payloadLeft, end - at);
      if (type === DATA) this.#data(size);
      else if (size > 0) this.#payload.push(Buffer.from(chunk.subarray(at, at + size)));
      at += size;
      this.#payloadLeft -= size;
      if (this.#payloadLeft > 0) continue;
      this.#headerLength = 0;
      this.#frame(type, this.#header[4] as number, this.#header.readUInt32BE(5));
    }
  }

  #data(size: number): void {
    const stream = this.#streams.get(this.#header.readUInt32BE(5));
    this.#uncredited += size;
    if (this.#uncredited > CONNECTION_WINDOW / 2) {
      this.socket.write(frame(WINDOW_UPDATE, 0, 0, uint32(this.#uncredited)));
      this.#uncredited = 0;
    }
    if (stream === undefined) return;
    stream.received += size;
    stream.uncredited += size;
    if (stream.uncredited >= WINDOW / 2) {
      this.socket.write(frame(WINDOW_UPDATE, 0, stream.id, uint32(stream.uncredited)));
      stream.uncredited = 0;
    }
    this.onData(stream);
  }

  #frame(type: number, flags: number, id: number): void {
    const payload = this.#payload.length === 1 ? (this.#payload[0] as Buffer) : Buffer.concat(this.#payload);
    this.#payload = [];
    if (type === WINDOW_UPDATE) {
      if (id === 0) this.#window += payload.readUInt32BE();
      const stream = this.#streams.get(id);
      if (stream !== undefined) stream.window += payload.readUInt32BE();
      this.#pump();
    } else if (type === SETTINGS && (flags & ACK) === 0) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) !== INITIAL_WINDOW_SIZE) continue;
        const window = payload.readUInt32BE(at + 2);
        for (const stream of this.#streams.values()) stream.window += window - this.#initialWindow;
        this.#initialWindow = window;
      }
      this.socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    } else if (type === PING && (flags & ACK) === 0) {
      this.socket.write(frame(PING, ACK, 0, payload));
    } else if (type === HEADERS) {
      const fields = this.#decoder.decode(payload, 0, payload.length);
      const path = fields?.get(':path');
      if (path !== undefined) this.onRequest(this.#add(id), path);
    } else if (type === RST_STREAM || type === GOAWAY) {
      if (!this.#server) throw new Error(`frame ${type} on stream ${id}: ${payload.toString('hex')}`);
      this.#sending = this.#sending.filter((stream) => stream.id !== id);
      this.#streams.delete(id);
    }
    if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0) {
      const stream = this.#streams.get(id);
      // A server's stream lives until it has answered.
      if (!this.#server) this.#streams.delete(id);
      stream?.onEnd();
    }
  }
}

/** A message in frames of the stream. */
function framesOf(id: number): Buffer {
  const frames: Buffer[] = [];
  for (let index = 0; index < FRAMES; index++) {
    const payload = Buffer.alloc(FRAME, 0x61);
    if (index === 0) {
      payload[0] = 0;
      payload.writeUInt32BE(MESSAGE - 5, 1);
    }
    frames.push(frame(DATA, 0, id, payload));
  }
  return Buffer.concat(frames);
}

function serve(port: number): void {
  createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    const peer = new Peer(socket, true);
    peer.onRequest = (stream, path) => {
      const [, kind, bytes] = path.split('/');
      peer.respond(stream);
      if (kind === 'down') {
        peer.sendBulk(stream, Number(bytes), true);
      } else {
        stream.onEnd = () => {
          peer.sendEmpty(stream, 0);
          peer.end(stream);
        };
      }
    };
  }).listen(port, '127.0.0.1');
}

async function load(port: number, direction: string, streams: number, megabytes: number): Promise<Report> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const peer = new Peer(socket, false);
  const each = Math.max(1, Math.round((megabytes * 1e6) / MESSAGE / streams)) * MESSAGE;
  const unary: number[] = [];
  let running = true;
  const bulk: Stream[] = [];
  let shares: number[] = [];
  const share = (): void => {
    if (shares.length === 0) shares = bulk.map((stream) => (direction === 'up' ? each - stream.left : stream.received));
  };
  const callOnce = (): void => {
    const startedAt = performance.now();
    const stream = peer.open('/unary/0', false);
    peer.sendEmpty(stream, END_STREAM);
    stream.onEnd = () => {
      unary.push(performance.now() - startedAt);
      if (running) setTimeout(callOnce, 1);
    };
  };
  const startedAt = performance.now();
  const ends = Array.from({ length: streams }, async () => {
    const stream = peer.open(`/${direction}/${each}`, direction === 'down');
    bulk.push(stream);
    if (direction === 'up') peer.sendBulk(stream, each, false);
    await new Promise<void>((resolve) => {
      stream.onEnd = resolve;
    });
    share();
  });
  callOnce();
  await Promise.all(ends);
  running = false;
  const seconds = (performance.now() - startedAt) / 1000;
  socket.destroy();
  return { bytes: each * streams, seconds, largest: Math.max(...shares), smallest: Math.min(...shares), unary: unary.toSorted((a, b) => a - b) };
}

const [role, port = '', direction = '', streams = '', megabytes = ''] = process.argv.slice(2);
if (role === 'serve') serve(Number(port));
else if (role === 'load') console.log(JSON.stringify(await load(Number(port), direction, Number(streams), Number(megabytes))));
