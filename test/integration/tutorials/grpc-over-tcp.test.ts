/** A tutorial: three gRPC replicas behind mode tcp, restarted one by one, and the page of statistics on a port of its own. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { EchoClient, startReplica, type Replica } from '../../support/grpc-replica.ts';
import { LogReceiver } from '../../support/log-receiver.ts';
import { startPillion, type Pillion } from '../../support/pillion.ts';
import { tutorial } from '../../support/tutorial.ts';
import { until } from '../../support/until.ts';

/** What a client of gRPC does that has been told to try again. */
const RETRIES = {
  'grpc.enable_retries': 1,
  'grpc.service_config': JSON.stringify({
    methodConfig: [{
      name: [{}],
      retryPolicy: { maxAttempts: 5, initialBackoff: '0.01s', maxBackoff: '0.1s', backoffMultiplier: 2, retryableStatusCodes: ['UNAVAILABLE'] },
    }],
  }),
};
const LOGIN = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` };

describe('tutorial: gRPC over mode tcp', () => {
  const defer = cleanUpAfterEach();

  interface System {
    readonly pillion: Pillion;
    readonly lb: string;
    readonly page: string;
    readonly replicas: Replica[];
    readonly log: LogReceiver;
  }

  async function replicaOn(port: number): Promise<Replica> {
    const replica = await startReplica({}, { target: `127.0.0.1:${port}` });
    defer(() => replica.kill());
    return replica;
  }

  async function start(): Promise<System> {
    const ports = await freePorts(3);
    const replicas = await Promise.all(ports.map(replicaOn));
    const log = new LogReceiver();
    const [, receiver = ''] = (await log.listen()).split(' ');
    defer(() => log.close());
    const pillion = await startPillion(tutorial('grpc-over-tcp.cfg', {
      '127.0.0.1 local2': `${receiver} local2`, 'bind 0.0.0.0:8089': 'bind 127.0.0.1:1', 'bind 0.0.0.0:40882': 'bind 127.0.0.1:1',
      ...Object.fromEntries(ports.map((port, index) => [`0.0.0.0:${40_883 + index}`, `0.0.0.0:${port}`])),
    }));
    defer(() => pillion.stop());
    const [page, lb] = pillion.ports;
    return { pillion, lb: `127.0.0.1:${lb}`, page: `http://127.0.0.1:${page}/stats`, replicas, log };
  }

  function client(target: string): EchoClient {
    const made = new EchoClient(target, RETRIES);
    defer(() => made.close());
    return made;
  }

  /** How many connections each replica has. */
  const load = ({ pillion }: System): number[] => pillion.backend('lb').servers.map(({ counters }) => counters.streamsCurrent);

  it('gives each replica as many connections as the others', async () => {
    const system = await start();
    for (let i = 0; i < 6; i++) assert.equal(String((await client(system.lb).unary('hello')).response), 'hello');
    assert.deepEqual(load(system), [2, 2, 2]);
    assert.deepEqual(system.replicas.map(({ calls }) => calls), [2, 2, 2]);
  });

  it('lets one replica after another be replaced without a failed call', async () => {
    const system = await start();
    const { replicas } = system;
    let loading = true;
    const callers = Array.from({ length: 6 }, () => client(system.lb)).map(async (one) => {
      while (loading) await one.unary('x');
    });
    const failed = Promise.all(callers);
    const replace = async (): Promise<void> => {
      await until(() => replicas.every(({ calls }) => calls > 0));
      for (const [index, { port }] of replicas.entries()) {
        await replicas[index]?.drain();
        const others = replicas.filter((_, other) => other !== index);
        const before = others.map(({ calls }) => calls);
        await until(() => others.every(({ calls }, other) => calls > (before[other] ?? 0)));
        const fresh = await replicaOn(port);
        replicas[index] = fresh;
        // Nobody leaves a connection that works, so it is for those who come; a server that could not be reached is left alone for a second.
        while (fresh.calls === 0) {
          const newcomer = client(system.lb);
          await newcomer.unary('x');
          newcomer.close();
          await delay(20);
        }
      }
      loading = false;
    };
    await Promise.race([replace(), failed.then(() => assert.fail('callers ended'))]).finally(() => {
      loading = false;
    });
    await failed;
  });

  it('logs connections to syslog', async () => {
    const { lb, log, pillion } = await start();
    const one = client(lb);
    await one.unary('x');
    one.close();
    const line = await log.take((fields) => fields['msg'] === 'stream' && fields['frontend'] === 'lb');
    assert.deepEqual([line['backend'], line['server'], line['protocol']], ['lb', 'l-40883', 'tcp']);
    assert.equal(pillion.backend('lb').counters.streamsTotal, 1);
  });

  it('shows its figures to those who know the password, and obeys them', async () => {
    const system = await start();
    const { page, lb, pillion } = system;
    const refused = await fetch(page);
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Basic realm="Haproxy Statistics"']);
    await refused.text();
    const shown = await fetch(page, { headers: LOGIN });
    assert.deepEqual([shown.status, shown.headers.get('refresh')], [200, '30']);
    const text = await shown.text();
    for (const server of ['l-40883', 'l-40884', 'l-40885']) assert.ok(text.includes(`<a id="lb/${server}"`));

    const act = async (action: string): Promise<void> => {
      const response = await fetch(page, {
        method: 'POST', redirect: 'manual', headers: { ...LOGIN, 'sec-fetch-site': 'same-origin' }, body: new URLSearchParams({ s: 'l-40883', action, b: 'lb' }),
      });
      assert.deepEqual([response.status, response.headers.get('location')], [303, '/stats;st=DONE']);
    };
    await act('maint');
    assert.equal(pillion.server('l-40883').status, 'MAINT');
    for (let i = 0; i < 4; i++) await client(lb).unary('x');
    assert.deepEqual(load(system), [0, 2, 2]);
    await act('ready');
    for (let i = 0; i < 2; i++) await client(lb).unary('x');
    assert.deepEqual(load(system), [2, 2, 2]);
    const csv = await (await fetch(`${page};csv`, { headers: LOGIN })).text();
    assert.match(csv, /^lb,l-40884,0,,2,2,,2,/m);
  });
});
