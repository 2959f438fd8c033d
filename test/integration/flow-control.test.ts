/** Back-pressure: who does not read holds up nobody else, and nothing piles up in between. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { DATA, data, END_STREAM, GRPC_REQUEST, GRPC_RESPONSE, HEADERS, headers, settings, WINDOW_UPDATE, windowUpdate } from '../support/frames.ts';
import { collect, EchoClient, startReplica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { connectRaw, RawServer, type RawPeer } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const INITIAL_WINDOW_SIZE = 4;
const MIB = 1024 * 1024;
/** Octets by which the windows of a connection's streams may grow: the default of tune.h2.be.rxbuf. */
const RXBUF = 1600 * 1024;
/** What the kernel takes between two sockets, with room. */
const KERNEL = 16 * MIB;

describe('flow control', () => {
  const defer = cleanUpAfterEach();

  async function behind(port: number): Promise<Pillion> {
    const pillion = await startPillion(grpcConfiguration([`server a 127.0.0.1:${port}`], 'grpc'));
    defer(() => pillion.stop());
    return pillion;
  }

  async function raw(...values: readonly (readonly [number, number])[]): Promise<{ client: RawPeer; upstream: () => Promise<RawPeer>; pillion: Pillion }> {
    const server = new RawServer();
    defer(() => server.close());
    const pillion = await behind(await server.listen());
    const client = await connectRaw(pillion.port, ...values);
    defer(() => client.destroy());
    return { client, pillion, upstream: () => server.accept() };
  }

  const received = (peer: RawPeer, id: number): number => peer.seen.reduce((sum, frame) => sum + (frame.type === DATA && frame.id === id ? frame.payload.length : 0), 0);
  const credit = (peer: RawPeer, id: number): number => peer.seen.reduce((sum, frame) => sum + (frame.type === WINDOW_UPDATE && frame.id === id ? frame.payload.readUInt32BE() : 0), 0);

  /** Sends as much as windows allow until it stalls: the peer has answered a PING and gave no more credit. */
  async function fill(peer: RawPeer, id: number): Promise<number> {
    let sent = 0;
    for (;;) {
      let room = 65_535 + credit(peer, id) - sent;
      if (room === 0) {
        await peer.settled(`f${String(sent).padEnd(7)}`.slice(0, 8));
        room = 65_535 + credit(peer, id) - sent;
        if (room === 0) return sent;
      }
      const size = Math.min(room, 16_384);
      peer.send(data(id, Buffer.alloc(size)));
      sent += size;
    }
  }

  it('does not let a stream that is not read stall others on the same connections', async () => {
    const replica = await startReplica({
      serverStream: (call) => {
        const chunk = Buffer.alloc(256 * 1024);
        let left = 64;
        const more = (): void => {
          while (left > 0) {
            left--;
            if (!call.write(chunk)) return void call.once('drain', more);
          }
          call.end();
        };
        more();
      },
    });
    defer(() => replica.kill());
    const pillion = await behind(replica.port);
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    const stalled = client.serverStream('x');
    stalled.pause();
    stalled.on('error', () => {});
    await once(stalled, 'metadata');
    for (let index = 0; index < 20; index++) assert.equal((await client.unary('quick')).response.toString(), 'quick');
    const through = pillion.proxy.counted.frontends[0]?.counters.bytesOut ?? Infinity;
    assert.ok(through < 4 * MIB, `${through} octets of 16 MiB were let through`);
    const all = await collect(stalled);
    assert.equal(all.length, 64);
    assert.ok(all.every(({ length }) => length === 256 * 1024));
  });

  it('gives a server no more credit than the client takes', async () => {
    const { client, upstream } = await raw([INITIAL_WINDOW_SIZE, 1000]);
    client.send(headers(1, GRPC_REQUEST, END_STREAM), headers(3, GRPC_REQUEST, END_STREAM));
    const server = await upstream();
    await server.take(HEADERS);
    await server.take(HEADERS);
    server.send(headers(1, GRPC_RESPONSE), headers(3, GRPC_RESPONSE));
    const sent = await fill(server, 1);
    assert.ok(sent <= 2 * 65_535, `${sent} octets were taken from the server, 1000 by the client`);
    await client.settled();
    assert.equal(received(client, 1), 1000);
    server.send(data(3, 'other', END_STREAM));
    await client.sees(({ type, id }) => type === DATA && id === 3);
    client.send(windowUpdate(0, 1_000_000), windowUpdate(1, 100_000));
    await until(() => received(client, 1) === Math.min(sent, 101_000));
  });

  it('gives a client no more credit than the server takes, while no server is there too', async () => {
    const { client, upstream } = await raw();
    client.send(headers(1, GRPC_REQUEST));
    const server = await upstream();
    server.send(settings([INITIAL_WINDOW_SIZE, 500]));
    await server.take(HEADERS);
    await server.settled();
    const sent = await fill(client, 1);
    assert.ok(sent <= 2 * 65_535, `${sent} octets were taken from the client, 500 by the server`);
    assert.equal(received(server, 1), 500);
    server.send(windowUpdate(1, 200_000), windowUpdate(0, 200_000));
    await until(() => received(server, 1) === sent);
  });

  it('honours a window that shrinks below nothing and grows again', async () => {
    const { client, upstream } = await raw([INITIAL_WINDOW_SIZE, 2000]);
    client.send(headers(1, GRPC_REQUEST, END_STREAM));
    const server = await upstream();
    await server.take(HEADERS);
    server.send(headers(1, GRPC_RESPONSE), data(1, Buffer.alloc(5000)));
    await until(() => received(client, 1) === 2000);
    client.send(settings([INITIAL_WINDOW_SIZE, 0]), windowUpdate(1, 1999));
    await client.settled();
    assert.equal(received(client, 1), 2000, 'the window is -1');
    client.send(windowUpdate(1, 2));
    await until(() => received(client, 1) === 2001);
    client.send(settings([INITIAL_WINDOW_SIZE, 2999]));
    await until(() => received(client, 1) === 5000);
  });

  it('shares the connection window between streams', async () => {
    const { client, upstream } = await raw([INITIAL_WINDOW_SIZE, 1_000_000]);
    for (const id of [1, 3, 5]) client.send(headers(id, GRPC_REQUEST, END_STREAM));
    const server = await upstream();
    for (const id of [1, 3, 5]) {
      await server.take(HEADERS, id);
      server.send(headers(id, GRPC_RESPONSE), data(id, Buffer.alloc(16_384)), data(id, Buffer.alloc(16_384)), data(id, Buffer.alloc(16_384), END_STREAM));
    }
    const total = (): number => [1, 3, 5].reduce((sum, id) => sum + received(client, id), 0);
    await until(() => total() === 65_535);
    await client.settled();
    assert.equal(total(), 65_535);
    client.send(windowUpdate(0, 3 * 49_152 - 65_535));
    await until(() => total() === 3 * 49_152);
  });

  it('keeps memory bounded with many slow readers', async () => {
    const { client, upstream, pillion } = await raw([INITIAL_WINDOW_SIZE, 10]);
    const streams = Array.from({ length: 100 }, (_, index) => index * 2 + 1);
    client.send(...streams.map((id) => headers(id, GRPC_REQUEST, END_STREAM)));
    const server = await upstream();
    for (const id of streams) await server.take(HEADERS, id);
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    for (const id of streams) {
      server.send(headers(id, GRPC_RESPONSE));
      await fill(server, id);
    }
    const { bytesOut } = pillion.proxy.counted.frontends[0]?.counters ?? { bytesOut: Infinity };
    assert.ok(bytesOut <= 100 * 2 * 65_535, `${bytesOut} octets are held`);
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before;
    assert.ok(grown < 64 * MIB, `${grown} octets`);
    client.destroy();
    await until(() => pillion.server('a').counters.streamsCurrent === 0);
  });

  it('holds up nobody else for a client whose socket takes nothing, and gives it all in the end', async () => {
    const { client, upstream, pillion } = await raw([INITIAL_WINDOW_SIZE, 2 ** 30]);
    const streams = Array.from({ length: 50 }, (_, index) => index * 2 + 1);
    client.send(windowUpdate(0, 2 ** 30), ...streams.map((id) => headers(id, GRPC_REQUEST, END_STREAM)));
    const server = await upstream();
    for (const id of streams) server.send(headers((await server.take(HEADERS, id)).id, GRPC_RESPONSE));
    for (const id of streams) await client.take(HEADERS, id);
    client.socket.pause();
    let sent = 0;
    for (const id of streams) sent += await fill(server, id);
    assert.ok(sent <= 50 * 65_535 + RXBUF + KERNEL, `${sent} octets were taken from the server`);

    const other = await connectRaw(pillion.port);
    defer(() => other.destroy());
    other.send(windowUpdate(0, 2 ** 20));
    for (let id = 1; id < 40; id += 2) {
      other.send(headers(id, GRPC_REQUEST, END_STREAM));
      const request = await server.take(HEADERS);
      server.send(headers(request.id, GRPC_RESPONSE), data(request.id, Buffer.alloc(16_000), END_STREAM));
      await until(() => received(other, id) === 16_000);
    }
    client.socket.resume();
    await until(() => streams.reduce((sum, id) => sum + received(client, id), 0) === sent);
  });

  it('lets small frames pass by what waits of other streams, and lets these take turns frame by frame', async () => {
    const { client, upstream } = await raw([INITIAL_WINDOW_SIZE, 1_000_000]);
    const bulky = [1, 3, 5, 7];
    client.send(...[...bulky, 9].map((id) => headers(id, GRPC_REQUEST, END_STREAM)));
    const server = await upstream();
    for (const id of bulky) {
      await server.take(HEADERS, id);
      server.send(headers(id, GRPC_RESPONSE));
      await fill(server, id);
    }
    await client.settled('bulky---');
    assert.equal(bulky.reduce((sum, id) => sum + received(client, id), 0), 65_535, 'the connection window is used up');
    // Header sections need no window, so they pass at once; the small message waits for the window, but not for its elders.
    await server.take(HEADERS, 9);
    server.send(headers(9, GRPC_RESPONSE), data(9, 'small', END_STREAM));
    await client.take(HEADERS, 9);
    const before = client.seen.length;
    client.send(windowUpdate(0, 12 * 16_384));
    await client.settled('settled1');
    const bodies = client.seen.slice(before).filter(({ type }) => type === DATA);
    const ahead = bodies.slice(0, bodies.findIndex(({ id }) => id === 9));
    assert.ok(ahead.length <= bulky.length, `${ahead.length} frames came before the small one`);
    for (const id of bulky) assert.ok(ahead.filter((frame) => frame.id === id).length <= 1, `stream ${id} had more than a turn`);
    const shares = bulky.map((id) => bodies.reduce((sum, frame) => sum + (frame.id === id ? frame.payload.length : 0), 0));
    assert.ok(Math.max(...shares) - Math.min(...shares) <= 2 * 16_384, `shares ${shares.join(' ')}`);
    assert.ok(bodies.every(({ payload }) => payload.length <= 16_384));
  });

  it('gives up a client that asks much and reads nothing at all', async () => {
    const { client, pillion } = await raw();
    client.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from('0000080600000000006162636465666768', 'hex')));
    const { counters } = pillion.proxy.counted.frontends[0] ?? assert.fail();
    const closed = new Promise<void>((resolve) => client.socket.once('close', () => resolve()));
    const writable = (): Promise<void> => new Promise((resolve) => client.socket.once('drain', resolve));
    client.socket.setMaxListeners(0);
    while (counters.connectionsCurrent > 0 && !client.socket.destroyed) {
      if (!client.socket.write(pings)) await Promise.race([writable(), closed, until(() => counters.connectionsCurrent === 0)]);
    }
    assert.ok(counters.floods >= 1);
  });
});
