import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { BackendSettings, GrpcCheckSettings, ServerAddress, ServerSettings } from '../../../src/config/model.ts';
import { createMonitor } from '../../../src/health/create-monitor.ts';
import type { HealthMonitor } from '../../../src/health/monitor.ts';

const SERVER: ServerSettings = {
  name: 's1', address: { kind: 'unix', path: '/nowhere' }, weight: 1, check: true, interMs: 20, rise: 2, fall: 3, backup: false, disabled: false,
  maxconn: 0, proto: null, discovery: { kind: 'static' },
};
const BACKEND: BackendSettings = {
  name: 'b', mode: 'auto', balance: { algorithm: 'leastconn' }, servers: [SERVER], connectTimeoutMs: 500, serverTimeoutMs: null, queueTimeoutMs: null,
  checkTimeoutMs: null, retries: 3, redispatch: null, grpcCheck: null,
};

describe('monitor of a configured server', () => {
  let monitor: HealthMonitor | null = null;

  afterEach(() => monitor?.stop());

  /** The first bytes that a listening server gets from the checks, or null if the connection brought none. */
  async function firstBytes(grpcCheck: GrpcCheckSettings | null): Promise<string | null> {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const address: ServerAddress = { kind: 'tcp', host: '127.0.0.1', port: { kind: 'fixed', port } };
    monitor = createMonitor({ ...BACKEND, grpcCheck }, SERVER, address, () => {}, () => {});
    monitor?.start();
    const [socket] = await once(listener, 'connection') as [Socket];
    const bytes = await new Promise<string | null>((resolve) => {
      socket.on('error', () => {}).once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))).once('end', () => resolve(null));
    });
    socket.destroy();
    listener.close();
    return bytes;
  }

  it('connects and says nothing with plain `check`', async () => {
    assert.equal(await firstBytes(null), null);
  });

  it('speaks HTTP/2 with `option grpc-check`', async () => {
    assert.match(await firstBytes({ service: '', method: 'auto' }) ?? '', /^PRI \* HTTP\/2\.0\r\n/);
  });

  it('reports the failure and the change', async () => {
    const failures: string[] = [];
    const change = await new Promise<string>((resolve) => {
      const address: ServerAddress = { kind: 'abstract', name: `pillion-nobody-${process.pid}` };
      monitor = createMonitor(BACKEND, SERVER, address, (status, reason) => resolve(`${status}: ${reason}`), (reason) => failures.push(reason));
      monitor?.start();
    });
    assert.match(change, /^DOWN: Layer4 connection problem, info: "connect ECONNREFUSED/);
    assert.equal(failures.length, 1);
  });

  it('is not there without `check`, nor when the port is the client\'s', () => {
    assert.equal(createMonitor(BACKEND, { ...SERVER, check: false }, SERVER.address, () => {}, () => {}), null);
    const mapped: ServerAddress = { kind: 'tcp', host: '127.0.0.1', port: { kind: 'mapped', offset: 0 } };
    assert.equal(createMonitor(BACKEND, SERVER, mapped, () => {}, () => {}), null);
  });
});
