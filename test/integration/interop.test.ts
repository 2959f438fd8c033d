/** Clients and servers that others have written, on both sides of Pillion. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { status, type ServiceError } from '@grpc/grpc-js';
import { freePorts } from '../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { collect, EchoClient, startReplica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { scratchFolder } from '../support/pillion-process.ts';
import { installed, run, startServer } from '../support/programs.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const hasGrpcio = (): boolean => installed('python3', 'Python with grpcio: pip install grpcio', ['-c', 'import grpc']);

describe('interoperation', function () {
  this.slow(3000);
  const defer = cleanUpAfterEach();

  async function before(port: number): Promise<Pillion> {
    const pillion = await startPillion(grpcConfiguration([`server a 127.0.0.1:${port}`]));
    defer(() => pillion.stop());
    return pillion;
  }

  async function replica(): Promise<number> {
    const one = await startReplica();
    defer(() => one.kill());
    return one.port;
  }

  /** A server that answers every request with its body, or with `hello`. */
  async function httpServer(): Promise<number> {
    const server = createServer();
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'text/plain' });
        stream.end(parts.length > 0 ? Buffer.concat(parts) : 'hello');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  it('serves a client of Python grpcio', async function () {
    if (!hasGrpcio()) return this.skip();
    const pillion = await before(await replica());
    const { stdout, stderr } = await run('python3', [fixture('grpc_client.py'), String(pillion.port)]);
    assert.equal(stdout, 'fine\n', stderr);
  }).timeout(20_000);

  it('calls a server of Python grpcio', async function () {
    if (!hasGrpcio()) return this.skip();
    const [port = 0] = await freePorts(1);
    const server = await startServer('python3', [fixture('grpc_server.py'), String(port)], port);
    defer(() => server.stop());
    const pillion = await before(port);
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    const { response, metadata } = await client.unary('hello');
    assert.deepEqual([response.toString(), metadata.get('from')], ['hello', ['python']]);
    const large = Buffer.alloc(2_000_000, 'large');
    assert.ok((await client.unary(large)).response.equals(large));
    assert.equal(Buffer.concat(await collect(client.serverStream('abc'))).toString(), 'abc');
    const { call, answer } = client.clientStream();
    call.write(Buffer.from('one '));
    call.write(Buffer.from('two'));
    call.end();
    assert.equal((await answer).toString(), 'one two');
    const chat = client.bidi();
    chat.end(Buffer.from('chat'));
    assert.equal(Buffer.concat(await collect(chat)).toString(), 'chat');
    await assert.rejects(client.unary('fail'), (error: ServiceError) => {
      assert.deepEqual([error.code, error.details, error.metadata.get('why-bin')], [status.OUT_OF_RANGE, 'beyond', [Buffer.of(0, 255)]]);
      return true;
    });
    await Promise.all(Array.from({ length: 100 }, (_, index) => client.unary(String(index))));
  }).timeout(20_000);

  it('serves curl', async function () {
    if (!installed('curl', 'apt-get install curl')) return this.skip();
    const pillion = await before(await httpServer());
    const url = `http://${pillion.target}/`;
    const get = await run('curl', ['-sS', '--http2-prior-knowledge', '-w', ' %{http_version} %{response_code}', url]);
    assert.equal(get.stdout, 'hello 2 200', get.stderr);
    const body = 'x'.repeat(300_000);
    const post = await run('curl', ['-sS', '--http2-prior-knowledge', '--data-binary', '@-', url], body);
    assert.ok(post.stdout === body, post.stderr);
    const down = await before((await freePorts(1))[0] ?? 0);
    const none = await run('curl', ['-sS', '--http2-prior-knowledge', '-o', '/dev/null', '-w', '%{response_code}', `http://${down.target}/`]);
    assert.equal(none.stdout, '503', none.stderr);
  });

  it('serves nghttp and h2load', async function () {
    if (!installed('nghttp', 'apt-get install nghttp2-client')) return this.skip();
    const pillion = await before(await httpServer());
    const get = await run('nghttp', ['-v', '--no-dep', `http://${pillion.target}/`]);
    assert.match(get.stdout, /:status: 200[^]*hello/);
    const load = await run('h2load', ['-n', '2000', '-c', '4', '-m', '50', `http://${pillion.target}/`]);
    assert.match(load.stdout, /2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  }).timeout(20_000);

  it('calls nghttpd', async function () {
    if (!installed('nghttpd', 'apt-get install nghttp2-server')) return this.skip();
    const folder = scratchFolder();
    defer(() => folder.remove());
    folder.file('index.html', 'from nghttpd');
    const [port = 0] = await freePorts(1);
    const server = await startServer('nghttpd', ['--no-tls', '-d', folder.path, '--trailer', 'x-last: yes', String(port)], port);
    defer(() => server.stop());
    const pillion = await before(port);
    const { stdout, stderr } = await run('curl', ['-sS', '--http2-prior-knowledge', '-i', `http://${pillion.target}/index.html`]);
    assert.match(stdout, /HTTP\/2 200[^]*from nghttpd/, stderr);
  });

  it('calls a gRPC server behind nginx', async function () {
    if (!installed('nginx', 'apt-get install nginx', ['-v'])) return this.skip();
    const folder = scratchFolder();
    defer(() => folder.remove());
    const [port = 0] = await freePorts(1);
    mkdirSync(join(folder.path, 'logs'));
    const file = folder.file('nginx.conf', `
      daemon off; master_process off; pid ${folder.path}/pid; error_log stderr;
      events { worker_connections 1024; }
      http {
        access_log off; client_body_temp_path ${folder.path}/body; proxy_temp_path ${folder.path}/p; fastcgi_temp_path ${folder.path}/f;
        uwsgi_temp_path ${folder.path}/u; scgi_temp_path ${folder.path}/s;
        server { listen 127.0.0.1:${port} http2; client_max_body_size 8m; location / { grpc_pass grpc://127.0.0.1:${await replica()}; } }
      }`);
    const server = await startServer('nginx', ['-p', folder.path, '-c', file], port);
    defer(() => server.stop());
    const pillion = await before(port);
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    assert.equal((await client.unary('hello')).response.toString(), 'hello');
    assert.equal(Buffer.concat(await collect(client.serverStream('abc'))).toString(), 'abc');
    await Promise.all(Array.from({ length: 200 }, (_, index) => client.unary(String(index))));
  });

  it('works behind HAProxy', async function () {
    if (!installed('haproxy', 'apt-get install haproxy', ['-v'])) return this.skip();
    const folder = scratchFolder();
    defer(() => folder.remove());
    const pillion = await before(await replica());
    const [port = 0] = await freePorts(1);
    const file = folder.file('haproxy.cfg', [
      'defaults', ' mode http', ' timeout connect 2s', ' timeout client 10s', ' timeout server 10s',
      'listen one', ` bind 127.0.0.1:${port} proto h2`, ` server pillion ${pillion.target} proto h2`, '',
    ].join('\n'));
    const server = await startServer('haproxy', ['-db', '-f', file], port);
    defer(() => server.stop());
    const client = new EchoClient(`127.0.0.1:${port}`);
    defer(() => client.close());
    assert.equal((await client.unary('hello')).response.toString(), 'hello');
    assert.equal(Buffer.concat(await collect(client.serverStream('abc'))).toString(), 'abc');
    await Promise.all(Array.from({ length: 200 }, (_, index) => client.unary(String(index))));
  });
});
