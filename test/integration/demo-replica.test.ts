/** The demo's server and client, without Pillion between them: what fails here is not the proxy's doing. */
import assert from 'node:assert/strict';
import { Child } from '../../sidecar/demo/child.ts';
import { createEchoClient } from '../../sidecar/demo/client.ts';
import { freePorts, portProblem } from '../../sidecar/demo/ports.ts';

async function startReplica(): Promise<{ readonly replica: Child; readonly port: number }> {
  const [port = 0] = await freePorts(1);
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  const replica = new Child('replica', 'replica.ts', [`127.0.0.1:${port}`, 'replica#1'], () => resolve());
  await Promise.race([listening, replica.exited.then((exit) => assert.fail(replica.describe(exit)))]);
  return { replica, port };
}

describe('demo replica', () => {
  it('answers all four kinds of call, and leaves in order on SIGTERM', async () => {
    const { replica, port } = await startReplica();
    const client = createEchoClient(`127.0.0.1:${port}`);
    try {
      const answers = await Promise.all([client.say(), client.repeat(), client.collect(), client.chat()]);
      assert.deepEqual(answers, Array.from({ length: 4 }, () => 'replica#1'));
      assert.deepEqual(await replica.stop(5000), { code: 0, signal: null });
      assert.equal(await portProblem(port), null);
      await assert.rejects(client.say(), /UNAVAILABLE/);
    } finally {
      client.close();
      replica.kill();
      await replica.exited;
    }
  });

  it('says why when it cannot listen', async () => {
    const { replica, port } = await startReplica();
    try {
      const second = new Child('second', 'replica.ts', [`127.0.0.1:${port}`, 'second#1']);
      const exit = await second.exited;
      assert.equal(exit.code, 1);
      assert.match(second.describe(exit), /second ended with exit code 1\n[^]*EADDRINUSE/);
    } finally {
      await replica.stop(5000);
    }
  });
});
