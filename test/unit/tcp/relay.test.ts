import assert from 'node:assert/strict';
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { largeBuffers } from '../../../src/tcp/flow.ts';
import { Relay, type RelayOptions } from '../../../src/tcp/relay.ts';
import { until } from '../../support/until.ts';

const NO_TIMEOUTS: RelayOptions = { clientTimeoutMs: null, serverTimeoutMs: null, tunnelTimeoutMs: null, clientFinTimeoutMs: null, serverFinTimeoutMs: null };

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

  it('ends when it is aborted in the moment in which it passes on an end', async () => {
    const { client, outer, relay, ended } = await rig();
    outer.once('end', () => relay.abort());
    client.end('last words');
    await ended;
    assert.ok(outer.closed);
  });

  it('gives its large buffer back when it falls silent, and carries on', async () => {
    const { client, server, ended } = await rig();
    const sent = createHash('sha1');
    const received = createHash('sha1');
    let octets = 0;
    server.on('data', (chunk: Buffer) => {
      received.update(chunk);
      octets += chunk.length;
    });
    server.resume();
    // Twice: what comes after the silence goes through a buffer that others may have had in between.
    for (let round = 1; round <= 2; round++) {
      let most = 0;
      for (let part = 0; part < 16; part++) {
        const piece = randomFillSync(Buffer.alloc(512 * 1024));
        sent.update(piece);
        client.write(piece);
      }
      await until(() => {
        most = Math.max(most, largeBuffers.lent);
        return octets === round * 8 * 1024 * 1024;
      });
      assert.ok(most > 0, 'a large buffer was lent');
      await until(() => largeBuffers.lent === 0);
      const other = largeBuffers.lend();
      other?.fill(0);
      client.write('quiet');
      sent.update('quiet');
      await until(() => octets === round * 8 * 1024 * 1024 + 5);
      assert.ok(other?.every((octet) => octet === 0), 'the buffer is no longer read into');
      if (other) largeBuffers.giveBack(other);
      octets -= 5;
    }
    client.end();
    server.end();
    await ended;
    assert.equal(received.digest('hex'), sent.digest('hex'));
  });

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

  it("takes over from detection by 'readable' events", async () => {
    const { near: client, far: outer } = await pair();
    const { near: inner, far: server } = await pair();
    client.write('one ');
    const look = (): void => {};
    outer.on('readable', look);
    await once(outer, 'readable');
    const first = outer.read() as Buffer;
    outer.off('readable', look);
    const { ended } = relayOf(outer, inner, first, NO_TIMEOUTS);
    client.end('two');
    assert.equal((await readAll(server)).toString(), 'one two');
    server.end();
    client.resume();
    assert.equal((await ended).termination, '--');
  });

  it('carries bulk and small messages in turns', async () => {
    const { client, server, ended } = await rig();
    server.on('data', (chunk: Buffer) => void (server.write(chunk) || server.pause()));
    server.on('drain', () => server.resume());
    server.on('end', () => server.end()).resume();
    const echo = createHash('sha1');
    let echoed = 0;
    client.on('data', (chunk: Buffer) => {
      echo.update(chunk);
      echoed += chunk.length;
      client.emit('echoed');
    });
    const sent = createHash('sha1');
    let total = 0;
    for (const size of [3_000_000, ...Array.from({ length: 20 }, () => 10), 3_000_000, 1, 2, 900_000]) {
      const chunk = randomFillSync(Buffer.alloc(size));
      sent.update(chunk);
      total += size;
      client.write(chunk);
      while (echoed < total) await once(client, 'echoed');
    }
    client.end();
    assert.equal(echo.digest('hex'), sent.digest('hex'));
    const relay = await ended;
    assert.deepEqual([relay.bytesIn, relay.bytesOut, relay.termination], [total, total, '--']);
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

  describe('a reader that is slow', () => {
    for (const fallback of [false, true]) {
      it(`holds up the writer, and little is held in between${fallback ? ", with 'data' events" : ''}`, async () => {
        const { near: client, far: outer } = await pair();
        const { near: inner, far: server } = await pair();
        if (fallback) for (const socket of [outer, inner]) hideUserBuffers(socket);
        const { relay, ended } = relayOf(outer, inner, null, NO_TIMEOUTS);
        const sent = send(client, 48 << 20);
        await stalled(relay, inner);
        assert.ok(relay.bytesIn < 48 << 20);
        assert.ok(inner.writableLength <= 512 * 1024, `${inner.writableLength} octets held`);
        assert.ok(outer.readableLength <= 128 * 1024, `${outer.readableLength} octets held`);
        assert.equal(await digest(server), await sent);
        server.end();
        client.resume();
        assert.equal((await ended).bytesIn, 48 << 20);
      });
    }
  });

  it("carries both ways with 'data' events where sockets have no buffers to give", async () => {
    const { near: client, far: outer } = await pair();
    const { near: inner, far: server } = await pair();
    for (const socket of [outer, inner]) hideUserBuffers(socket);
    const { ended } = relayOf(outer, inner, Buffer.alloc(0), NO_TIMEOUTS);
    const [toServer, toClient, atServer, atClient] = await Promise.all([
      send(client, 4 << 20),
      send(server, 5 << 20),
      digest(server),
      digest(client),
    ]);
    assert.deepEqual([atServer, atClient], [toServer, toClient]);
    assert.equal((await ended).termination, '--');
  });

  it('keeps many connections apart that share their buffer', async () => {
    const rigs: Rig[] = [];
    while (rigs.length < 48) rigs.push(await rig());
    await Promise.all(
      rigs.map(async ({ client, server, ended }) => {
        const both = [send(client, 600_000), digest(server), send(server, 500_000), digest(client)];
        const [sentIn, gotIn, sentOut, gotOut] = await Promise.all(both);
        assert.deepEqual([gotIn, gotOut], [sentIn, sentOut]);
        await ended;
      }),
    );
  });

  it('relays between sockets of the unix domain, and closes one when the other fails', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'relay-')), 'socket');
    const local = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(path);
    try {
      const accepted = once(local, 'connection') as Promise<[Socket]>;
      const near = connect({ path, allowHalfOpen: true });
      const [far] = await accepted;
      opened.push(near, far);
      const { near: client, far: outer } = await pair();
      const { relay, ended } = relayOf(outer, near, null, NO_TIMEOUTS);
      client.write('over the path');
      far.resume();
      const [got] = (await once(far, 'data')) as [Buffer];
      assert.equal(got.toString(), 'over the path');
      const gone = once(far, 'end');
      client.resetAndDestroy();
      await gone;
      assert.equal((await ended).termination, 'CD');
      assert.equal(relay.resetBy, 'client');
    } finally {
      local.close();
      await rm(dirname(path), { recursive: true });
    }
  });

  describe('resets', () => {
    for (const side of ['client', 'server'] as const) {
      it(`passes on a reset by the ${side}`, async () => {
        const { client, server, ended, outer, inner } = await rig();
        const [from, to] = side === 'client' ? [client, server] : [server, client];
        from.write('hello');
        to.resume();
        await once(to, 'data');
        const failed = once(to, 'error') as Promise<[NodeJS.ErrnoException]>;
        from.resetAndDestroy();
        const [error] = await failed;
        assert.equal(error.code, 'ECONNRESET');
        const relay = await ended;
        assert.equal(relay.termination, side === 'client' ? 'CD' : 'SD');
        assert.equal(relay.resetBy, side);
        assert.equal(relay.cause, `${side} reset the connection`);
        assert.ok(outer.closed && inner.closed);
      });
    }

    it('passes on a reset that is met by a write', async () => {
      const { client, server, ended } = await rig();
      client.end();
      await once(server.resume(), 'end');
      client.resetAndDestroy();
      const failed = once(server, 'error') as Promise<[NodeJS.ErrnoException]>;
      const chunk = Buffer.alloc(1 << 16);
      const feeding = setInterval(() => server.write(chunk), 1);
      await failed.finally(() => clearInterval(feeding));
      const relay = await ended;
      assert.equal(relay.termination, 'CD');
      assert.equal(relay.resetBy, 'client');
    });

    it('resets the client when the server was lost before the relay began', async () => {
      const { near: client, far: outer } = await pair();
      const { near: inner } = await pair();
      inner.destroy();
      const failed = once(client.resume(), 'error') as Promise<[NodeJS.ErrnoException]>;
      const { ended } = relayOf(outer, inner, Buffer.from('x'), NO_TIMEOUTS);
      assert.equal((await failed)[0].code, 'ECONNRESET');
      assert.equal((await ended).termination, 'SD');
    });

    it('ends both at once when told to', async () => {
      const { client, server, relay, ended } = await rig();
      const failed = Promise.all([once(client.resume(), 'error'), once(server.resume(), 'error')]);
      relay.abort('KD', 'shut down by the administrator');
      relay.abort('DD', 'again');
      await failed;
      const { termination, cause, resetBy } = await ended;
      assert.deepEqual({ termination, cause, resetBy }, { termination: 'KD', cause: 'shut down by the administrator', resetBy: null });
    });
  });

  describe('timeouts', () => {
    it('ends an idle connection after timeout client', async () => {
      const { client, server, ended } = await rig({ ...NO_TIMEOUTS, clientTimeoutMs: 30 });
      await Promise.all([once(client.resume(), 'end'), once(server.resume(), 'end')]);
      const relay = await ended;
      assert.equal(relay.termination, 'cD');
      assert.equal(relay.cause, 'timeout client: nothing from the client for 30 ms');
    });

    it('ends an idle connection after timeout server', async () => {
      const { client, server, ended } = await rig({ ...NO_TIMEOUTS, serverTimeoutMs: 30 });
      await Promise.all([once(client.resume(), 'end'), once(server.resume(), 'end')]);
      assert.equal((await ended).termination, 'sD');
    });

    it('does not blame a client that has ended its stream', async () => {
      const { client, server, outer, ended } = await rig({ ...NO_TIMEOUTS, clientTimeoutMs: 20 });
      client.end();
      server.resume();
      await once(outer, 'timeout');
      await once(outer, 'timeout');
      server.end('at last');
      assert.equal((await readAll(client)).toString(), 'at last');
      assert.equal((await ended).termination, '--');
    });

    it('does not blame a client whom the server holds up', async () => {
      // Long enough that the client, which shares this process with the reader, is never silent for as long once it may go on.
      const { client, server, outer, inner, relay, ended } = await rig({ ...NO_TIMEOUTS, clientTimeoutMs: 600 });
      const sent = send(client, 16 << 20);
      await stalled(relay, inner);
      await once(outer, 'timeout');
      assert.equal(await digest(server), await sent);
      server.end();
      client.resume();
      assert.equal((await ended).termination, '--');
    });

    it('blames a server that takes nothing', async () => {
      const { ended } = await rig({ ...NO_TIMEOUTS, serverTimeoutMs: 30 }, Buffer.alloc(32 << 20));
      const { termination, cause } = await ended;
      assert.deepEqual([termination, cause], ['sD', 'timeout server: the server took nothing for 30 ms']);
    });

    it('goes by timeout tunnel instead where that is set', async () => {
      const { client, server, ended } = await rig({ ...NO_TIMEOUTS, clientTimeoutMs: 1, serverTimeoutMs: 1, tunnelTimeoutMs: 60 });
      client.resume();
      server.resume();
      const begun = performance.now();
      assert.match((await ended).cause, /^timeout tunnel: nothing from the (client|server) for 60 ms$/);
      assert.ok(performance.now() - begun >= 59);
    });

    for (const [side, termination] of [['client', 'cD'], ['server', 'sD']] as const) {
      it(`gives the ${side} ${side}-fin from the other's end on`, async () => {
        const { client, server, ended } = await rig({ ...NO_TIMEOUTS, tunnelTimeoutMs: 60_000, [`${side}FinTimeoutMs`]: 40 });
        const [silent, other] = side === 'client' ? [client, server] : [server, client];
        other.resume();
        other.end();
        await once(silent.resume(), 'end');
        const relay = await ended;
        assert.deepEqual([relay.termination, relay.cause], [termination, `timeout ${side}-fin: nothing from the ${side} for 40 ms`]);
      });
    }

    it('has no timeout of its own before either has ended', async () => {
      const { client, server, outer, ended } = await rig({ ...NO_TIMEOUTS, clientFinTimeoutMs: 5, serverFinTimeoutMs: 5 });
      assert.equal(outer.timeout, 0);
      client.end('all');
      assert.equal((await readAll(server)).toString(), 'all');
      server.end('answer');
      assert.equal((await readAll(client)).toString(), 'answer');
      assert.equal((await ended).termination, '--');
    });
  });
});

/** Makes a socket look like one of a Node without reusable read buffers. */
function hideUserBuffers(socket: Socket): void {
  Reflect.set(Reflect.get(socket, '_handle') as object, 'useUserBuffer', undefined);
}

/** Resolves when the sink is stuck and nothing more has been read for many turns of the event loop. */
async function stalled(relay: Relay, sink: Socket): Promise<void> {
  for (let seen = -1, quiet = 0; quiet < 500; quiet = seen === relay.bytesIn && sink.writableLength > 0 ? quiet + 1 : 0) {
    seen = relay.bytesIn;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
