/** `max-connection-age`, and the two GOAWAYs of a drain (RFC 9113 §6.8). */
import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { ACK, data, END_STREAM, field, frame, GRPC_REQUEST, GRPC_RESPONSE, HEADERS, headers, message, PING, type Frame } from '../support/frames.ts';
import { EchoClient, startReplica } from '../support/grpc-replica.ts';
import { LogReceiver } from '../support/log-receiver.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { connectRaw, RawServer, type RawPeer } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const OK = [['grpc-status', '0']] as const;

describe('max-connection-age', () => {
  const defer = cleanUpAfterEach();
  let server: RawServer;

  async function setUp(age: string): Promise<{ pillion: Pillion; client: RawPeer; log: LogReceiver }> {
    server = new RawServer();
    defer(() => server.close());
    const log = new LogReceiver();
    defer(() => log.close());
    const pillion = await startPillion(grpcConfiguration([`server a 127.0.0.1:${await server.listen()}`], 'auto', [await log.listen(), `max-connection-age ${age}`]));
    defer(() => pillion.stop());
    const client = await connectRaw(pillion.port);
    defer(() => client.destroy());
    return { pillion, client, log };
  }

  const call = (id: number): Buffer => Buffer.concat([headers(id, GRPC_REQUEST), data(id, message(`call ${id}`), END_STREAM)]);

  const answerTo = (id: number): Buffer => Buffer.concat([headers(id, GRPC_RESPONSE), data(id, message('done')), headers(id, OK, END_STREAM)]);

  const ping = async (client: RawPeer): Promise<Frame> => await client.take(PING);

  const ended = (client: RawPeer, id: number): Promise<Frame> => client.sees((one) => one.type === HEADERS && one.id === id && (one.flags & END_STREAM) !== 0);

  it('takes streams that crossed the first GOAWAY, and names the last in the second', async () => {
    const { client, log } = await setUp('40ms');
    client.send(call(1));
    const upstream = await server.accept();
    await upstream.take(HEADERS);
    assert.deepEqual(await client.goAway(), { last: 2 ** 31 - 1, code: 0, debug: 'max_age' });
    const { payload } = await ping(client);
    // Sent by a client that has not read so far: it is served like any other.
    client.send(call(3));
    await upstream.take(HEADERS);
    client.send(frame(PING, ACK, 0, payload));
    assert.deepEqual(await client.goAway(), { last: 3, code: 0, debug: 'max_age' });
    upstream.send(answerTo(1), answerTo(3));
    for (const id of [1, 3]) assert.equal(field(await ended(client, id), 'grpc-status'), '0');
    await client.end();
    assert.equal((await log.take(({ msg }) => msg === 'connection'))['cause'], 'max-connection-age 40 ms');
  });

  it('names the last stream after a second to a client that does not answer PING', async () => {
    const { client } = await setUp('40ms');
    client.send(call(1));
    const upstream = await server.accept();
    await upstream.take(HEADERS);
    assert.equal((await client.goAway()).last, 2 ** 31 - 1);
    const begun = performance.now();
    client.send(call(3));
    assert.equal((await client.goAway()).last, 3);
    assert.ok(performance.now() - begun >= 900);
    // What comes after that is ignored: the client knows that it was not taken.
    client.send(call(5));
    await client.settled();
    upstream.send(answerTo(1), answerTo(3));
    for (const id of [1, 3]) await ended(client, id);
    await client.end();
    assert.equal(client.seen.some(({ id }) => id === 5), false);
  });

  it('lets streams go on for ever without grace', async () => {
    const { client } = await setUp('30ms');
    client.send(call(1));
    const upstream = await server.accept();
    await upstream.take(HEADERS);
    await client.goAway();
    client.send(frame(PING, ACK, 0, (await ping(client)).payload));
    await client.goAway();
    upstream.send(answerTo(1));
    assert.equal(field(await ended(client, 1), 'grpc-status'), '0');
  });

  it('ends what is left after the grace with UNAVAILABLE, and then the connection', async () => {
    const { client, log } = await setUp('30ms grace 400ms');
    client.send(call(1));
    const upstream = await server.accept();
    const { id } = await upstream.take(HEADERS);
    const trailers = await ended(client, 1);
    assert.equal(field(trailers, 'grpc-status'), String(status.UNAVAILABLE));
    assert.match(field(trailers, 'grpc-message') ?? '', /max-connection-age/);
    assert.equal(await upstream.resetCode(id), 8);
    assert.equal((await log.stream())['termination'], 'PH');
    await client.end();
  });

  it('moves a busy gRPC client from connection to connection without failing a call', async () => {
    const replica = await startReplica();
    defer(() => replica.kill());
    const pillion = await startPillion(grpcConfiguration([`server a 127.0.0.1:${replica.port}`], 'auto', ['max-connection-age 60ms']));
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    const counters = pillion.proxy.counted.frontends[0]?.counters;
    assert.ok(counters);
    while (counters.connectionsTotal < 4) {
      await Promise.all(Array.from({ length: 10 }, async (_, index) => assert.equal((await client.unary(`call ${index}`)).response.toString(), `call ${index}`)));
    }
    await until(() => counters.connectionsCurrent <= 1);
  });
});
