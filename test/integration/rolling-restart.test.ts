/** Replicas go and come back under load, and no call fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Child } from '../../sidecar/demo/child.ts';
import { createEchoClient } from '../../sidecar/demo/client.ts';
import { Health } from '../../sidecar/demo/health.ts';
import { freePorts } from '../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, HeldCalls, openCalls, startReplica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { until } from '../support/until.ts';

describe('rolling restart', () => {
  const defer = cleanUpAfterEach();

  async function startChild(port: number, name: string): Promise<Child> {
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    const child = new Child(name, 'replica.ts', [`127.0.0.1:${port}`, name], () => resolve());
    defer(async () => {
      child.kill();
      await child.exited;
    });
    await Promise.race([listening, child.exited.then((exit) => assert.fail(child.describe(exit)))]);
    return child;
  }

  const statuses = (pillion: Pillion): string[] => pillion.backend().servers.map(({ status }) => status);

  for (const check of ['watch', 'check'] as const) {
    it(`restarts three replicas one after another under load without a failed call, health by ${check}`, async () => {
      const ports = await freePorts(3);
      let generation = 1;
      const children = await Promise.all(ports.map((port, index) => startChild(port, `${index}#${generation}`)));
      const pillion = await startPillion(grpcConfiguration([
        'balance leastconn', `option grpc-check service pillion.demo.v1.Echo ${check}`, 'default-server check inter 100ms fall 1 rise 1',
        ...ports.map((port, index) => `server s${index} 127.0.0.1:${port}`),
      ]));
      defer(() => pillion.stop());
      const client = createEchoClient(pillion.target);
      defer(() => client.close());
      let loading = true;
      const answered = new Map<string, number>();
      const callers = [client.say, client.repeat, client.collect, client.chat, client.say, client.chat].map(async (call) => {
        while (loading) {
          const replica = await call();
          answered.set(replica, (answered.get(replica) ?? 0) + 1);
        }
      });
      // A failed call ends the test at once.
      const failed = Promise.all(callers);
      const restarts = async (): Promise<void> => {
        await until(() => answered.size === 3);
        for (const [index, port] of ports.entries()) {
          generation++;
          const name = `${index}#${generation}`;
          const child = children[index] ?? assert.fail();
          assert.deepEqual(await child.stop(4000), { code: 0, signal: null }, 'the replica drained in time');
          children[index] = await startChild(port, name);
          await until(() => statuses(pillion).every((one) => one === 'UP') && (answered.get(name) ?? 0) > 0);
        }
        loading = false;
      };
      await Promise.race([restarts(), failed.then(() => assert.fail('callers ended'))]).finally(() => {
        loading = false;
      });
      await failed;
      assert.equal(answered.size, 6, 'every replica answered before and after its restart');
    }).timeout(30_000);
  }

  it('gives no new stream to a server that says NOT_SERVING, and leaves those that run alone', async () => {
    const [sick, well] = [new HeldCalls(), new HeldCalls()];
    const health = new Health([]);
    const replicas = [await startReplica(sick.handlers, { health }), await startReplica(well.handlers, { health: new Health([]) })];
    for (const replica of replicas) defer(() => replica.kill());
    const pillion = await startPillion(grpcConfiguration([
      'balance first', 'option grpc-check', 'default-server check inter 100ms', ...replicas.map(({ port }, index) => `server s${index} 127.0.0.1:${port}`),
    ]));
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    const [running] = await openCalls(client, 1);
    assert.deepEqual([sick.calls.length, well.calls.length], [1, 0]);
    health.shutdown();
    await until(() => pillion.server('s0').status === 'NOLB');
    await openCalls(client, 3);
    assert.deepEqual([sick.calls.length, well.calls.length], [1, 3]);
    const answer = once(running as NonNullable<typeof running>, 'data');
    sick.calls[0]?.write(Buffer.from('alive'));
    assert.deepEqual(await answer, [Buffer.from('alive')]);
  });
});
