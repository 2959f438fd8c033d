import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { startAdmin } from '../../../../src/observe/admin/admin.ts';
import type { Admin } from '../../../../src/observe/admin/admin.ts';

const LOOPBACK = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;

describe('observe/admin', () => {
  let admin: Admin;
  let notReady = '';
  let notLive = '';
  let fail = false;

  beforeEach(async () => {
    notReady = '';
    notLive = '';
    fail = false;
    admin = await startAdmin(LOOPBACK, {
      metrics: async () => {
        if (fail) throw new Error('no figures');
        return 'pillion_up 1\n';
      },
      metricsType: 'text/plain; version=0.0.4',
      notReady: () => notReady,
      notLive: () => notLive,
    });
  });

  afterEach(() => admin.close());

  const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const response = await fetch(`http://${admin.address}${path}`, { method });
    return [response.status, await response.text()];
  };

  it('serves metrics with their type', async () => {
    const response = await fetch(`http://${admin.address}/metrics?x=1`);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4');
    assert.equal(await response.text(), 'pillion_up 1\n');
    assert.deepEqual(await get('/metrics', 'HEAD'), [200, '']);
  });

  it('says whether it is ready and live, and why not', async () => {
    assert.deepEqual(await get('/ready'), [200, 'ok\n']);
    assert.deepEqual(await get('/live'), [200, 'ok\n']);
    notReady = 'draining';
    notLive = 'event loop stalled';
    assert.deepEqual(await get('/ready'), [503, 'draining\n']);
    assert.deepEqual(await get('/live'), [503, 'event loop stalled\n']);
  });

  it('lists its paths for others and refuses other methods', async () => {
    const [status, text] = await get('/');
    assert.equal(status, 404);
    for (const path of ['/metrics', '/ready', '/live']) assert.ok(text.includes(path));
    assert.equal((await get('/metrics', 'POST'))[0], 405);
  });

  it('survives a failing source and malformed requests', async () => {
    fail = true;
    assert.deepEqual(await get('/metrics'), [500, 'no figures\n']);
    const [host = '', port = ''] = admin.address.split(':');
    const socket = connect(Number(port), host);
    socket.end('\x00garbage\r\n\r\n');
    const [data] = await once(socket, 'data');
    assert.match(String(data), /^HTTP\/1\.1 400 /);
    const big = connect(Number(port), host);
    big.write(`GET / HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(9000)}\r\n\r\n`);
    const [answer] = await once(big, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 431 /);
    big.destroy();
    assert.equal((await get('/live'))[0], 200);
  });

  it('rejects an address in use', async () => {
    const [host = '', port = ''] = admin.address.split(':');
    await assert.rejects(startAdmin({ kind: 'tcp', host, port: Number(port) }, {
      metrics: async () => '', metricsType: 'text/plain', notReady: () => '', notLive: () => '',
    }), { code: 'EADDRINUSE' });
  });

  it('closes though a connection is open', async () => {
    const [host = '', port = ''] = admin.address.split(':');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await admin.close();
    await closed;
    await assert.rejects(fetch(`http://${host}:${port}/live`));
  });
});
