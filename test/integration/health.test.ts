import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check, CheckAddress } from '../../src/health/check.ts';
import { GrpcCheck } from '../../src/health/grpc-check.ts';
import { HealthMonitor } from '../../src/health/monitor.ts';
import { TcpCheck } from '../../src/health/tcp-check.ts';
import { GrpcHealthServer } from '../support/grpc-health-server.ts';

/** A monitor whose changes can be awaited. */
class Watched extends EventEmitter {
  readonly monitor: HealthMonitor;
  readonly changes: { readonly status: string; readonly reason: string; readonly at: number }[] = [];
  readonly failures: string[] = [];

  constructor(check: Check, interMs = 50) {
    super();
    const onFailure = (reason: string): void => {
      this.failures.push(reason);
      this.emit('failure');
    };
    this.monitor = new HealthMonitor({ interMs, rise: 2, fall: 3, random: () => 0, onFailure }, check, (status, reason) => {
      this.changes.push({ status, reason, at: performance.now() });
      this.emit('change');
    });
    this.monitor.start();
  }

  /** Waits until the status is `status`; gives the reason for it and when it came. */
  async reaches(status: string): Promise<{ readonly reason: string; readonly at: number }> {
    while (this.monitor.status !== status) await once(this, 'change');
    return this.changes.at(-1) ?? { reason: '', at: 0 };
  }

  async failsAt(count: number): Promise<string> {
    while (this.failures.length < count) await once(this, 'failure');
    return this.failures[count - 1] as string;
  }
}

const cleanups: (() => unknown)[] = [];

