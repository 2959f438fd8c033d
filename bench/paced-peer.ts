/**
 * Unary calls at a rate, whatever becomes of them: at each millisecond as many as are due, on any of the connections.
 *
 *   node bench/paced-peer.ts PORT PATH CONNECTIONS CALLS-PER-SECOND SECONDS     prints Pace as JSON
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HpackEncoder } from '../src/h2/hpack/encoder.ts';
import { DATA, END_STREAM, frame, GOAWAY, headers, HEADERS, PREFACE, readFrames, request, RST_STREAM, SETTINGS, uint32, WINDOW_UPDATE } from './frames.ts';

/** Milliseconds from the request's departure to the end of the answer. */
export interface Pace {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
}

const MESSAGE = Buffer.alloc(5);
const WINDOW = 2 ** 30;
/** The first calls find cold connections, to the server too. */
const WARM_UP_MS = 300;

const [port = '', path = '', connections = '', rate = '', seconds = ''] = process.argv.slice(2);
const fields = request(path);
const times: number[] = [];
let underWay = 0;

class Client {
  readonly #socket: Socket;
  readonly #encoder = new HpackEncoder();
  readonly #startedAt: number[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, Buffer.alloc(0)), frame(WINDOW_UPDATE, 0, 0, uint32(WINDOW))]));
    readFrames(socket, 0, (type, flags, id) => {
      if (type === RST_STREAM || type === GOAWAY) throw new Error(`frame ${type} on stream ${id}`);
      if ((type !== HEADERS && type !== DATA) || (flags & END_STREAM) === 0) return;
      times.push(performance.now() - (this.#startedAt[id >> 1] ?? NaN));
      underWay--;
    });
  }

  call(): void {
    const id = this.#startedAt.length * 2 + 1;
    underWay++;
    this.#startedAt.push(performance.now());
    this.#socket.write(Buffer.concat([headers(id, fields, 0, this.#encoder), frame(DATA, END_STREAM, id, MESSAGE)]));
  }
}

const clients = await Promise.all(Array.from({ length: Number(connections) }, async () => {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return new Client(socket);
}));
const startedAt = performance.now();
let called = 0;
for (let elapsed = 0, warm = false; elapsed < Number(seconds) * 1000; elapsed = performance.now() - startedAt) {
  for (; called < (elapsed / 1000) * Number(rate); called++) clients[Math.floor(Math.random() * clients.length)]?.call();
  if (!warm && elapsed > WARM_UP_MS) {
    warm = true;
    times.length = 0;
  }
  await sleep(1);
}
while (underWay > 0) await sleep(1);
times.sort((a, b) => a - b);
const pace: Pace = { calls: times.length, p50: times[times.length >> 1] ?? NaN, p99: times[Math.floor(times.length * 0.99)] ?? NaN };
console.log(JSON.stringify(pace));
process.exit();
