/**
 * Both ends of many connections and streams on which nothing happens.
 *
 *   node bench/idle-peer.ts serve PORT                       answers each request by a header section, and no more
 *   node bench/idle-peer.ts hold PORT CONNECTIONS STREAMS    prints "held" when all of CONNECTIONS × STREAMS are answered, and stays
 */
import { connect, createServer } from 'node:net';
import { HpackEncoder } from '../src/h2/hpack/encoder.ts';
import { ACK, frame, headers, HEADERS, MAX_CONCURRENT_STREAMS, PING, PREFACE, readFrames, request, RESPONSE, setting, SETTINGS } from './frames.ts';

/** More than is opened, so that a proxy needs few connections. */
const MOST_STREAMS = 100_000;
/** Connections that are being opened at once: a listening socket's backlog is limited. */
const AT_ONCE = 100;
/** Streams that wait for their answers at once: proxies limit what they keep for connections to come. */
const UNANSWERED = 1000;
const FIELDS = request('/idle/Stream');

function serve(port: number): void {
  createServer({ noDelay: true }, (socket) => {
    const encoder = new HpackEncoder();
    socket.write(setting(MAX_CONCURRENT_STREAMS, MOST_STREAMS));
    readFrames(socket, PREFACE.length, (type, _flags, id) => {
      if (type === HEADERS) socket.write(headers(id, RESPONSE, 0, encoder));
    });
  }).listen({ port, host: '127.0.0.1', backlog: 1024 });
}

async function hold(port: number, connections: number, streams: number): Promise<void> {
  let left = connections;
  const workers = Array.from({ length: Math.min(AT_ONCE, connections) }, async () => {
    while (left > 0) {
      left--;
      await open(port, streams, Math.ceil(UNANSWERED / Math.min(AT_ONCE, connections)));
    }
  });
  await Promise.all(workers);
  console.log('held');
}

/** Resolves when the peer's SETTINGS, or the answers to all streams, have come. */
function open(port: number, streams: number, unanswered: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const encoder = new HpackEncoder();
    let opened = 0;
    let answered = 0;
    const more = (): void => {
      const requests: Buffer[] = [];
      while (opened < streams && opened - answered < unanswered) requests.push(headers(opened++ * 2 + 1, FIELDS, 0, encoder));
      if (requests.length > 0) socket.write(Buffer.concat(requests));
    };
    socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, Buffer.alloc(0))]));
    readFrames(socket, 0, (type, flags) => {
      if (type === HEADERS) answered++;
      if (type === HEADERS || (type === SETTINGS && (flags & ACK) === 0)) more();
      if (type !== PING && answered === streams) resolve();
    });
    socket.once('close', () => reject(new Error(`closed after ${answered} of ${streams} streams`)));
  });
}

const [role, port = '', connections = '', streams = ''] = process.argv.slice(2);
if (role === 'serve') serve(Number(port));
else if (role === 'hold') await hold(Number(port), Number(connections), Number(streams));