function defer(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

function watch(check: Check, interMs?: number): Watched {
  const watched = new Watched(check, interMs);
  defer(() => watched.monitor.stop());
  return watched;
}

async function listening(server: Server, where: object = { host: '127.0.0.1', port: 0 }): Promise<number> {
  server.listen(where);
  await once(server, 'listening');
  defer(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Joins each connection that it accepts to a new one to `port`. */
function relayTo(port: number, onClient: (client: Socket) => void = () => {}): Server {
  return createServer((client) => {
    onClient(client);
    const upstream = connect(port, '127.0.0.1');
    client.on('error', () => upstream.destroy()).pipe(upstream);
    upstream.on('error', () => client.destroy()).pipe(client);
  });
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('TCP check', () => {
  it('passes when the port accepts, and leaves without RST though the peer speaks first', async () => {
    const server = createServer((socket) => socket.end(Buffer.alloc(64 * 1024, 'x')));
    const port = await listening(server);
    const watched = watch(new TcpCheck({ host: '127.0.0.1', port }, 1000), 20);
    for (let i = 0; i < 3; i++) {
      const [socket] = (await once(server, 'connection')) as [Socket];
      let failure = '';
      socket.on('error', (error) => (failure = error.message));
      await once(socket, 'close');
      assert.equal(failure, '');
    }
    assert.deepEqual(watched.changes, []);
  });

  it('fails at once when the port is refused, and rises when it listens', async () => {
    const probe = createServer();
    const port = await listening(probe);
    await new Promise((resolve) => probe.close(resolve));
    const watched = watch(new TcpCheck({ host: '127.0.0.1', port }, 1000), 10);
    const { reason } = await watched.reaches('DOWN');
    assert.match(reason, /^Layer4 connection problem, info: "connect ECONNREFUSED/);
    await listening(createServer((socket) => socket.end()), { host: '127.0.0.1', port });
    await watched.reaches('UP');
  });

  it('fails after its timeout when the port is silent', async () => {
    // A process that listens and never accepts: once its backlog is full, the kernel answers no SYN.
    const script = `const s = require('net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      require('fs').writeSync(1, String(s.address().port)); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); });`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    defer(() => child.kill('SIGKILL'));
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(chunk.toString());
    const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    defer(() => fillers.forEach((socket) => socket.destroy()));
    await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, 'connect')));
    const watched = watch(new TcpCheck({ host: '127.0.0.1', port }, 60));
    const { reason } = await watched.reaches('DOWN');
    assert.equal(reason, 'Layer4 timeout, info: "no connection within 60 ms"');
  });

  it('reaches unix and abstract sockets', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pillion-'));
    defer(() => rm(folder, { recursive: true }));
    for (const path of [join(folder, 'socket'), `\0pillion-check-${process.pid}`]) {
      const server = createServer((socket) => socket.end());
      await listening(server, { path });
      const watched = watch(new TcpCheck({ path }, 1000), 10);
      await once(server, 'connection');
      await once(server, 'connection');
      assert.deepEqual(watched.failures, []);
    }
  });
});

describe('gRPC check', function () {
  // grpc-js is loaded by the first check.
  this.slow(1000);

  async function serve(methods: 'both' | 'check' | 'none' = 'both', target?: string): Promise<GrpcHealthServer> {
    const server = new GrpcHealthServer(methods);
    await server.listen(target);
    defer(() => server.kill());
    return server;
  }

  function grpcCheck(address: CheckAddress, method: 'auto' | 'watch' | 'check' = 'auto', service = '', timeoutMs = 1000): GrpcCheck {
    return new GrpcCheck(address, { service, method }, timeoutMs);
  }

  it('sees pushed statuses within milliseconds, without rise or fall', async () => {
    const server = await serve();
    const watched = watch(grpcCheck({ host: '127.0.0.1', port: server.port }), 60_000);
    await once(server, 'watch');
    for (let i = 0; i < 5; i++) {
      let begin = performance.now();
      server.set('NOT_SERVING');
      const stopped = await watched.reaches('NOLB');
      assert.ok(stopped.at - begin < 500);
      assert.equal(stopped.reason, 'Layer7 check conditionally passed, info: "grpc.health.v1 watch: NOT_SERVING"');
      begin = performance.now();
      server.set('SERVING');
      assert.ok((await watched.reaches('UP')).at - begin < 500);
    }
    assert.deepEqual([server.watches, watched.failures], [1, []]);
  });

  it('goes down when the server is killed and up as soon as it serves again', async () => {
    const server = await serve();
    server.set('NOT_SERVING');
    const watched = watch(grpcCheck({ host: '127.0.0.1', port: server.port }), 20);
    await watched.reaches('NOLB');
    server.set('SERVING');
    await watched.reaches('UP');
    for (let i = 0; i < 2; i++) {
      server.kill();
      const { reason } = await watched.reaches('DOWN');
      assert.match(reason, /^Layer4 connection problem, info: "connect ECONNREFUSED [^"]+"$/);
      await server.restart();
      assert.equal((await watched.reaches('UP')).reason, 'Layer7 check passed, info: "grpc.health.v1 watch: SERVING"');
    }
    assert.equal(watched.failures.length >= 6, true);
  });

  it('keeps the word of the Watch while it shows that the server is alive', async () => {
    const server = await serve();
    const watched = watch(grpcCheck({ host: '127.0.0.1', port: server.port }), 10);
    await once(server, 'watch');
    server.set('NOT_SERVING');
    await watched.reaches('NOLB');
    for (let i = 0; i < 3; i++) await server.nextCheck();
    assert.equal(watched.monitor.status, 'NOLB');
    assert.deepEqual([server.watches, watched.failures.length], [1, 0]);
  });

  it('notices a peer that vanished without closing', async () => {
    const server = await serve();
    let silent = false;
    const relay = createServer((client) => {
      const upstream = connect(server.port, '127.0.0.1');
      client.on('data', (chunk) => silent || upstream.write(chunk)).on('error', () => {}).on('close', () => upstream.destroy());
      upstream.on('data', (chunk) => silent || client.write(chunk)).on('error', () => {}).on('close', () => client.destroy());
    });
    const port = await listening(relay);
    const watched = watch(grpcCheck({ host: '127.0.0.1', port }, 'auto', '', 80), 20);
    await once(server, 'watch');
    silent = true;
    assert.match((await watched.reaches('DOWN')).reason, /^Layer7 timeout/);
    silent = false;
    await watched.reaches('UP');
  });

  it('opens a new Watch when the server ended it in good order', async () => {
    const server = await serve();
    const watched = watch(grpcCheck({ host: '127.0.0.1', port: server.port }), 15);
    for (let i = 0; i < 3; i++) {
      await once(server, 'watch');
      server.endWatches();
    }
    await once(server, 'watch');
    assert.deepEqual([watched.changes, watched.failures], [[], []]);
  });

  it('reports a service that the server does not know as NOLB, and follows it when it appears', async () => {
    const server = await serve();
    const watched = watch(grpcCheck({ host: '127.0.0.1', port: server.port }, 'watch', 'shop.Cart'), 60_000);
    assert.match((await watched.reaches('NOLB')).reason, /does not know service "shop\.Cart"/);
    server.set('SERVING', 'shop.Cart');
    await watched.reaches('UP');
    const polled = watch(grpcCheck({ host: '127.0.0.1', port: server.port }, 'check', 'shop.Till'), 10);
    assert.match((await polled.reaches('NOLB')).reason, /does not know service "shop\.Till"/);
  });

  it('falls back to Check where Watch is not implemented', async () => {
    const server = await serve('check');
    const watched = watch(grpcCheck({ host: '127.0.0.1', port: server.port }), 10);
    await server.nextCheck();
    server.set('NOT_SERVING');
    assert.match((await watched.reaches('NOLB')).reason, /grpc\.health\.v1 check: NOT_SERVING/);
    server.set('SERVING');
    await watched.reaches('UP');
    assert.deepEqual(watched.failures, []);
    server.kill();
    await watched.reaches('DOWN');
    await server.restart();
    assert.match((await watched.reaches('UP')).reason, /check: SERVING/);
  });

  it('does not fall back when told to watch', async () => {
    const server = await serve('check');
    const watched = watch(grpcCheck({ host: '127.0.0.1', port: server.port }, 'watch'), 10);
    assert.match((await watched.reaches('DOWN')).reason, /does not implement grpc\.health\.v1\.Health\/Watch/);
    assert.equal(server.checks, 0);
  });

  it('says what to do when the server has no health service', async () => {
    const server = await serve('none');
    for (const method of ['auto', 'check'] as const) {
      const watched = watch(grpcCheck({ host: '127.0.0.1', port: server.port }, method), 10);
      assert.match((await watched.reaches('DOWN')).reason, /no grpc\.health\.v1 service .*use plain `check`/);
    }
  });

  it('fails against a server that does not speak HTTP/2, or nothing at all', async () => {
    const http1 = await listening(createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    await watch(grpcCheck({ host: '127.0.0.1', port: http1 }), 10).reaches('DOWN');
    const mute = await listening(createServer((socket) => defer(() => socket.on('error', () => {}).destroy())));
    const { reason } = await watch(grpcCheck({ host: '127.0.0.1', port: mute }, 'auto', '', 60), 10).reaches('DOWN');
    assert.match(reason, /timeout/);
  });

  it('reaches IPv6, host names, unix and abstract sockets', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pillion-'));
    defer(() => rm(folder, { recursive: true }));
    const six = await serve('both', '[::1]:0');
    const name = await serve('both', 'localhost:0');
    const unix = await serve('both', `unix:${join(folder, 'socket')}`);
    const backing = await serve();
    const abstract = `\0pillion-grpc-check-${process.pid}`;
    await listening(relayTo(backing.port), { path: abstract });
    const cases: readonly (readonly [server: GrpcHealthServer, address: CheckAddress])[] = [
      [six, { host: '::1', port: six.port }],
      [name, { host: 'localhost', port: name.port }],
      [unix, { path: join(folder, 'socket') }],
      [backing, { path: abstract }],
    ];
    for (const [server, address] of cases) {
      server.set('NOT_SERVING');
      assert.match((await watch(grpcCheck(address), 50).reaches('NOLB')).reason, /NOT_SERVING/, JSON.stringify(address));
    }
  });

  it('leaves no connection behind when it is stopped', async () => {
    const server = await serve();
    const sockets = new Set<Socket>();
    const port = await listening(relayTo(server.port, (client) => sockets.add(client)));
    const watched = watch(grpcCheck({ host: '127.0.0.1', port }), 10);
    await server.nextCheck();
    const closed = Promise.all(Array.from(sockets, (socket) => new Promise((resolve) => socket.once('close', resolve))));
    watched.monitor.stop();
    await closed;
    assert.equal(sockets.size, 1);
  });
});

describe('gRPC check against grpcio', () => {
  const SCRIPT = `
import sys, grpc
from concurrent import futures
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
server = grpc.server(futures.ThreadPoolExecutor(4))
service = health.HealthServicer()
health_pb2_grpc.add_HealthServicer_to_server(service, server)
port = server.add_insecure_port('127.0.0.1:' + sys.argv[1])
service.set('', health_pb2.HealthCheckResponse.SERVING)
server.start()
print(port, flush=True)
for line in sys.stdin:
    service.set('', health_pb2.HealthCheckResponse.ServingStatus.Value(line.strip()))
server.stop(0)
`;

  async function python(port: number): Promise<{ readonly child: ChildProcess; readonly port: number }> {
    const child = spawn('python3', ['-c', SCRIPT, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    defer(() => child.kill('SIGKILL'));
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, port: Number(chunk.toString()) };
  }

  before(function () {
    if (spawnSync('python3', ['-c', 'import grpc, grpc_health']).status === 0) return;
    console.log('    skipped: pip install grpcio grpcio-health-checking');
    this.skip();
  });

  it('follows its statuses, stands its checks, and its restart', async () => {
    const first = await python(0);
    const watched = watch(new GrpcCheck({ host: '127.0.0.1', port: first.port }, { service: '', method: 'auto' }, 2000), 25);
    first.child.stdin?.write('NOT_SERVING\n');
    await watched.reaches('NOLB');
    first.child.stdin?.write('SERVING\n');
    await watched.reaches('UP');
    assert.deepEqual(watched.failures, []);
    first.child.kill('SIGKILL');
    await watched.reaches('DOWN');
    await python(first.port);
    await watched.reaches('UP');
  });

  it('notices that it hangs', async () => {
    const { child, port } = await python(0);
    const watched = watch(new GrpcCheck({ host: '127.0.0.1', port }, { service: '', method: 'auto' }, 100), 20);
    child.stdin?.write('NOT_SERVING\n');
    await watched.reaches('NOLB');
    child.stdin?.write('SERVING\n');
    await watched.reaches('UP');
    child.kill('SIGSTOP');
    assert.match((await watched.reaches('DOWN')).reason, /timeout/);
    child.kill('SIGCONT');
    await watched.reaches('UP');
  });
});
