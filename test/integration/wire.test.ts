/** What is unusual on the wire, octet by octet, through real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import {
  block, CLIENT_PREFACE, CONTINUATION, DATA, data, END_HEADERS, END_STREAM, field, frame, GET_REQUEST, GRPC_REQUEST, GRPC_RESPONSE, HEADERS, headers, message,
  PADDED, settings, settingsAck, uint32,
} from '../support/frames.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { connectRaw, RawPeer, RawServer } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const OK_TRAILERS = [['grpc-status', '0']] as const;

describe('the wire', () => {
  const defer = cleanUpAfterEach();

  async function setUp(mode: 'auto' | 'grpc' = 'auto', ...serverSettings: readonly (readonly [number, number])[]): Promise<{ pillion: Pillion; server: RawServer }> {
    const server = new RawServer(...serverSettings);
    defer(() => server.close());
    const pillion = await startPillion(grpcConfiguration([`server a 127.0.0.1:${await server.listen()}`], mode));
    defer(() => pillion.stop());
    return { pillion, server };
  }

  async function client(pillion: Pillion, ...values: readonly (readonly [number, number])[]): Promise<RawPeer> {
    const peer = await connectRaw(pillion.port, ...values);
    defer(() => peer.destroy());
    return peer;
  }

  it('passes informational responses before the final one', async () => {
    const { pillion, server } = await setUp();
    const peer = await client(pillion);
    peer.send(headers(1, GET_REQUEST, END_STREAM));
    const upstream = await server.accept();
    const { id } = await upstream.take(HEADERS);
    upstream.send(headers(id, [[':status', '100']]), headers(id, [[':status', '103'], ['link', '</a.css>; rel=preload']]));
    upstream.send(headers(id, [[':status', '200'], ['content-length', '2']]), data(id, 'ok', END_STREAM));
    assert.equal(field(await peer.take(HEADERS, 1), ':status'), '100');
    const early = await peer.take(HEADERS, 1);
    assert.deepEqual(early.fields, [[':status', '103'], ['link', '</a.css>; rel=preload']]);
    assert.equal(early.flags & END_STREAM, 0);
    assert.equal(field(await peer.take(HEADERS, 1), ':status'), '200');
    const body = await peer.take(DATA, 1);
    assert.deepEqual([body.payload.toString(), body.flags & END_STREAM], ['ok', END_STREAM]);
  });

  it('passes trailers-only responses as one header section', async () => {
    const { pillion, server } = await setUp();
    const peer = await client(pillion);
    peer.send(headers(1, GRPC_REQUEST, END_STREAM));
    const upstream = await server.accept();
    const { id } = await upstream.take(HEADERS);
    upstream.send(headers(id, [...GRPC_RESPONSE, ['grpc-status', '5'], ['grpc-message', 'not%20here']], END_STREAM));
    const response = await peer.take(HEADERS, 1);
    assert.equal(response.flags & END_STREAM, END_STREAM);
    assert.deepEqual(response.fields, [...GRPC_RESPONSE, ['grpc-status', '5'], ['grpc-message', 'not%20here']]);
    assert.equal(peer.seen.filter(({ id: stream }) => stream === 1).length, 1);
  });

  it('takes padding and priority off, on both sides, and gives credit for the padding', async () => {
    const { pillion, server } = await setUp();
    const peer = await client(pillion);
    const padding = 200;
    const padded = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(padding), bytes, Buffer.alloc(padding)]);
    const priority = Buffer.concat([uint32(0), Buffer.of(16)]);
    const section = Buffer.concat([Buffer.of(padding), priority, block(GRPC_REQUEST), Buffer.alloc(padding)]);
    peer.send(frame(HEADERS, END_HEADERS | PADDED | 0x20, 1, section));
    const upstream = await server.accept();
    const request = await upstream.take(HEADERS);
    assert.deepEqual(request.fields, GRPC_REQUEST);
    // More padding than the window of a stream or the connection would carry if none of it were given back.
    const rounds = 6000;
    const long = message('x'.repeat(rounds - 5));
    for (let round = 0; round < rounds; round++) {
      peer.send(frame(DATA, PADDED, 1, padded(long.subarray(round, round + 1))));
      if (round % 100 === 99) await peer.settled(String(round).padEnd(8));
    }
    const came: Buffer[] = [];
    for (let size = 0; size < rounds; size += came.at(-1)?.length ?? 0) came.push((await upstream.take(DATA, request.id)).payload);
    assert.deepEqual(Buffer.concat(came), long);
    peer.send(frame(DATA, PADDED | END_STREAM, 1, padded(Buffer.alloc(0))));
    await upstream.sees(({ type, flags, id }) => type === DATA && id === request.id && (flags & END_STREAM) !== 0);
    upstream.send(frame(HEADERS, END_HEADERS | PADDED, request.id, padded(block(GRPC_RESPONSE))), frame(DATA, PADDED, request.id, padded(message('there'))));
    upstream.send(frame(HEADERS, END_HEADERS | END_STREAM | PADDED, request.id, padded(block(OK_TRAILERS))));
    assert.deepEqual((await peer.take(HEADERS, 1)).fields, GRPC_RESPONSE);
    assert.deepEqual((await peer.take(DATA, 1)).payload, message('there'));
    assert.deepEqual((await peer.take(HEADERS, 1)).fields, OK_TRAILERS);
  });

  it('reads CONTINUATION, and writes it where the section is longer than a frame', async () => {
    const { pillion, server } = await setUp();
    const peer = await client(pillion);
    const fields = [...GRPC_REQUEST, ...Array.from({ length: 40 }, (_, index) => [`x-${index}`, String(index % 10).repeat(1000)] as const)];
    const whole = block(fields);
    const cuts = [0, 1, 5, 16_000, 30_000, 30_000, whole.length];
    for (let part = 0; part + 1 < cuts.length; part++) {
      const last = part + 2 === cuts.length;
      peer.send(frame(part === 0 ? HEADERS : CONTINUATION, (last ? END_HEADERS : 0) | (part === 0 ? END_STREAM : 0), 1, whole.subarray(cuts[part], cuts[part + 1])));
    }
    const upstream = await server.accept();
    const request = await upstream.take(HEADERS);
    assert.deepEqual(request.fields, fields);
    assert.equal(request.flags & END_STREAM, END_STREAM);
    upstream.send(headers(request.id, GRPC_RESPONSE), headers(request.id, OK_TRAILERS, END_STREAM));
    await peer.take(HEADERS, 1);
    assert.deepEqual((await peer.take(HEADERS, 1)).fields, OK_TRAILERS);
  });

  it('passes request trailers', async () => {
    const { pillion, server } = await setUp();
    const peer = await client(pillion);
    peer.send(headers(1, GRPC_REQUEST), data(1, message('x')), headers(1, [['x-sum', '1']], END_STREAM));
    const upstream = await server.accept();
    const { id } = await upstream.take(HEADERS);
    const last = await upstream.take(HEADERS, id);
    assert.deepEqual([last.fields, last.flags & END_STREAM], [[['x-sum', '1']], END_STREAM]);
  });

  for (const mode of ['auto', 'grpc'] as const) {
    it(`understands a request cut in two anywhere, in mode ${mode}`, async () => {
      const { pillion, server } = await setUp(mode);
      server.onPeer(async (upstream) => {
        for (;;) {
          const { id, payload } = await upstream.take(DATA);
          upstream.send(headers(id, GRPC_RESPONSE), data(id, payload), headers(id, OK_TRAILERS, END_STREAM));
        }
      });
      const octets = Buffer.concat([CLIENT_PREFACE, settings([3, 100]), headers(1, GRPC_REQUEST), data(1, message('cut'), END_STREAM), settingsAck()]);
      const tryCut = async (cut: number): Promise<void> => {
        const socket = connect({ port: pillion.port, host: '127.0.0.1', noDelay: true });
        const peer = new RawPeer(socket, false);
        try {
          await once(socket, 'connect');
          socket.write(octets.subarray(0, cut));
          // The two halves must arrive apart: the proxy has read as much as was sent before the rest follows.
          await until(() => pillion.proxy.counted.frontends[0] !== undefined && socket.bytesWritten === cut);
          await new Promise(setImmediate);
          await new Promise(setImmediate);
          socket.write(octets.subarray(cut));
          assert.deepEqual((await peer.take(DATA, 1)).payload, message('cut'), `cut at ${cut}`);
        } finally {
          peer.destroy();
        }
      };
      for (let cut = 1; cut < octets.length; cut += 8) {
        await Promise.all(Array.from({ length: Math.min(8, octets.length - cut) }, (_, offset) => tryCut(cut + offset)));
      }
    });
  }

  it('understands a request and an answer that come octet by octet', async () => {
    const { pillion, server } = await setUp();
    const drip = async (peer: RawPeer, octets: Buffer): Promise<void> => {
      for (const octet of octets) {
        peer.send(Buffer.of(octet));
        await new Promise(setImmediate);
      }
    };
    const peer = await client(pillion);
    await drip(peer, Buffer.concat([headers(1, GRPC_REQUEST), data(1, message('drip'), END_STREAM)]));
    const upstream = await server.accept();
    const { id } = await upstream.take(DATA);
    await drip(upstream, Buffer.concat([headers(id, GRPC_RESPONSE), data(id, message('drop')), headers(id, OK_TRAILERS, END_STREAM)]));
    assert.deepEqual((await peer.take(HEADERS, 1)).fields, GRPC_RESPONSE);
    assert.deepEqual((await peer.take(DATA, 1)).payload, message('drop'));
    assert.deepEqual((await peer.take(HEADERS, 1)).fields, OK_TRAILERS);
  });

  it('spreads streams over connections when the server allows only a few on each', async () => {
    const { pillion, server } = await setUp('auto', [3, 2]);
    const running = new Map<RawPeer, number>();
    server.onPeer(async (upstream) => {
      for (;;) {
        await upstream.take(HEADERS);
        running.set(upstream, (running.get(upstream) ?? 0) + 1);
      }
    });
    const peer = await client(pillion);
    for (let id = 1; id < 14; id += 2) peer.send(headers(id, GRPC_REQUEST, END_STREAM));
    await until(() => [...running.values()].reduce((sum, one) => sum + one, 0) === 7);
    assert.deepEqual([...running.values()].toSorted((a, b) => b - a), [2, 2, 2, 1]);
  });

  it('ignores frames and settings that it does not know', async () => {
    const { pillion, server } = await setUp();
    const peer = await client(pillion, [0x5a5a, 7]);
    peer.send(frame(0xee, 0xff, 0, Buffer.alloc(20)), frame(0x10, 0, 3, Buffer.from('u=1')), headers(1, GRPC_REQUEST, END_STREAM));
    const upstream = await server.accept();
    upstream.send(frame(0xee, 0xff, 1, Buffer.alloc(20)));
    const { id } = await upstream.take(HEADERS);
    upstream.send(headers(id, GRPC_RESPONSE), headers(id, OK_TRAILERS, END_STREAM));
    await peer.take(HEADERS, 1);
    assert.deepEqual((await peer.take(HEADERS, 1)).fields, OK_TRAILERS);
  });
});
