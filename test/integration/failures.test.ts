/** What clients and servers hear when something breaks, and that nothing else suffers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server, type ClientHttp2Stream } from 'node:http2';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { status, type ServiceError } from '@grpc/grpc-js';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import {
  CLIENT_PREFACE, data, DATA, END_STREAM, field, frame, FrameParser, GET_REQUEST, goAway, GRPC_REQUEST, GRPC_RESPONSE, HEADERS, headers, message, PING, RST_STREAM,
  rstStream, settings,
} from '../support/frames.ts';
import { EchoClient, HeldCalls, openCalls, startReplica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { connectRaw, RawServer, type RawPeer } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const PROTOCOL_ERROR = 1;
const CANCEL = 8;

async function everything(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('failures', () => {
  const defer = cleanUpAfterEach();

  async function pillionFor(lines: readonly string[], mode: 'auto' | 'grpc' | 'http' = 'auto'): Promise<Pillion> {
    const pillion = await startPillion(grpcConfiguration(lines, mode));
    defer(() => pillion.stop());
    return pillion;
  }

  function clientOf(pillion: Pillion): EchoClient {
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return client;
  }

  async function rawServer(): Promise<{ server: RawServer; port: number }> {
    const server = new RawServer();
    defer(() => server.close());
    return { server, port: await server.listen() };
  }

  async function rawClient(pillion: Pillion): Promise<RawPeer> {
    const peer = await connectRaw(pillion.port);
    defer(() => peer.destroy());
    return peer;
  }

  async function replica(handlers = {}): Promise<number> {
    const one = await startReplica(handlers);
    defer(() => one.kill());
    return one.port;
  }

  it('says which backend has no server, and why', async () => {
    const pillion = await pillionFor(['server a 127.0.0.1:9 disabled', 'server b 127.0.0.1:9 disabled']);
    await assert.rejects(clientOf(pillion).unary('x'), (error: ServiceError) => {
      assert.equal(error.code, status.UNAVAILABLE);
      assert.match(error.details, /no server available in backend app: a MAINT.*, b MAINT/);
      return true;
    });
    const peer = await rawClient(pillion);
    peer.send(headers(1, GRPC_REQUEST));
    const response = await peer.take(HEADERS, 1);
    assert.equal(response.flags & END_STREAM, END_STREAM, 'trailers only');
    assert.equal(field(response, ':status'), '200');
    assert.equal(field(response, 'grpc-status'), '14');
    assert.equal(field(response, 'content-type'), 'application/grpc');
    assert.equal(await peer.resetCode(1), 0, 'the rest of the request is not wanted');
    assert.equal(pillion.backend().counters.unserved, 2);
  });

  it('answers HTTP requests with 503', async () => {
    const pillion = await pillionFor(['server a 127.0.0.1:9 disabled']);
    const session = connectHttp2(`http://${pillion.target}`);
    defer(() => session.destroy());
    const request = session.request({ ':path': '/page' });
    const [response] = (await once(request, 'response')) as [Record<string, unknown>];
    let body = '';
    for await (const chunk of request) body += String(chunk);
    assert.equal(response[':status'], 503);
    assert.match(body, /<h1>503 Service Unavailable<\/h1>/);
    assert.equal(Number(response['content-length']), Buffer.byteLength(body));
  });

  it('answers UNAVAILABLE when the connection is lost, before and in the answer', async () => {
    const { server, port } = await rawServer();
    const pillion = await pillionFor([`server a 127.0.0.1:${port}`]);
    const client = clientOf(pillion);
    const early = client.unary('x');
    const stream = client.serverStream('x');
    const messages: Buffer[] = [];
    stream.on('data', (octets: Buffer) => messages.push(octets));
    const streamEnd = once(stream, 'error') as Promise<[ServiceError]>;
    const peer = await server.accept();
    for (const id of [1, 3]) await peer.sees((one) => one.type === DATA && one.id === id);
    const { id } = await peer.sees(({ type, fields }) => type === HEADERS && fields.some(([, value]) => value === '/test.Echo/ServerStream'));
    peer.send(headers(id, GRPC_RESPONSE), data(id, message('begun')));
    await once(stream, 'data');
    peer.destroy();
    for (const failure of [early.then(() => assert.fail(), (error: ServiceError) => error), streamEnd.then(([error]) => error)]) {
      const error = await failure;
      assert.equal(error.code, status.UNAVAILABLE);
      assert.match(error.details, /connection to server app\/a was lost/);
    }
    assert.deepEqual(messages, [Buffer.from('begun')]);
    assert.equal(pillion.server('a').counters.streamsCurrent, 0);
  });

  it('keeps streams on other servers when one is lost', async () => {
    const { server, port } = await rawServer();
    const held = new HeldCalls();
    const pillion = await pillionFor(['balance first', `server a 127.0.0.1:${port} maxconn 1`, `server b 127.0.0.1:${await replica(held.handlers)}`]);
    const client = clientOf(pillion);
    const lost = client.unary('x');
    const peer = await server.accept();
    await peer.take(DATA);
    const [running] = await openCalls(client, 1);
    peer.destroy();
    await assert.rejects(lost, { code: status.UNAVAILABLE });
    const answer = once(running as NonNullable<typeof running>, 'data');
    held.calls[0]?.write(Buffer.from('alive'));
    assert.deepEqual(await answer, [Buffer.from('alive')]);
  });

  it('survives a server that sends garbage, and says so', async () => {
    const garbage = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nwhat is this?');
    }).listen(0, '127.0.0.1');
    await once(garbage, 'listening');
    defer(() => garbage.close());
    const pillion = await pillionFor([`server a 127.0.0.1:${(garbage.address() as AddressInfo).port}`, 'retries 1']);
    const client = clientOf(pillion);
    await assert.rejects(client.unary('x', { deadline: Date.now() + 5000 }), (error: ServiceError) => {
      assert.equal(error.code, status.UNAVAILABLE);
      assert.match(error.details, /connect to server app\/a failed: .+/);
      return true;
    });
  });

  for (const [what, octets] of [
    ['a response without :status', (id: number) => headers(id, [['content-type', 'application/grpc']])],
    ['upper-case field names', (id: number) => headers(id, [[':status', '200'], ['Content-Type', 'x']])],
    ['DATA before HEADERS', (id: number) => data(id, 'x')],
  ] as const) {
    it(`ends only the stream on ${what} from a server`, async () => {
      const { server, port } = await rawServer();
      const pillion = await pillionFor([`server a 127.0.0.1:${port}`]);
      const client = clientOf(pillion);
      const broken = client.unary('x');
      const peer = await server.accept();
      const { id } = await peer.take(HEADERS);
      peer.send(octets(id));
      await assert.rejects(broken, (error: ServiceError) => {
        assert.equal(error.code, status.INTERNAL);
        assert.match(error.details, /server app\/a broke the protocol: PROTOCOL_ERROR/);
        return true;
      });
      assert.equal(await peer.resetCode(id), PROTOCOL_ERROR);
      const next = client.unary('y');
      const { id: nextId } = await peer.take(HEADERS);
      peer.send(headers(nextId, GRPC_RESPONSE), data(nextId, message('fine')), headers(nextId, [['grpc-status', '0']], END_STREAM));
      assert.equal((await next).response.toString(), 'fine');
    });
  }

  it('gives up a server connection that breaks HPACK, and dials another', async () => {
    const { server, port } = await rawServer();
    const pillion = await pillionFor([`server a 127.0.0.1:${port}`]);
    const client = clientOf(pillion);
    const broken = client.unary('x');
    const peer = await server.accept();
    const { id } = await peer.take(HEADERS);
    peer.send(frame(HEADERS, 4, id, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)));
    assert.equal((await peer.goAway()).code, 9, 'COMPRESSION_ERROR');
    await assert.rejects(broken, { code: status.UNAVAILABLE });
    const next = client.unary('y');
    const second = await server.accept();
    const { id: nextId } = await second.take(HEADERS);
    second.send(headers(nextId, GRPC_RESPONSE), data(nextId, message('fine')), headers(nextId, [['grpc-status', '0']], END_STREAM));
    assert.equal((await next).response.toString(), 'fine');
  });

  it('ends a malformed client connection and leaves the others alone', async () => {
    const held = new HeldCalls();
    const pillion = await pillionFor([`server a 127.0.0.1:${await replica(held.handlers)}`]);
    const client = clientOf(pillion);
    const [running] = await openCalls(client, 1);
    for (const [octets, code] of [
      [frame(DATA, 0, 0, Buffer.from('x')), PROTOCOL_ERROR],
      [frame(HEADERS, 4, 2, Buffer.alloc(0)), PROTOCOL_ERROR],
      [frame(HEADERS, 4, 1, Buffer.of(0x80)), 9],
      [frame(PING, 0, 0, Buffer.alloc(7)), 6],
      [frame(0x0a, 0, 0, Buffer.alloc(16_385)), 6],
      [frame(RST_STREAM, 0, 5, Buffer.alloc(4)), PROTOCOL_ERROR],
    ] as const) {
      const bad = await rawClient(pillion);
      bad.send(octets);
      assert.equal((await bad.goAway()).code, code);
      await bad.end();
    }
    assert.equal(pillion.proxy.counted.frontends[0]?.counters.protocolErrors, 6);
    const answer = once(running as NonNullable<typeof running>, 'data');
    held.calls[0]?.write(Buffer.from('alive'));
    assert.deepEqual(await answer, [Buffer.from('alive')]);
  });

  it('ends only the stream on a malformed request', async () => {
    const pillion = await pillionFor([`server a 127.0.0.1:${await replica()}`]);
    const peer = await rawClient(pillion);
    peer.send(headers(1, [[':method', 'POST'], [':path', '/x']]));
    assert.equal(await peer.resetCode(1), PROTOCOL_ERROR);
    peer.send(headers(3, GRPC_REQUEST.map(([name, value]) => [name, name === ':path' ? '/test.Echo/Unary' : value])), data(3, message('fine'), END_STREAM));
    assert.equal((await peer.take(DATA, 3)).payload.toString(), message('fine').toString());
  });

  it('carries reset codes across unchanged, both ways', async () => {
    const { server, port } = await rawServer();
    const pillion = await pillionFor([`server a 127.0.0.1:${port}`]);
    const client = await rawClient(pillion);
    const codes = [0, 1, 2, 5, CANCEL, 11, 0xd, 0x1234_5678, 0xffff_ffff];
    let id = 1;
    client.send(headers(id, GRPC_REQUEST));
    const peer = await server.accept();
    for (const code of codes) {
      const request = await peer.take(HEADERS);
      client.send(rstStream(id, code));
      assert.equal(await peer.resetCode(request.id), code, 'client to server');
      client.send(headers(id += 2, GRPC_REQUEST));
      const second = await peer.take(HEADERS);
      peer.send(rstStream(second.id, code));
      assert.equal(await client.resetCode(id), code, 'server to client');
      client.send(headers(id += 2, GRPC_REQUEST));
      const third = await peer.take(HEADERS);
      peer.send(headers(third.id, GRPC_RESPONSE), rstStream(third.id, code));
      await client.take(HEADERS, id);
      assert.equal(await client.resetCode(id), code, 'server to client in the answer');
      client.send(headers(id += 2, GRPC_REQUEST));
    }
    assert.equal(server.peers.length, 1);
  });

  it('cancels on the server what a lost client had running', async () => {
    const { server, port } = await rawServer();
    const pillion = await pillionFor([`server a 127.0.0.1:${port}`]);
    const client = await rawClient(pillion);
    client.send(headers(1, GRPC_REQUEST), headers(3, GRPC_REQUEST));
    const peer = await server.accept();
    await peer.take(HEADERS);
    await peer.take(HEADERS);
    client.destroy();
    assert.equal(await peer.resetCode(1), CANCEL);
    assert.equal(await peer.resetCode(3), CANCEL);
    await until(() => pillion.server('a').counters.streamsCurrent === 0);
  });

  it('lets a client that says GOAWAY finish its streams', async () => {
    const { server, port } = await rawServer();
    const pillion = await pillionFor([`server a 127.0.0.1:${port}`]);
    const client = await rawClient(pillion);
    client.send(headers(1, GRPC_REQUEST, END_STREAM), goAway(0, 0));
    const peer = await server.accept();
    const { id } = await peer.take(HEADERS);
    peer.send(headers(id, GRPC_RESPONSE), headers(id, [['grpc-status', '0']], END_STREAM));
    await client.take(HEADERS, 1);
    assert.equal(field(await client.take(HEADERS, 1), 'grpc-status'), '0');
  });

  it('answers what is not HTTP/2 with GOAWAY in mode grpc', async () => {
    const pillion = await pillionFor([`server a 127.0.0.1:${await replica()}`], 'grpc');
    const socket = connect(pillion.port, '127.0.0.1');
    defer(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    assert.ok((await everything(socket)).includes(goAway(0, PROTOCOL_ERROR).subarray(9)), 'GOAWAY(PROTOCOL_ERROR)');
  });

  it('speaks to a node:http2 client and server, trailers and HEAD included', async () => {
    const server = createHttp2Server();
    server.on('stream', (stream, fields) => {
      stream.respond({ ':status': 200, 'content-length': 5, 'x-method': String(fields[':method']) }, { waitForTrailers: fields[':method'] !== 'HEAD' });
      if (fields[':method'] === 'HEAD') return void stream.end();
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' }));
      stream.end('hello');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    const pillion = await pillionFor([`server a 127.0.0.1:${(server.address() as AddressInfo).port}`]);
    // Frames that the client gets, for the message if it finds fault with one.
    const seen: string[] = [];
    const tap = createServer((near) => {
      const far = connect(pillion.port, '127.0.0.1');
      const parser = new FrameParser();
      far.on('data', (chunk: Buffer) => seen.push(...parser.push(chunk).map(({ type, flags, id, payload }) => `${type} ${flags} ${id} ${payload.toString('hex')}`)));
      for (const socket of [near, far]) socket.on('error', () => {});
      near.pipe(far).pipe(near);
    }).listen(0, '127.0.0.1');
    await once(tap, 'listening');
    defer(() => tap.close());
    const session = connectHttp2(`http://127.0.0.1:${(tap.address() as AddressInfo).port}`);
    let complaint: string | null = null;
    session.on('error', (error: Error) => {
      complaint = `${error.message}: ${seen.join(', ')}`;
    });
    defer(() => session.destroy());
    const read = async (stream: ClientHttp2Stream): Promise<{ status: unknown; body: string; trailers: Record<string, unknown> | null }> => {
      let trailers: Record<string, unknown> | null = null;
      stream.on('trailers', (fields: Record<string, unknown>) => {
        trailers = fields;
      });
      const [response] = (await once(stream, 'response')) as [Record<string, unknown>];
      let body = '';
      for await (const chunk of stream) body += String(chunk);
      return { status: response[':status'], body, trailers };
    };
    const get = await read(session.request({ ':path': '/' }));
    assert.deepEqual([get.status, get.body, get.trailers?.['x-sum']], [200, 'hello', 'abc']);
    assert.deepEqual(await read(session.request({ ':method': 'HEAD', ':path': '/' })), { status: 200, body: '', trailers: null });
    session.close();
    await once(session, 'close');
    assert.equal(complaint, null);
  });

  it('tells a client that is too early, without SETTINGS, and one that never says more', async () => {
    const pillion = await startPillion(grpcConfiguration(['server a 127.0.0.1:9'], 'grpc', ['timeout http-request 100ms']));
    defer(() => pillion.stop());
    const early = connect(pillion.port, '127.0.0.1');
    defer(() => early.destroy());
    early.write(Buffer.concat([CLIENT_PREFACE, headers(1, GET_REQUEST), settings()]));
    assert.ok((await everything(early)).includes('the first frame is not SETTINGS'));
    const silent = connect(pillion.port, '127.0.0.1');
    defer(() => silent.destroy());
    assert.ok((await everything(silent)).includes('no HTTP/2 SETTINGS within 100 ms'));
  });
});
