/** The demo must leave no process behind, however it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePorts } from '../../sidecar/demo/ports.ts';

const CHILD = new URL('../../sidecar/demo/child.ts', import.meta.url).href;

describe('demo children', () => {
  it('end when their parent is killed', async () => {
    const [port = 0] = await freePorts(1);
    const program = `
      const { Child } = await import('${CHILD}');
      new Child('replica', 'replica.ts', ['127.0.0.1:${port}', 'replica#1'], () => process.stdout.write('listening'));
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(parent.stdout, 'data');
    const connection = connect(port, '127.0.0.1');
    await once(connection, 'connect');
    connection.resume();
    const closed = once(connection, 'close');
    parent.kill('SIGKILL');
    await closed;
    const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });
});
