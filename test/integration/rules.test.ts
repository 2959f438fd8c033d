/** Rules between real peers: routing, refusing, changing what passes, SNI of TLS that passes through. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, startReplica, type Replica } from '../support/grpc-replica.ts';
import { startPillion, type Pillion } from '../support/pillion.ts';

const DEFAULTS = ['defaults', '  mode grpc', '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s'];

describe('rules', () => {
  const defer = cleanUpAfterEach();

  async function replica(handlers: Parameters<typeof startReplica>[0] = {}): Promise<Replica> {
    const started = await startReplica(handlers);
    defer(() => started.kill());
    return started;
  }

  async function pillion(lines: readonly string[], mode: string = 'grpc'): Promise<Pillion> {
    const started = await startPillion([...DEFAULTS.map((line) => line.replace('grpc', mode)), ...lines, ''].join('\n'));
    defer(() => started.stop());
    return started;
  }

  function client(target: string): EchoClient {
    const started = new EchoClient(target);
    defer(() => started.close());
    return started;
  }

  async function failure(call: Promise<unknown>): Promise<ServiceError> {
    try {
      await call;
    } catch (error) {
      return error as ServiceError;
    }
    throw new Error('the call did not fail');
  }

  /** A request by Node's own HTTP/2, which shows everything. */
  async function request(port: number, headers: Record<string, string>, body: string | null = null): Promise<{ headers: IncomingHttpHeaders; body: string }> {
    const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${port}`);
    defer(() => session.destroy());
    const stream = session.request(headers, { endStream: body === null });
    if (body !== null) stream.end(body);
    const [response] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    let text = '';
    stream.setEncoding('utf8');
    for await (const chunk of stream) text += String(chunk);
    return { headers: response, body: text };
  }

  it('frees the stream of a client that goes on sending when a rule has replaced the response', async () => {
    const server = createHttpServer((_request, response) => response.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close().closeAllConnections());
    const { port, backend } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  default_backend one', 'backend one', '  http-response deny', `  server s 127.0.0.1:${(server.address() as AddressInfo).port}`,
    ], 'http');
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    defer(() => session.destroy());
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
    stream.write('half of it');
    stream.resume();
    await once(stream, 'close');
    assert.equal(stream.rstCode, 0);
    assert.equal(backend().counters.streamsCurrent, 0);
  });

  it('routes calls by service and method to two backends', async () => {
    const [one, two] = [await replica(), await replica()];
    const { target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1',
      '  acl unary path_end /Unary', '  use_backend two if { grpc.service test.Echo } !unary', '  default_backend one',
      'backend one', `  server s 127.0.0.1:${one.port}`, 'backend two', `  server s 127.0.0.1:${two.port}`,
    ]);
    const calls = client(target);
    await calls.unary('x');
    await once(calls.serverStream('x').resume(), 'end');
    assert.deepEqual([one.calls, two.calls], [1, 1]);
  });

  it('takes the name of the backend from the request, and the default for names that there are not', async () => {
    const [blue, other] = [await replica(), await replica()];
    const { target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  use_backend be_%[req.hdr(x-colour),lower]', '  default_backend other',
      'backend be_blue', `  server s 127.0.0.1:${blue.port}`, 'backend other', `  server s 127.0.0.1:${other.port}`,
    ]);
    const calls = client(target);
    const metadata = new Metadata();
    metadata.set('x-colour', 'BLUE');
    await calls.unary('x', {}, metadata);
    metadata.set('x-colour', 'green');
    await calls.unary('x', {}, metadata);
    assert.deepEqual([blue.calls, other.calls], [1, 1]);
  });

  it('answers a denied call with a grpc-status, and never with HTML', async () => {
    const server = await replica();
    const { target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  http-request deny if { path_end /Unary }', '  http-request deny deny_status 429 if { path_end /ServerStream }',
      '  default_backend one', 'backend one', `  server s 127.0.0.1:${server.port}`,
    ]);
    const calls = client(target);
    assert.equal((await failure(calls.unary('x'))).code, status.PERMISSION_DENIED);
    const [error] = (await once(calls.serverStream('x').resume(), 'error')) as [ServiceError];
    assert.equal(error.code, status.UNAVAILABLE);
    assert.equal(server.calls, 0);
  });

  it('changes fields on the way to the server and on the way back', async () => {
    let seen = new Metadata();
    const server = await replica({
      unary: (call, callback) => {
        seen = call.metadata;
        const first = new Metadata();
        first.set('secret', 'x');
        call.sendMetadata(first);
        callback(null, call.request);
      },
    });
    const { target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  http-request set-header x-service %[grpc.service]/%[grpc.method]', '  http-request del-header x-drop',
      '  http-request set-var(txn.who) req.hdr(x-who),upper', '  http-response set-header x-who %[var(txn.who)]', '  default_backend one',
      'backend one', '  http-request set-header x-backend %b', '  http-response del-header secret', `  server s 127.0.0.1:${server.port}`,
    ]);
    const metadata = new Metadata();
    metadata.set('x-drop', '1');
    metadata.set('x-who', 'me');
    const { metadata: headers } = await client(target).unary('x', {}, metadata);
    assert.deepEqual(seen.get('x-service'), ['test.Echo/Unary']);
    assert.deepEqual(seen.get('x-backend'), ['one']);
    assert.deepEqual(seen.get('x-drop'), []);
    assert.deepEqual(headers.get('x-who'), ['ME']);
    assert.deepEqual(headers.get('secret'), []);
  });

  it('prefers the server that use-server names while it is there', async () => {
    const [first, second] = [await replica(), await replica()];
    const { target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  default_backend one',
      'backend one', '  balance first', '  use-server second if { req.hdr(x-canary) 1 }', `  server first 127.0.0.1:${first.port}`, `  server second 127.0.0.1:${second.port}`,
    ]);
    const calls = client(target);
    const metadata = new Metadata();
    metadata.set('x-canary', '1');
    await calls.unary('x', {}, metadata);
    await calls.unary('x');
    assert.deepEqual([first.calls, second.calls], [1, 1]);
  });

  it('answers plain HTTP by return, redirect and deny, with http-after-response on each', async () => {
    const { port } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  http-request return status 200 content-type text/css lf-string "a %[path]" hdr x-a %[method] if { path /r }',
      '  http-request redirect location /new?%[query] code 301 if { path /old }', '  redirect prefix https://x.example if { path /prefix }',
      '  http-request deny deny_status 404 if { path /x }', '  http-after-response set-header x-after %[status]',
    ]);
    const returned = await request(port, { ':path': '/r?q=1' });
    assert.equal(returned.headers[':status'], 200);
    assert.deepEqual([returned.body, returned.headers['content-type'], returned.headers['x-a'], returned.headers['x-after']], ['a /r', 'text/css', 'GET', '200']);
    const moved = await request(port, { ':path': '/old?q=1' });
    assert.deepEqual([moved.headers[':status'], moved.headers['location'], moved.body], [301, '/new?q=1', '']);
    assert.equal((await request(port, { ':path': '/prefix?q=1' })).headers['location'], 'https://x.example/prefix?q=1');
    const denied = await request(port, { ':path': '/x' });
    assert.deepEqual([denied.headers[':status'], denied.headers['x-after']], [404, '404']);
  });

  it('waits for the body where a rule asks for it', async () => {
    const { port } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  http-request wait-for-body time 10s', '  http-request return status 200 lf-string "%[req.body_len] %[req.body]"',
    ]);
    assert.equal((await request(port, { ':path': '/', ':method': 'POST' }, 'hello')).body, '5 hello');
  });

  it('knows the bind line that the connection came by', async () => {
    const { port } = await pillion(['frontend clients', '  bind 127.0.0.1:1 name here', '  http-request return status 200 lf-string "%[so_id] %[so_name]"']);
    assert.equal((await request(port, { ':path': '/' })).body, '1 here');
  });

  it('lets no unusual names pass where option http-restrict-req-hdr-names says so, whatever rules allow', async () => {
    let seen = new Metadata();
    const server = await replica({ unary: (call, callback) => { seen = call.metadata; callback(null, call.request); } });
    const { target, port } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  http-request allow', '  use_backend strict if { path /strict }', '  default_backend one',
      'backend one', '  option http-restrict-req-hdr-names delete', '  http-request allow', `  server s 127.0.0.1:${server.port}`,
      'backend strict', '  option http-restrict-req-hdr-names reject', `  server s 127.0.0.1:${server.port}`,
    ]);
    const metadata = new Metadata();
    metadata.set('x_a', '1');
    metadata.set('x-a', '2');
    await client(target).unary('x', {}, metadata);
    assert.deepEqual([seen.get('x_a'), seen.get('x-a')], [[], ['2']]);
    assert.equal((await request(port, { ':path': '/strict', 'x.b': '1' })).headers[':status'], 403);
    assert.notEqual((await request(port, { ':path': '/strict', 'x-b': '1' })).headers[':status'], 403);
  });

  it('waits for bodies before all rules with option http-buffer-request, as long as timeout http-request', async () => {
    const { port } = await pillion([
      'frontend clients', '  mode http', '  bind 127.0.0.1:1', '  timeout http-request 50ms', '  option http-buffer-request', '  http-request return status 200 lf-string "%[req.body_len] %[req.body]"',
    ]);
    assert.equal((await request(port, { ':path': '/', ':method': 'POST' }, 'hello')).body, '5 hello');
    const socket = connectTcp(port, '127.0.0.1');
    defer(() => socket.destroy());
    let got = '';
    socket.on('data', (chunk: Buffer) => { got += chunk.toString('latin1'); });
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhell');
    await once(socket, 'close');
    assert.match(got, /^HTTP\/1\.1 408 /);
  });

  it('refuses a response of a server that a rule does not like', async () => {
    const server = await replica();
    const { target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  default_backend one', 'backend one', '  http-response deny deny_status 503 if { status 200 }', `  server s 127.0.0.1:${server.port}`,
    ]);
    assert.equal((await failure(client(target).unary('x'))).code, status.UNAVAILABLE);
  });

  for (const [path, expected] of [['/whole', /^HTTP\/1.1 200 .*x-behind: 1\r\n.*\r\n\r\nhello$/s], ['/part', /^HTTP\/1.1 200 .*x-behind: 1\r\n.*\r\n\r\nhel$/s], ['/slow', /^HTTP\/1.1 504 /]] as const) {
    it(`waits for the body of the response ${path}`, async () => {
      // Of what it announces, all comes, or three octets and no more.
      const server = createServer((socket) => {
        socket.once('data', (request: Buffer) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n${request.includes('/whole') ? 'hello' : 'hel'}`));
        socket.on('error', () => {});
        defer(() => socket.destroy());
      }).listen(0, '127.0.0.1');
      defer(() => server.close());
      await once(server, 'listening');
      const { port } = await pillion([
        'frontend clients', '  mode http', '  bind 127.0.0.1:1', '  default_backend one', 'backend one', '  mode http', '  http-response wait-for-body time 50ms if { path /slow }',
        '  http-response wait-for-body time 10s at-least 3', '  http-response set-header x-behind 1', `  server s 127.0.0.1:${(server.address() as AddressInfo).port}`,
      ]);
      const socket = connectTcp(port, '127.0.0.1');
      defer(() => socket.destroy());
      socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
      let got = '';
      while (!expected.test(got)) got += String((await once(socket, 'data') as [Buffer])[0]);
    });
  }

  it('looks at responses by tcp-response content, those of the backend\'s defaults first', async () => {
    const server = await replica();
    const { port, target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  default_backend one', 'defaults behind', '  mode grpc', '  timeout connect 1s', '  timeout client 1s', '  timeout server 1s',
      '  tcp-response inspect-delay 5s', '  tcp-response content set-var(txn.seen) str(defaults)', '  tcp-response content reject unless { path /none }', '  tcp-response content accept',
      'backend one from behind', '  tcp-response content set-var(txn.seen) str(own)', '  http-response set-header x-seen %[var(txn.seen)]', `  server s 127.0.0.1:${server.port}`,
    ]);
    const call = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
    assert.equal((await request(port, { ...call, ':path': '/none' })).headers['x-seen'], 'defaults');
    assert.equal((await failure(client(target).unary('x'))).code, status.CANCELLED);
  });

  it('closes connections by tcp-request connection', async () => {
    const { port } = await pillion(['frontend clients', '  bind 127.0.0.1:1', '  tcp-request connection reject if { src 127.0.0.0/8 }', '  http-request deny']);
    const socket = connectTcp(port, '127.0.0.1');
    defer(() => socket.destroy());
    await once(socket.resume(), 'close');
  });

  it('tells servers and logs of the address that set-src gave', async () => {
    let seen = new Metadata();
    const server = await replica({ unary: (call, callback) => { seen = call.metadata; callback(null, call.request); } });
    const { target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  option forwardfor', '  tcp-request connection set-src ipv4(192.0.2.1)', '  http-request set-src req.hdr(x-real) if { req.hdr(x-real) -m found }',
      '  http-request set-header x-peer %[fc_src]', '  default_backend one', 'backend one', `  server s 127.0.0.1:${server.port}`,
    ]);
    const calls = client(target);
    await calls.unary('x');
    assert.deepEqual([seen.get('x-forwarded-for'), seen.get('x-peer')], [['192.0.2.1'], ['192.0.2.1']]);
    const metadata = new Metadata();
    metadata.set('x-real', '198.51.100.7');
    await calls.unary('x', {}, metadata);
    assert.deepEqual([seen.get('x-forwarded-for'), seen.get('x-peer')], [['198.51.100.7'], ['192.0.2.1']]);
  });

  it('asks for a user name and a password', async () => {
    const { port } = await pillion([
      'userlist people', '  user me insecure-password pw groups staff', '  group staff', 'frontend clients', '  bind 127.0.0.1:1', '  http-request auth realm here unless { http_auth(people) }',
      '  http-request return status 200 if { http_auth_group(people) staff }',
    ]);
    const asked = await request(port, { ':path': '/' });
    assert.deepEqual([asked.headers[':status'], asked.headers['www-authenticate']], [401, 'Basic realm="here"']);
    assert.equal((await request(port, { ':path': '/', authorization: `Basic ${Buffer.from('me:pw').toString('base64')}` })).headers[':status'], 200);
    assert.equal((await failure(client(`127.0.0.1:${port}`).unary('x'))).code, status.UNAUTHENTICATED);
  });

  it('lets a tarpitted client wait for its answer', async () => {
    const { port } = await pillion(['frontend clients', '  bind 127.0.0.1:1', '  timeout tarpit 30ms', '  http-request tarpit deny_status 429']);
    const started = performance.now();
    assert.equal((await request(port, { ':path': '/' })).headers[':status'], 429);
    assert.ok(performance.now() - started >= 29);
  });

  it('holds for HTTP/1 clients and servers as well', async () => {
    const server = createHttpServer((message, response) => response.setHeader('x-seen', `${message.url ?? ''} ${String(message.headers['x-rule'])} ${message.headers.host ?? ''}`).end('ok')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    const { port } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', '  http-request deny if { path /no }', '  http-request set-header x-rule %[req.ver]', '  http-request set-header host other.example',
      '  http-request set-path /new%[path]', '  http-response set-header x-status %[status]', '  default_backend one', 'backend one', `  server s 127.0.0.1:${(server.address() as AddressInfo).port}`,
    ], 'http');
    const answer = await fetch(`http://127.0.0.1:${port}/a?b=c`);
    assert.equal(await answer.text(), 'ok');
    assert.deepEqual([answer.headers.get('x-seen'), answer.headers.get('x-status')], ['/new/a?b=c 1.1 other.example', '200']);
    const denied = await fetch(`http://127.0.0.1:${port}/no`);
    assert.equal(denied.status, 403);
  });

  it('logs a line of text by log-format, with captures and the unique id, and none where a rule says so', async () => {
    const receiver = createSocket('udp4');
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    defer(() => receiver.close());
    const server = await replica();
    const { target } = await pillion([
      'frontend clients', '  bind 127.0.0.1:1', `  log 127.0.0.1:${receiver.address().port} local0`, '  capture request header x-who len 3', '  unique-id-format id-%rt', '  unique-id-header x-id',
      '  log-format "%ci %f %b/%s %ST %[grpc.service]/%[grpc.method] %[grpc.status] %hr %ID %[req.hdr(x-id)] %ts"', '  http-request set-log-level silent if { req.hdr(x-quiet) 1 }',
      '  http-request deny if { req.hdr(x-no) 1 }', '  default_backend one', 'backend one', `  server s 127.0.0.1:${server.port}`,
    ]);
    const calls = client(target);
    const line = async (...fields: readonly (readonly [string, string])[]): Promise<string> => {
      const metadata = new Metadata();
      for (const [name, value] of fields) metadata.set(name, value);
      const came = once(receiver, 'message') as Promise<[Buffer]>;
      await calls.unary('x', {}, metadata).catch(() => {});
      return (await came)[0].toString().replace(/^<\d+>.*?: /, '');
    };
    assert.equal(await line(['x-who', 'somebody']), '127.0.0.1 clients one/s 200 test.Echo/Unary 0 {som} id-1 id-1 --');
    const quiet = new Metadata();
    quiet.set('x-quiet', '1');
    await calls.unary('x', {}, quiet);
    assert.equal(await line(['x-no', '1']), '127.0.0.1 clients clients/<NOSRV> 200 test.Echo/Unary 7 {} id-3 id-3 PR');
  });

  describe('of raw connections', () => {
    /** A server that names itself and echoes what it gets. */
    async function namedServer(name: string): Promise<number> {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.once('data', () => socket.end(name));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
      });
      return (server.address() as AddressInfo).port;
    }

    async function talk(port: number, pieces: readonly Buffer[]): Promise<string> {
      const socket = connectTcp(port, '127.0.0.1');
      defer(() => socket.destroy());
      socket.setEncoding('latin1');
      socket.setNoDelay(true);
      for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return text;
    }

    /** A ClientHello with a server name (RFC 8446 §4.1.2, RFC 6066 §3). */
    function clientHello(name: string): Buffer {
      const vector = (size: number, ...parts: Buffer[]): Buffer => {
        const body = Buffer.concat(parts);
        const length = Buffer.alloc(size);
        length.writeUIntBE(body.length, 0, size);
        return Buffer.concat([length, body]);
      };
      const sni = Buffer.concat([Buffer.of(0, 0), vector(2, vector(2, Buffer.of(0), vector(2, Buffer.from(name))))]);
      const hello = Buffer.concat([Buffer.of(3, 3), Buffer.alloc(32), vector(1), vector(2, Buffer.of(0x13, 1)), vector(1, Buffer.of(0)), vector(2, sni)]);
      const handshake = Buffer.concat([Buffer.of(1), vector(3, hello)]);
      return Buffer.concat([Buffer.of(22, 3, 1), vector(2, handshake)]);
    }

    it('routes TLS that passes through by the name in its ClientHello, in pieces as well', async () => {
      const [a, b] = [await namedServer('a'), await namedServer('b')];
      const { port } = await pillion([
        'frontend clients', '  bind 127.0.0.1:1', '  tcp-request inspect-delay 10s', '  tcp-request content accept if { req.ssl_hello_type 1 }',
        '  use_backend a if { req.ssl_sni -i a.example }', '  default_backend b', 'backend a', `  server s 127.0.0.1:${a}`, 'backend b', `  server s 127.0.0.1:${b}`,
      ], 'tcp');
      const hello = clientHello('a.example');
      assert.equal(await talk(port, [hello]), 'a');
      assert.equal(await talk(port, [hello.subarray(0, 20), hello.subarray(20)]), 'a');
      assert.equal(await talk(port, [clientHello('c.example')]), 'b');
    });

    it('refuses what is not TLS, as soon as that is clear', async () => {
      const a = await namedServer('a');
      const { port } = await pillion([
        'frontend clients', '  bind 127.0.0.1:1', '  tcp-request inspect-delay 10s', '  tcp-request content reject if !{ req.ssl_hello_type 1 }',
        '  default_backend a', 'backend a', `  server s 127.0.0.1:${a}`,
      ], 'tcp');
      assert.equal(await talk(port, [Buffer.from('plain\n')]), '');
      assert.equal(await talk(port, [clientHello('a.example')]), 'a');
    });
  });
});
