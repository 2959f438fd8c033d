import assert from 'node:assert/strict';
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Relay, type RelayOptions } from '../../../src/tcp/relay.ts';

const NO_TIMEOUTS: RelayOptions = { clientTimeoutMs: null, serverTimeoutMs: null };

/** A connected pair on loopback: `near` was dialled, `far` accepted. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** client → (outer, relay, inner) → server, with both ends' sockets in the hands of the test. */
interface Rig {
  readonly client: Socket;
  readonly server: Socket;
  readonly outer: Socket;
  readonly inner: Socket;
  readonly relay: Relay;
  readonly ended: Promise<Relay>;
}

describe('tcp/relay', () => {
  const opened: Socket[] = [];
  let listener: Server;

  before(async () => {
    listener = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
  });

  afterEach(() => {
    for (const socket of opened) socket.destroy();
    opened.length = 0;
  });

  after(async () => {
    listener.close();
    await once(listener, 'close');
  });

  async function pair(): Promise<Pair> {
    const accepted = once(listener, 'connection') as Promise<[Socket]>;
    const near = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    const [[far]] = await Promise.all([accepted, once(near, 'connect')]);
    for (const socket of [near, far]) {
      socket.on('error', () => {});
      opened.push(socket);
    }
    return { near, far };
  }

  async function rig(options: RelayOptions = NO_TIMEOUTS, first: Buffer | null = null): Promise<Rig> {
    const { near: client, far: outer } = await pair();
    const { near: inner, far: server } = await pair();
    return { client, server, outer, inner, ...relayOf(outer, inner, first, options) };
  }

  function relayOf(outer: Socket, inner: Socket, first: Buffer | null, options: RelayOptions): Pick<Rig, 'relay' | 'ended'> {
    const { promise, resolve } = Promise.withResolvers<Relay>();
    let calls = 0;
    const relay = new Relay(outer, inner, first, options, (relayed) => {
      assert.equal(++calls, 1, 'onEnd is called once');
      resolve(relayed);
    });
    return { relay, ended: promise };
  }

  async function readAll(socket: Socket): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  async function digest(socket: Socket): Promise<string> {
    const hash = createHash('sha1');
    socket.on('data', (chunk: Buffer) => hash.update(chunk)).resume();
    await once(socket, 'end');
    return hash.digest('hex');
  }

  /** Sends pieces of uneven sizes and answers their digest. */
  async function send(socket: Socket, bytes: number): Promise<string> {
    const hash = createHash('sha1');
    const source = randomFillSync(Buffer.alloc(1 << 20));
    for (let sent = 0, piece = 1; sent < bytes; piece = (piece * 7 + 13) % source.length) {
      const chunk = source.subarray(piece >> 1, Math.min((piece >> 1) + piece + 1, (piece >> 1) + bytes - sent, source.length));
      hash.update(chunk);
      sent += chunk.length;
      if (!socket.write(chunk)) await once(socket, 'drain');
    }
    socket.end();
    return hash.digest('hex');
  }

  it('carries tens of MiB both ways at once, octet for octet', async () => {
    const { client, server, ended, outer, inner } = await rig();
    const [toServer, toClient, atServer, atClient] = await Promise.all([
      send(client, 24 << 20),
      send(server, 31 << 20),
      digest(server),
      digest(client),
    ]);
    assert.equal(atServer, toServer);
    assert.equal(atClient, toClient);
    const relay = await ended;
    assert.equal(relay.bytesIn, 24 << 20);
    assert.equal(relay.bytesOut, 31 << 20);
    assert.equal(relay.termination, '--');
    assert.equal(relay.cause, '');
    assert.ok(outer.closed && inner.closed);
  });

  it('ends both connections in order when the client ends first', async () => {
    const { client, server, ended } = await rig();
    client.end('question');
    assert.equal((await readAll(server)).toString(), 'question');
    server.end('answer after the question ended');
    assert.equal((await readAll(client)).toString(), 'answer after the question ended');
    assert.equal((await ended).termination, '--');
  });

  it('ends both connections in order when the server ends first', async () => {
    const { client, server, ended } = await rig();
    server.end('greeting and goodbye');
    assert.equal((await readAll(client)).toString(), 'greeting and goodbye');
    client.end('last words');
    assert.equal((await readAll(server)).toString(), 'last words');
    assert.equal((await ended).termination, '--');
  });

  it('lets the server speak first', async () => {
    const { client, server, ended } = await rig();
    server.write('220 ready\r\n');
    const [greeting] = (await once(client, 'data')) as [Buffer];
    assert.equal(greeting.toString(), '220 ready\r\n');
    client.end();
    server.resume().end();
    assert.equal((await ended).bytesOut, 11);
  });

  it('sends what detection has read and what the socket still holds, in order', async () => {
    const { near: client, far: outer } = await pair();
    const { near: inner, far: server } = await pair();
    client.write('one ');
    outer.resume();
    const [first] = (await once(outer, 'data')) as [Buffer];
    outer.removeAllListeners('data');
    outer.pause();
    outer.unshift(Buffer.from('two '));
    client.end('three');
    const { ended } = relayOf(outer, inner, first, NO_TIMEOUTS);
    assert.equal((await readAll(server)).toString(), 'one two three');
    server.end();
    client.resume();
    assert.equal((await ended).bytesIn, 13);
  });

  it('passes on an end that came before the relay began', async () => {
    const { near: client, far: outer } = await pair();
    const { near: inner, far: server } = await pair();
    client.end();
    outer.resume();
    await once(outer, 'end');
    const { ended } = relayOf(outer, inner, Buffer.from('early'), NO_TIMEOUTS);
    assert.equal((await readAll(server)).toString(), 'early');
    server.end('late');
    assert.equal((await readAll(client)).toString(), 'late');
    assert.equal((await ended).termination, '--');
  });
});
