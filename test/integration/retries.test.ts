/** Streams that no server can have processed are sent to another, without configuration (RFC 9113 §8.7). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { status, type ServiceError } from '@grpc/grpc-js';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { DATA, data, END_STREAM, GRPC_RESPONSE, goAway, HEADERS, headers, message, rstStream, windowUpdate } from '../support/frames.ts';
import { EchoClient, startReplica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { RawServer, type RawPeer } from '../support/raw-peer.ts';

const REFUSED_STREAM = 7;
const TRAILERS = [['grpc-status', '0']] as const;

async function answer(peer: RawPeer, id: number, text: string): Promise<void> {
  peer.send(headers(id, GRPC_RESPONSE), data(id, message(text)), headers(id, TRAILERS, END_STREAM));
  await Promise.resolve();
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('retries', () => {
  const defer = cleanUpAfterEach();

  async function rawServer(script: (peer: RawPeer) => Promise<void>): Promise<number> {
    const server = new RawServer();
    server.onPeer(script);
    defer(() => server.close());
    return await server.listen();
  }

  async function setUp(ports: readonly number[], lines: readonly string[] = []): Promise<{ client: EchoClient; pillion: Pillion }> {
    const pillion = await startPillion(grpcConfiguration(['balance first', ...ports.map((port, index) => `server s${index} 127.0.0.1:${port}`), ...lines]));
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return { client, pillion };
  }

  async function echo(): Promise<number> {
    const replica = await startReplica();
    defer(() => replica.kill());
    return replica.port;
  }

  it('sends a refused stream to another server, with its body', async () => {
    const refusing = await rawServer(async (peer) => {
      for (;;) {
        const { id } = await peer.take(DATA);
        peer.send(rstStream(id, REFUSED_STREAM));
      }
    });
    const { client, pillion } = await setUp([refusing, await echo()]);
    const large = Buffer.alloc(60_000, 'held ');
    for (const request of [Buffer.from('again'), large]) assert.ok((await client.unary(request)).response.equals(request));
    assert.equal(pillion.server('s0').counters.refused, 2);
    assert.deepEqual([pillion.backend().counters.retries, pillion.backend().counters.redispatches], [2, 2]);
  });

  it('leaves a refused stream whose body is no longer held to the client, which may send it again', async () => {
    const refusing = await rawServer(async (peer) => {
      let received = 0;
      for (;;) {
        const { id, payload } = await peer.take(DATA);
        received += payload.length;
        peer.send(windowUpdate(0, 65_536), windowUpdate(id, 65_536));
        if (received > 150_000) peer.send(rstStream(id, REFUSED_STREAM));
      }
    });
    const { client, pillion } = await setUp([refusing, await echo()]);
    await assert.rejects(client.unary(Buffer.alloc(1_000_000)), { code: status.UNAVAILABLE, details: 'Stream refused by server' });
    assert.equal(pillion.server('s1').counters.streamsTotal, 0);
  });

  it('gives up after `retries`', async () => {
    const refuse = async (peer: RawPeer): Promise<void> => {
      for (;;) {
        const { id } = await peer.take(HEADERS);
        peer.send(rstStream(id, REFUSED_STREAM));
      }
    };
    const { client, pillion } = await setUp([await rawServer(refuse), await rawServer(refuse), await rawServer(refuse)], ['retries 2']);
    await assert.rejects(client.unary('x'), { code: status.UNAVAILABLE });
    assert.equal(pillion.backend().counters.retries, 2);
    assert.deepEqual(pillion.backend().servers.map(({ counters }) => counters.streamsCurrent), [0, 0, 0]);
  });

  it('sends streams above the last one of a GOAWAY elsewhere and lets those below it finish', async () => {
    const going = await rawServer(async (peer) => {
      const first = await peer.take(DATA);
      const second = await peer.take(DATA);
      peer.send(goAway(first.id, 0, 'leaving'));
      await answer(peer, first.id, 'finished');
      assert.ok(second.id > first.id);
    });
    const { client } = await setUp([going, await echo()]);
    const [one, two] = await Promise.all([client.unary('first'), client.unary('second')]);
    assert.equal(one.response.toString(), 'finished');
    assert.equal(two.response.toString(), 'second');
  });

  it('dials a replacement for a connection that got GOAWAY', async () => {
    let connections = 0;
    const going = await rawServer(async (peer) => {
      const name = `connection ${++connections}`;
      const { id } = await peer.take(DATA);
      await answer(peer, id, name);
      peer.send(goAway(id, 0));
      await peer.end();
      peer.socket.end();
    });
    const { client } = await setUp([going]);
    for (let index = 1; index <= 3; index++) assert.equal((await client.unary('x')).response.toString(), `connection ${index}`);
  });

  it('takes another server when a connect fails', async () => {
    const { client, pillion } = await setUp([await deadPort(), await deadPort(), await echo()]);
    for (let index = 0; index < 5; index++) assert.equal((await client.unary('x')).response.toString(), 'x');
    assert.ok(pillion.server('s0').counters.connectFailures >= 1);
    assert.equal(pillion.server('s2').counters.streamsTotal, 5);
  });

  it('takes another server when the connection is closed before SETTINGS', async () => {
    const closing = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    defer(() => closing.close());
    await once(closing, 'listening');
    const { client } = await setUp([(closing.address() as AddressInfo).port, await echo()]);
    assert.equal((await client.unary('x')).response.toString(), 'x');
  });

  it('waits for a single server that is just restarting', async () => {
    const port = await deadPort();
    const { client, pillion } = await setUp([port]);
    const call = client.unary('patience');
    while (pillion.server('s0').counters.connectFailures === 0) await new Promise(setImmediate);
    const replica = await startReplica({}, { target: `127.0.0.1:${port}` });
    defer(() => replica.kill());
    assert.equal((await call).response.toString(), 'patience');
    assert.ok(pillion.backend().counters.retries >= 1);
  });

  it('holds the deadline while no server can be reached, and says what is wrong without one', async () => {
    const { client } = await setUp([await deadPort()], ['retries 1']);
    await assert.rejects(client.unary('x', { deadline: Date.now() + 150 }), { code: status.DEADLINE_EXCEEDED });
    await assert.rejects(client.unary('x'), (error: ServiceError) => {
      assert.equal(error.code, status.UNAVAILABLE);
      assert.match(error.details, /connect to server app\/s0 failed: connection refused/);
      return true;
    });
  });
});
