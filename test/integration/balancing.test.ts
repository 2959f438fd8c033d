/** Streams of one client connection spread over servers, one by one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, HeldCalls, openCalls, startReplica, type Replica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { until } from '../support/until.ts';

interface Setup {
  readonly pillion: Pillion;
  readonly client: EchoClient;
  readonly replicas: readonly Replica[];
  readonly held: readonly HeldCalls[];
}

describe('balancing per stream', () => {
  const defer = cleanUpAfterEach();

  /** One replica per entry of `servers`, which are keywords of the server line. Bidi calls are held open. */
  async function setUp(balance: string, servers: readonly string[], lines: readonly string[] = []): Promise<Setup> {
    const held = servers.map(() => new HeldCalls());
    const replicas = await Promise.all(held.map(({ handlers }) => startReplica(handlers)));
    for (const replica of replicas) defer(() => replica.kill());
    const pillion = await startPillion(grpcConfiguration([
      `balance ${balance}`, ...servers.map((keywords, index) => `server s${index} 127.0.0.1:${replicas[index]?.port} ${keywords}`), ...lines,
    ]));
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return { pillion, client, replicas, held };
  }

  const counts = ({ held }: Setup): number[] => held.map(({ calls }) => calls.length);

  async function endAll(calls: readonly ClientDuplexStream<Buffer, Buffer>[]): Promise<void> {
    await Promise.all(calls.map(async (call) => {
      const ended = once(call, 'status');
      call.end();
      await ended;
    }));
  }

  it('spreads 1,000 streams of one connection exactly by leastconn', async () => {
    const setup = await setUp('leastconn', ['', '', '', '']);
    const calls = await openCalls(setup.client, 1000);
    assert.deepEqual(counts(setup), [250, 250, 250, 250]);
    assert.equal(setup.pillion.proxy.counted.frontends[0]?.counters.connectionsTotal, 1);
    assert.deepEqual(setup.pillion.backend().servers.map(({ counters }) => counters.streamsCurrent), [250, 250, 250, 250]);
    await endAll(calls);
    await until(() => setup.pillion.backend().servers.every(({ counters }) => counters.streamsCurrent === 0));
  }).timeout(20_000);

  it('spreads by weight, exactly', async () => {
    const setup = await setUp('leastconn', ['weight 1', 'weight 2', 'weight 5', 'weight 0']);
    await openCalls(setup.client, 160);
    assert.deepEqual(counts(setup), [20, 40, 100, 0]);
  });

  it('gives the next streams to the servers that have become idle', async () => {
    const setup = await setUp('leastconn', ['', '', '']);
    const first = await openCalls(setup.client, 30);
    const ofSecond = setup.held[1]?.calls.slice() ?? [];
    for (const call of ofSecond) call.end();
    await until(() => setup.pillion.server('s1').counters.streamsCurrent === 0 || first.every((call) => call.writableEnded));
    for (const call of first) call.end();
    await until(() => setup.pillion.backend().servers.every(({ counters }) => counters.streamsCurrent === 0));
    await openCalls(setup.client, 9);
    assert.deepEqual(counts(setup), [13, 13, 13]);
  });

  it('takes turns by roundrobin, smoothly by weight', async () => {
    const setup = await setUp('roundrobin', ['weight 2', 'weight 1', 'weight 1']);
    for (let index = 0; index < 40; index++) await setup.client.unary('x');
    assert.deepEqual(setup.replicas.map(({ calls }) => calls), [20, 10, 10]);
  });

  it('fills servers in their order by first', async () => {
    const setup = await setUp('first', ['maxconn 3', 'maxconn 5', '']);
    await openCalls(setup.client, 12);
    assert.deepEqual(counts(setup), [3, 5, 4]);
  });

  it('draws by random so that each server gets about its share', async () => {
    const setup = await setUp('random', ['', '']);
    await Promise.all(Array.from({ length: 400 }, () => setup.client.unary('x')));
    const [one = 0, two = 0] = setup.replicas.map(({ calls }) => calls);
    assert.equal(one + two, 400);
    // Six standard deviations of fair single draws; two draws and comparing make it narrower.
    assert.ok(Math.abs(one - two) < 120, `${one} and ${two}`);
  });

  it('uses backup servers only when no other is left', async () => {
    const { client, replicas, pillion } = await setUp('leastconn', ['check inter 50ms fall 1', 'backup', 'backup'], ['retries 1']);
    for (let index = 0; index < 5; index++) await client.unary('x');
    assert.deepEqual(replicas.map(({ calls }) => calls), [5, 0, 0]);
    replicas[0]?.kill();
    await until(() => pillion.server('s0').status === 'DOWN');
    for (let index = 0; index < 5; index++) await client.unary('x');
    assert.deepEqual(replicas.map(({ calls }) => calls), [5, 5, 0]);
  });

  it('leaves disabled servers alone', async () => {
    const setup = await setUp('roundrobin', ['disabled', '', '']);
    for (let index = 0; index < 10; index++) await setup.client.unary('x');
    assert.deepEqual(setup.replicas.map(({ calls }) => calls), [0, 5, 5]);
  });

  it('queues streams beyond maxconn and serves them first come, first served', async () => {
    const setup = await setUp('leastconn', ['maxconn 2', 'maxconn 1']);
    const open = await openCalls(setup.client, 3);
    const waiting = [0, 1, 2].map(() => setup.client.bidi());
    const order: number[] = [];
    waiting.forEach((call, index) => {
      call.on('error', () => {});
      call.on('metadata', () => order.push(index));
    });
    await until(() => setup.pillion.backend().counters.queued === 3);
    assert.deepEqual(setup.pillion.backend().servers.map(({ counters }) => counters.streamsCurrent), [2, 1]);
    for (const [index, call] of open.entries()) {
      call.end();
      await once(waiting[index] as ClientDuplexStream<Buffer, Buffer>, 'metadata');
    }
    assert.deepEqual(order, [0, 1, 2]);
    assert.equal(setup.pillion.backend().counters.queued, 0);
  });

  it('frees a place in the queue and on the server when a caller cancels', async () => {
    const setup = await setUp('leastconn', ['maxconn 1']);
    const [running] = await openCalls(setup.client, 1);
    const { call, answer } = setup.client.startUnary('gives up');
    const patient = setup.client.unary('waits');
    await until(() => setup.pillion.backend().counters.queued === 2);
    call.cancel();
    await assert.rejects(answer, { code: status.CANCELLED });
    await until(() => setup.pillion.backend().counters.queued === 1);
    running?.cancel();
    assert.equal((await patient).response.toString(), 'waits');
  });

  it('fails what waited longer than timeout queue, and says so', async () => {
    const setup = await setUp('leastconn', ['maxconn 1'], ['timeout queue 100ms']);
    await openCalls(setup.client, 1);
    await assert.rejects(setup.client.unary('x'), (error: ServiceError) => {
      assert.equal(error.code, status.UNAVAILABLE);
      assert.match(error.details, /no free server in backend app within timeout queue/);
      return true;
    });
    assert.equal(setup.pillion.backend().counters.queued, 0);
  });

  it('holds the deadline of a stream that waits in the queue', async () => {
    const setup = await setUp('leastconn', ['maxconn 1'], ['timeout queue 5s']);
    await openCalls(setup.client, 1);
    await assert.rejects(setup.client.unary('x', { deadline: Date.now() + 100 }), { code: status.DEADLINE_EXCEEDED });
    await until(() => setup.pillion.backend().counters.queued === 0);
  });
});
