/**
 * What a proxy lives with, sped up: clients that come and go, streams that end, are reset or left behind, servers that restart.
 *
 *   node bench/soak-load.ts SERVER-PORT SERVER-PORT RAW-SERVER-PORT PROXY-PORT PROXY-RAW-PORT     until stdin ends; prints what was done
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HpackEncoder } from '../src/h2/hpack/encoder.ts';
import { DATA, END_STREAM, frame, headers, HEADERS, PREFACE, readFrames, request, RESPONSE, RST_STREAM, SETTINGS, TRAILERS, uint32, WINDOW_UPDATE } from './frames.ts';

const CLIENTS = 12;
const RAW_CLIENTS = 4;
const STREAMS = 40;
const CANCEL = 8;
const RESTART_MS = 3000;
/** Below the window that a stream has. */
const MOST_BODY = 16_000;
const CREDIT = 2 ** 30;

const [portA = '', portB = '', rawPort = '', proxyPort = '', proxyRawPort = ''] = process.argv.slice(2);
const done = { streams: 0, reset: 0, failed: 0, connections: 0, raw: 0, restarts: 0 };
let running = true;
process.stdin.once('end', () => (running = false)).resume();

const random = (below: number): number => Math.floor(Math.random() * below);

/** SETTINGS, and mostly credit for the connection: with those that give none, streams get stuck. */
function greeting(): Buffer {
  const settings = frame(SETTINGS, 0, 0, Buffer.alloc(0));
  return random(5) === 0 ? settings : Buffer.concat([settings, frame(WINDOW_UPDATE, 0, 0, uint32(CREDIT))]);
}

/** Answers each request when it has ended; a few are reset or never answered. */
function serve(socket: Socket): void {
  const encoder = new HpackEncoder();
  socket.setNoDelay(true);
  socket.write(greeting());
  readFrames(socket, PREFACE.length, (type, flags, id) => {
    if ((type !== HEADERS && type !== DATA) || (flags & END_STREAM) === 0) return;
    const fate = random(100);
    if (fate < 3) socket.write(frame(RST_STREAM, 0, id, uint32(CANCEL)));
    else if (fate > 4) {
      const body = frame(DATA, 0, id, Buffer.alloc(random(fate < 10 ? MOST_BODY : 100)));
      socket.write(Buffer.concat([headers(id, RESPONSE, 0, encoder), body, headers(id, TRAILERS, END_STREAM, encoder)]));
    }
  });
}

/** A server that can be told to go, with its connections, and to come again on the same port. */
class Replica {
  readonly #port: number;
  readonly #serve: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(port: number, handler: (socket: Socket) => void) {
    this.#port = port;
    this.#serve = handler;
  }

  async start(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      this.#serve(socket);
    }).listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server !== null) await once(this.#server, 'close');
  }
}

/** One connection with some streams, of which some are reset, and which some leave open. */
async function client(): Promise<void> {
  const socket = connect({ port: Number(proxyPort), host: '127.0.0.1', noDelay: true });
  const encoder = new HpackEncoder();
  const open = new Set<number>();
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  socket.write(Buffer.concat([PREFACE, greeting()]));
  const ended = (id: number): void => {
    open.delete(id);
    if (open.size <= 2) resolve();
  };
  readFrames(socket, 0, (type, flags, id) => {
    if (type === RST_STREAM) done.failed++;
    else if ((type !== HEADERS && type !== DATA) || (flags & END_STREAM) === 0) return;
    else done.streams++;
    ended(id);
  });
  await Promise.race([once(socket, 'connect'), promise]).catch(() => {});
  const fields = request(`/soak.Service/Method${random(5)}`);
  for (let id = 1; id < 2 * (1 + random(STREAMS)); id += 2) {
    open.add(id);
    socket.write(headers(id, fields, 0, encoder));
    socket.write(frame(DATA, random(50) === 0 ? 0 : END_STREAM, id, Buffer.alloc(random(random(10) === 0 ? MOST_BODY : 50))));
    if (random(20) === 0) {
      socket.write(frame(RST_STREAM, 0, id, uint32(CANCEL)));
      done.reset++;
      ended(id);
    }
  }
  await Promise.race([promise, sleep(200)]);
  const farewell = random(4);
  if (farewell < 2) socket.end();
  else if (farewell === 2) socket.resetAndDestroy();
  socket.destroy();
  done.connections++;
}

async function rawClient(): Promise<void> {
  const socket = connect({ port: Number(proxyRawPort), host: '127.0.0.1' });
  socket.on('error', () => {}).resume();
  const closed = once(socket, 'close').catch(() => {});
  socket.write(Buffer.alloc(random(5) === 0 ? 1 << 20 : random(5000)));
  if (random(3) === 0) setTimeout(() => socket.destroy(), random(20));
  else socket.end();
  await closed;
  done.raw++;
}

async function repeat(work: () => Promise<void>, pauseMs: number): Promise<void> {
  while (running) {
    await work();
    await sleep(pauseMs);
  }
}

const replicas = [new Replica(Number(portA), serve), new Replica(Number(portB), serve), new Replica(Number(rawPort), (socket) => socket.pipe(socket))];
for (const replica of replicas) await replica.start();
console.log('ready');
await Promise.all([
  ...Array.from({ length: CLIENTS }, () => repeat(client, 5)),
  ...Array.from({ length: RAW_CLIENTS }, () => repeat(rawClient, 20)),
  repeat(async () => {
    await sleep(random(RESTART_MS));
    const replica = replicas[random(replicas.length)];
    await replica?.stop();
    await sleep(random(200));
    await replica?.start();
    done.restarts++;
  }, 0),
]);
for (const replica of replicas) await replica.stop();
console.log(JSON.stringify(done));
