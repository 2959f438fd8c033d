import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { BackendSettings, GrpcCheckSettings, ServerAddress, ServerSettings } from '../../../src/config/model.ts';
import { HTTP2_BACKEND } from '../../../src/config/tables/tuning.ts';
import type { HealthMonitor } from '../../../src/health/monitor.ts';
import { supervise } from '../../../src/health/supervise.ts';
import { SILENT } from '../../../src/model/observer.ts';
import { DEFAULT_HTTP } from '../../../src/config/http-settings.ts';
import { Backend } from '../../../src/pool/backend.ts';
import type { Server } from '../../../src/pool/server.ts';
import { until } from '../../support/until.ts';

const SERVER: ServerSettings = {
  name: 's1', address: { kind: 'unix', path: '/nowhere' }, weight: 1, check: true, interMs: 20, fastInterMs: null, downInterMs: null, slowStartMs: 0, rise: 2, fall: 3, backup: false, cookie: null, disabled: false,
  maxconn: 0, minconn: 0, maxqueue: 0, idlePing: { afterMs: null, timeoutMs: 1, always: false }, proto: null, resolvers: null, initLibc: true, preferIpv6: false, poolMaxConn: null, poolPurgeMs: 5000, checkPort: null, checkAddr: null, discovery: { kind: 'static' },
  tls: null, checkTls: null, sendProxy: null, checkSendProxy: null,
};
const BACKEND: BackendSettings = {
  name: 'b', mode: 'auto', balance: { algorithm: 'leastconn' }, allBackups: false, stickiness: null, servers: [SERVER], connectTimeoutMs: 500, serverTimeoutMs: null, queueTimeoutMs: null,
  serverFinTimeoutMs: null, tunnelTimeoutMs: null, checkTimeoutMs: null, retries: 3, redispatch: 1, grpcCheck: null, httpCheck: null, checkSpread: { percent: 0, firstWithinMs: null }, forwardFor: null, originalTo: null, forwarded: null, fullconn: null, bufferBytes: 16_384,
  retryOn: { connFailure: true, emptyResponse: false, junkResponse: false, responseTimeout: false, httpStatuses: [], grpcStatuses: [] },
  retryBudget: null, rules: null,
  http: DEFAULT_HTTP, httpLimits: { maxHead: 15_360, maxFields: 101 }, http2: HTTP2_BACKEND,
};

describe('supervision of a configured server', () => {
  let monitor: HealthMonitor | null = null;

  afterEach(() => monitor?.stop());

  function begin(address: ServerAddress, backend: BackendSettings = BACKEND, settings: ServerSettings = SERVER): Server {
    const server = new Backend(backend, SILENT, 1).addServer(settings.name, address, settings);
    monitor = supervise(server, address, backend);
    return server;
  }

  /** The first bytes that a listening server gets from the checks, or null if the connection brought none. */
  async function firstBytes(grpcCheck: GrpcCheckSettings | null): Promise<string | null> {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    begin({ kind: 'tcp', host: '127.0.0.1', port: { kind: 'fixed', port } }, { ...BACKEND, grpcCheck });
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

  it('connects to `port` and `addr`, where the server\'s own are not to be checked', async () => {
    const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.2');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const address: ServerAddress = { kind: 'tcp', host: '127.0.0.1', port: { kind: 'mapped', offset: 0 } };
    begin(address, BACKEND, { ...SERVER, checkPort: port, checkAddr: '127.0.0.2' });
    await once(listener, 'connection');
    monitor?.stop();
    listener.close();
    begin(address, BACKEND, { ...SERVER, checkPort: port });
    assert.notEqual(monitor, null);
  });

  it('speaks HTTP/2 with `option grpc-check`', async () => {
    assert.match(await firstBytes({ service: '', method: 'auto' }) ?? '', /^PRI \* HTTP\/2\.0\r\n/);
  });

  it('logs checks that say something new with `option log-health-checks`', async () => {
    const lines: string[] = [];
    const nobody: ServerAddress = { kind: 'abstract', name: `pillion-not-there-${process.pid}` };
    for (const logHealthChecks of [true, false]) {
      const backend: BackendSettings = { ...BACKEND, logHealthChecks };
      const server = new Backend(backend, SILENT, 1).addServer('s1', nobody, { ...SERVER, interMs: 1 });
      monitor = supervise(server, nobody, backend, (text) => lines.push(text.replace(/\d+ms/, 'Nms').replace(/info: ".*?"/, 'info: X')));
      await until(() => server.counters.checksFailed >= 4);
      monitor?.stop();
    }
    // Of the server nothing was known; the next checks say the same.
    assert.deepEqual(lines, ['Health check for server b/s1 failed, reason: Layer4 connection problem, info: X, check duration: Nms, status: 0/2 DOWN.']);
  });

  it('sets the status of the server and counts the failure', async () => {
    const changed = new EventEmitter();
    const address: ServerAddress = { kind: 'abstract', name: `pillion-nobody-${process.pid}` };
    const backend = new Backend(BACKEND, { ...SILENT, serverChanged: () => changed.emit('change') }, 1);
    const server = backend.addServer('s1', address, SERVER);
    monitor = supervise(server, address, BACKEND);
    await once(changed, 'change');
    assert.equal(server.status, 'DOWN');
    assert.match(server.statusReason, /^Layer4 connection problem, info: "connect ECONNREFUSED/);
    assert.deepEqual([server.counters.checksFailed, server.counters.transitionsDown], [1, 1]);
  });

  it('waits until a disabled server is enabled', () => {
    const server = begin(SERVER.address, BACKEND, { ...SERVER, disabled: true });
    assert.ok(monitor);
    assert.equal(server.status, 'MAINT');
    assert.equal(server.check, null);
    server.setAdminState('ready', '');
    assert.equal(server.status, 'UP');
  });

  it('is not there without `check`, nor when the port is the client\'s', () => {
    begin(SERVER.address, BACKEND, { ...SERVER, check: false });
    assert.equal(monitor, null);
    begin({ kind: 'tcp', host: '127.0.0.1', port: { kind: 'mapped', offset: 0 } });
    assert.equal(monitor, null);
  });
});
