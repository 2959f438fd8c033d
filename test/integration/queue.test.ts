/** Limits on a server's streams, and the queue of those who wait (HAProxy manual 5.2 "maxconn", "minconn", "maxqueue"; 4.2 "fullconn"). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Metadata, status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import type { Backend } from '../../src/pool/backend.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, HeldCalls, openCalls, startReplica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { RawServer } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const SETTINGS_MAX_CONCURRENT_STREAMS = 3;

type Call = ClientDuplexStream<Buffer, Buffer>;

describe('limits and the queue', () => {
  const defer = cleanUpAfterEach();

  async function heldReplica(): Promise<number> {
    const replica = await startReplica(new HeldCalls().handlers);
    defer(() => replica.kill());
    return replica.port;
  }

  async function setUp(lines: readonly string[], frontend: readonly string[] = []): Promise<{ pillion: Pillion; client: EchoClient }> {
    const pillion = await startPillion(grpcConfiguration(lines, 'auto', frontend));
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return { pillion, client };
  }

  function open(client: EchoClient, count: number): Call[] {
    return Array.from({ length: count }, () => client.bidi().on('error', () => {}).on('data', () => {}));
  }

  const figures = (pillion: Pillion): (number | undefined)[] => [pillion.server('a').counters.streamsCurrent, pillion.backend().counters.queued];

  it('lets as many wait as maxqueue says and refuses the next', async () => {
    const { pillion, client } = await setUp([`server a 127.0.0.1:${await heldReplica()} maxconn 1 maxqueue 2`]);
    const [running] = await openCalls(client, 1);
    const waiting = open(client, 2);
    await until(() => pillion.backend().counters.queued === 2);
    await assert.rejects(client.unary('x'), (error: ServiceError) => {
      assert.deepEqual([error.code, error.details], [status.UNAVAILABLE, 'the queue of backend app is full']);
      return true;
    });
    running?.cancel();
    await once(waiting[0] as Call, 'metadata');
    assert.deepEqual([...figures(pillion), pillion.backend().counters.queuedMax], [1, 1, 2]);
  });

  it('gives the place of one who leaves to the next who comes', async () => {
    const { pillion, client } = await setUp([`server a 127.0.0.1:${await heldReplica()} maxconn 1 maxqueue 1`]);
    await openCalls(client, 1);
    for (let round = 0; round < 3; round++) {
      const [waiting] = open(client, 1);
      await until(() => pillion.backend().counters.queued === 1);
      waiting?.cancel();
      await until(() => pillion.backend().counters.queued === 0);
    }
    assert.deepEqual([pillion.backend().counters.streamsCurrent, pillion.backend().counters.queuedMax], [1, 1]);
  });

  it('lets the limit grow with the load from minconn to maxconn, which fullconn brings about', async () => {
    const { pillion, client } = await setUp(['fullconn 10', `server a 127.0.0.1:${await heldReplica()} minconn 1 maxconn 5`]);
    const calls: Call[] = [];
    for (const [load, running] of [[1, 1], [2, 1], [4, 2], [8, 4], [12, 5]] as const) {
      calls.push(...open(client, load - calls.length));
      await until(() => pillion.backend().counters.streamsCurrent === load);
      assert.deepEqual(figures(pillion), [running, load - running]);
    }
    // Waiting calls leave from the back, and with them the load.
    for (const call of calls.splice(5)) call.cancel();
    await until(() => pillion.backend().counters.streamsCurrent === 5);
    calls[0]?.end();
    await until(() => pillion.backend().counters.streamsCurrent === 4);
    assert.deepEqual(figures(pillion), [4, 0]);
  });

  it('takes a tenth of what the frontends take for fullconn', async () => {
    const { pillion, client } = await setUp([`server a 127.0.0.1:${await heldReplica()} minconn 1 maxconn 2`], ['maxconn 40']);
    open(client, 4);
    await until(() => pillion.backend().counters.streamsCurrent === 4);
    assert.deepEqual(figures(pillion), [2, 2]);
  });

  it('counts every frontend for it that may lead to the backend', async () => {
    const lines = [`server a 127.0.0.1:${await heldReplica()} minconn 1 maxconn 2`];
    const text = `${grpcConfiguration(lines, 'auto', ['maxconn 20'])}frontend more\n  bind 127.0.0.1:1\n  maxconn 20\n  use_backend app\n`;
    const pillion = await startPillion(text);
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    open(client, 2);
    await until(() => pillion.backend().counters.streamsCurrent === 2);
    assert.deepEqual(figures(pillion), [1, 1]);
  });

  it('lets those go at once who wait for a server that leaves the backend', async () => {
    const { pillion, client } = await setUp([
      'timeout queue 30s', 'balance hdr(user)', `server a 127.0.0.1:${await heldReplica()} maxconn 1`, `server b 127.0.0.1:${await heldReplica()} maxconn 1`,
    ]);
    const as = (user: string): Call => {
      const metadata = new Metadata();
      metadata.set('user', user);
      return client.bidi({}, metadata).on('error', () => {}).on('data', () => {});
    };
    const backend = pillion.backend() as Backend;
    const running = as('joe');
    await once(running, 'metadata');
    const [home, other] = [0, 1].map((index) => backend.servers[index]).toSorted((one, two) => (two?.counters.streamsCurrent ?? 0) - (one?.counters.streamsCurrent ?? 0));
    assert.ok(home && other);
    const waiting = as('joe');
    await until(() => backend.counters.queued === 1);
    backend.removeServer(home);
    await once(waiting, 'metadata');
    assert.deepEqual([other.counters.streamsCurrent, backend.counters.queued], [1, 0]);
    // The last one takes everybody's hope along.
    const last = assert.rejects(once(as('joe'), 'status'), { details: 'backend app has no servers' });
    await until(() => backend.counters.queued === 1);
    backend.removeServer(other);
    await last;
    running.cancel();
    waiting.cancel();
    await until(() => backend.counters.streamsCurrent === 0);
    assert.deepEqual([home.counters.streamsCurrent, other.counters.streamsCurrent], [0, 0]);
  });

  async function fullServer(): Promise<number> {
    const server = new RawServer([SETTINGS_MAX_CONCURRENT_STREAMS, 0]);
    defer(() => server.close());
    return await server.listen();
  }

  it('waits for room on the connections to a server no longer than for a connection and a slot', async () => {
    const { pillion, client } = await setUp(['timeout connect 1s', 'timeout queue 50ms', `server a 127.0.0.1:${await fullServer()}`]);
    await assert.rejects(client.unary('x'), { code: status.UNAVAILABLE, details: 'no free connection to server app/a within 1050 ms' });
    await until(() => pillion.backend().counters.streamsCurrent === 0);
    assert.deepEqual(figures(pillion), [0, 0]);
  });

  it('lets those go elsewhere who wait for room on the connections to a server that leaves the backend', async () => {
    const { pillion, client } = await setUp([`server a 127.0.0.1:${await fullServer()}`, `server b 127.0.0.1:${await heldReplica()}`]);
    const backend = pillion.backend() as Backend;
    const [a, b] = backend.servers;
    assert.ok(a && b);
    const calls = open(client, 2);
    await until(() => a.counters.streamsCurrent === 1 && a.counters.connectionsCurrent > 0);
    backend.removeServer(a);
    await until(() => b.counters.streamsCurrent === 2);
    for (const call of calls) call.cancel();
    await until(() => backend.counters.streamsCurrent === 0 && a.counters.connectionsCurrent === 0);
    assert.equal(a.counters.streamsCurrent, 0);
  });

  it('keeps its head when the only server with a free slot cannot be reached', async () => {
    // Nobody listens on port 1.
    const { pillion, client } = await setUp([
      'timeout connect 200ms', 'timeout queue 10s', `server a 127.0.0.1:${await heldReplica()} maxconn 1`, 'server b 127.0.0.1:1',
    ]);
    const [running] = await openCalls(client, 1);
    const waiting = open(client, 3);
    const { counters } = pillion.server('b');
    await until(() => counters.connectFailures >= 1 && pillion.backend().counters.queued > 0);
    // The server is tried again a second later, while others wait.
    await until(() => counters.connectFailures >= 2);
    running?.cancel();
    for (const call of waiting) {
      await Promise.race([once(call, 'metadata'), once(call, 'status')]);
      call.cancel();
    }
    await until(() => pillion.backend().counters.streamsCurrent === 0);
    assert.deepEqual(figures(pillion), [0, 0]);
  }).timeout(10_000);
});
