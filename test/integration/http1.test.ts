/** HTTP/1 on either side or both: messages come through whole, connections are kept and closed as configured. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { until } from '../support/until.ts';
import { exchangeOctets, OctetClient, octetServer } from '../support/http1-peers.ts';

const TIMEOUTS = ['timeout connect 2s', 'timeout client 30s', 'timeout server 30s'];

function configuration(port: number, options: { server?: string; frontend?: readonly string[]; backend?: readonly string[]; mode?: string } = {}): string {
  const { server = '', frontend = [], backend = [], mode = 'http' } = options;
  return [
    'defaults', `mode ${mode}`, ...TIMEOUTS, 'frontend f', 'bind 127.0.0.1:1', ...frontend, 'default_backend b',
    'backend b', ...backend, `server s 127.0.0.1:${port} ${server}`, '',
  ].join('\n');
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly informational: readonly number[];
}

interface Request {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** One request by node:http. */
async function overHttp1(port: number, { path = '/', method = 'GET', headers = {}, body, trailers }: Request, agent: http.Agent | false = false): Promise<Answer> {
  const request = http.request({ port, host: '127.0.0.1', path, method, headers, agent });
  const informational: number[] = [];
  request.on('information', ({ statusCode }) => informational.push(statusCode));
  if (trailers !== undefined) request.addTrailers(trailers);
  if (headers['expect'] !== undefined) {
    request.flushHeaders();
    await once(request, 'continue');
  }
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, trailers: response.trailers, body: Buffer.concat(chunks), informational };
}

/** One request by node:http2, on a connection of its own. */
async function overHttp2(port: number, { path = '/', method = 'GET', headers = {}, body, trailers }: Request): Promise<Answer> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ':path': path, ':method': method, ...headers }, { waitForTrailers: trailers !== undefined, endStream: body === undefined && trailers === undefined });
    if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    const informational: number[] = [];
    stream.on('headers', (fields) => informational.push(fields[':status'] as number));
    let last: Record<string, unknown> = {};
    stream.on('trailers', (fields) => (last = fields));
    if (body !== undefined || trailers !== undefined) stream.end(body);
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { status: fields[':status'] as number, headers: fields, trailers: last, body: Buffer.concat(chunks), informational };
  } finally {
    session.close();
  }
}

interface WebServer {
  readonly port: number;
  connections: number;
  stop(): Promise<void>;
}

/** Both kinds of server behave alike: they tell what they got. */
function answer(request: http.IncomingMessage | http2.Http2ServerRequest, response: http.ServerResponse | http2.Http2ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const to = response as http.ServerResponse;
    const body = Buffer.concat(chunks);
    switch (request.url) {
      case '/204':
        to.writeHead(204).end();
        return;
      case '/304':
        to.writeHead(304, { etag: '"x"' }).end();
        return;
      case '/trailers':
        to.writeHead(200, { trailer: 'x-sum' });
        to.write('body');
        to.addTrailers({ 'x-sum': '42' });
        to.end();
        return;
      case '/hints':
        to.writeEarlyHints({ link: '</a.css>; rel=preload' });
        break;
      case '/echo':
        to.writeHead(200, { 'x-length': request.headers['content-length'] ?? 'none', 'x-trailer': request.trailers['x-sum'] ?? 'none' }).end(body);
        return;
      default:
    }
    const { headers, method, url } = request;
    const told = { method, url, host: headers.host ?? headers[':authority'], cookie: headers.cookie, te: headers.te, connection: headers.connection, x: headers['x-secret'], length: body.length };
    const text = JSON.stringify(told);
    to.writeHead(200, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) });
    to.end(text);
  });
}

async function webServer(version: 'h1' | 'h2'): Promise<WebServer> {
  const server = version === 'h1' ? http.createServer(answer) : http2.createServer(answer);
  const sockets = new Set<Socket>();
  const state = {
    port: 0,
    connections: 0,
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('connection', (socket: Socket) => {
    state.connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  state.port = (server.address() as AddressInfo).port;
  return state;
}

describe('HTTP on both sides', () => {
  const cleanup = cleanUpAfterEach();

  for (const client of ['h1', 'h2'] as const) {
    for (const kind of ['h1', 'h2'] as const) {
      describe(`${client} to ${kind}`, () => {
        const ask = client === 'h1' ? overHttp1 : overHttp2;
        let server: WebServer;
        let pillion: Pillion;

        beforeEach(async () => {
          server = await webServer(kind);
          cleanup(server.stop);
          pillion = await startPillion(configuration(server.port, { server: kind === 'h2' ? 'proto h2' : '' }));
          cleanup(pillion.stop);
        });

        it('carries a request and its response', async () => {
          const got = await ask(pillion.port, { path: '/x?y=1' });
          assert.equal(got.status, 200);
          assert.deepEqual(JSON.parse(got.body.toString()), { method: 'GET', url: '/x?y=1', host: `127.0.0.1:${pillion.port}`, length: 0 });
        });

        it('carries a body of known length, a megabyte each way', async () => {
          const body = Buffer.alloc(1_000_000, 'abcdefg');
          const got = await ask(pillion.port, { path: '/echo', method: 'POST', body, headers: { 'content-length': String(body.length) } });
          assert.equal(got.headers['x-length'], '1000000');
          assert.ok(got.body.equals(body));
        });

        it('carries a body of unknown length, with trailers', async () => {
          const body = Buffer.alloc(100_000, 'xyz');
          const headers: Record<string, string> = client === 'h1' ? { 'transfer-encoding': 'chunked', trailer: 'x-sum' } : {};
          const got = await ask(pillion.port, { path: '/echo', method: 'PUT', body, headers, trailers: { 'x-sum': '7' } });
          assert.ok(got.body.equals(body));
          assert.equal(got.headers['x-length'], 'none');
          assert.equal(got.headers['x-trailer'], '7');
        });

        it("carries a response's trailers", async () => {
          const got = await ask(pillion.port, { path: '/trailers' });
          assert.equal(got.body.toString(), 'body');
          assert.equal(got.trailers['x-sum'], '42');
        });

        it('knows responses without a body', async () => {
          assert.equal((await ask(pillion.port, { path: '/204' })).status, 204);
          const unchanged = await ask(pillion.port, { path: '/304' });
          assert.deepEqual([unchanged.status, unchanged.headers['etag'], unchanged.body.length], [304, '"x"', 0]);
          const head = await ask(pillion.port, { method: 'HEAD' });
          assert.equal(head.status, 200);
          assert.equal(head.body.length, 0);
          assert.ok(Number(head.headers['content-length']) > 10);
        });

        it('passes interim responses on', async () => {
          const got = await ask(pillion.port, { path: '/hints' });
          assert.deepEqual(got.informational, [103]);
          assert.equal(got.status, 200);
        });

        it('leaves out what concerns one connection, and joins cookies', async () => {
          const headers: Record<string, string> = client === 'h1'
            ? { connection: 'x-secret, close', 'x-secret': '1', 'keep-alive': 'x', 'proxy-connection': 'x', te: 'trailers, gzip', cookie: 'a=1; b=2' }
            : { te: 'trailers', cookie: 'a=1; b=2' };
          const told = JSON.parse((await ask(pillion.port, { headers })).body.toString()) as Record<string, unknown>;
          assert.equal(told['x'], undefined);
          assert.equal(told['cookie'], 'a=1; b=2');
          assert.equal(told['te'], 'trailers');
          if (kind === 'h1') assert.equal(told['connection'], 'te');
        });

        it('records version and status', async () => {
          await ask(pillion.port, { path: '/204' });
          const { counters } = pillion.server('s');
          assert.equal(counters.streamsTotal, 1);
          assert.equal(counters.streamsCurrent, 0);
          assert.equal(pillion.proxy.counted.frontends[0]?.counters.streamsCurrent, 0);
        });
      });
    }
  }
});

describe('connections to HTTP/1 servers', () => {
  const cleanup = cleanUpAfterEach();
  let server: WebServer;

  const start = async (backend: readonly string[], frontend: readonly string[] = []): Promise<Pillion> => {
    server = await webServer('h1');
    cleanup(server.stop);
    const pillion = await startPillion(configuration(server.port, { backend, frontend }));
    cleanup(pillion.stop);
    return pillion;
  };
  /** A client's connection; each call is a request on it. */
  const client = (port: number): (() => Promise<Answer>) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    cleanup(() => agent.destroy());
    return () => overHttp1(port, {}, agent);
  };

  // Two clients, two requests each, one after another.
  for (const [policy, first, second, third, fourth] of [
    ['never', 1, 1, 2, 2],
    ['safe', 1, 1, 2, 2],
    // The first request of the second client: the connection has carried two by then.
    ['aggressive', 1, 1, 1, 1],
    ['always', 1, 1, 1, 1],
  ] as const) {
    it(`http-reuse ${policy}`, async () => {
      const { port } = await start([`http-reuse ${policy}`]);
      const [a, b] = [client(port), client(port)];
      const counts: number[] = [];
      for (const ask of [a, a, b, b]) {
        await ask();
        counts.push(server.connections);
      }
      assert.deepEqual(counts, [first, second, third, fourth]);
    });
  }

  it('aggressive does not give a connection that was used once to a first request; always does', async () => {
    for (const [policy, expected] of [['aggressive', 2], ['always', 1]] as const) {
      const { port } = await start([`http-reuse ${policy}`]);
      await client(port)();
      await client(port)();
      assert.equal(server.connections, expected, policy);
    }
  });

  it('pool-max-conn: what is beyond it is closed', async () => {
    for (const [most, expected] of [[1, 2], [0, 4], [-1, 2]] as const) {
      const { port } = await start(['http-reuse safe', `default-server pool-max-conn ${most}`]);
      const [a, b] = [client(port), client(port)];
      // The second client's connection has no place beside the first one's, which both use from then on.
      for (const ask of [a, b, a, b]) await ask();
      assert.equal(server.connections, expected, `pool-max-conn ${most}`);
    }
  });

  it('pool-purge-delay 0: none is kept', async () => {
    const { port } = await start(['http-reuse always', 'default-server pool-purge-delay 0']);
    const ask = client(port);
    await ask();
    await ask();
    assert.equal(server.connections, 2);
  });

  it('safe gives a second request any idle connection, never only its own', async () => {
    for (const [policy, expected] of [['safe', 2], ['never', 2]] as const) {
      const { port } = await start([`http-reuse ${policy}`]);
      const [a, b] = [client(port), client(port)];
      for (const ask of [a, b, a, b, a]) await ask();
      assert.equal(server.connections, expected, policy);
    }
  });

  it('option http-server-close closes behind each response, the client goes on', async () => {
    const { port } = await start(['option http-server-close']);
    const ask = client(port);
    for (const expected of [1, 2, 3]) {
      const got = await ask();
      assert.equal(server.connections, expected);
      assert.equal(JSON.parse(got.body.toString()).connection, 'close');
      assert.notEqual(got.headers['connection'], 'close');
    }
  });

  it('so does the option in a frontend, and httpclose there', async () => {
    for (const option of ['http-server-close', 'httpclose']) {
      const { port } = await start([], [`option ${option}`]);
      const ask = client(port);
      await ask();
      await ask();
      assert.equal(server.connections, 2, option);
    }
  });

  it('option http-pretend-keepalive does not say so', async () => {
    const { port } = await start(['option http-server-close', 'option http-pretend-keepalive']);
    const ask = client(port);
    await ask();
    assert.notEqual(JSON.parse((await ask()).body.toString()).connection, 'close');
    assert.equal(server.connections, 2);
  });

  it('option httpclose closes the side that it is set on', async () => {
    const { port } = await start([], ['option httpclose']);
    assert.equal((await client(port)()).headers['connection'], 'close');
  });

  it('a server that closes a kept connection at the wrong moment costs an idempotent request nothing', async () => {
    const peer = await octetServer((socket, text, number) => {
      const requests = text.split('\r\n\r\n').length - 1;
      if (number === 1 && requests === 2) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    cleanup(peer.stop);
    const pillion = await startPillion(configuration(peer.port));
    cleanup(pillion.stop);
    const ask = client(pillion.port);
    assert.equal((await ask()).status, 200);
    assert.equal((await ask()).status, 200);
    assert.equal(peer.connections, 2);
    assert.equal(pillion.backend().counters.retries, 1);
  });

  it('but is an error for one that is not', async () => {
    const peer = await octetServer((socket, text, number) => {
      if (number === 1 && text.includes('POST')) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    cleanup(peer.stop);
    const pillion = await startPillion(configuration(peer.port));
    cleanup(pillion.stop);
    const client = new OctetClient(pillion.port);
    cleanup(() => client.socket.destroy());
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(/\r\n\r\nok/);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1.1 502 Bad Gateway/);
    assert.equal(peer.connections, 1);
  });
});

describe('HTTP/1 clients', () => {
  const cleanup = cleanUpAfterEach();

  const start = async (serve: Parameters<typeof octetServer>[0], lines: Parameters<typeof configuration>[1] = {}): Promise<Pillion> => {
    const server = await octetServer(serve);
    cleanup(server.stop);
    const pillion = await startPillion(configuration(server.port, lines));
    cleanup(pillion.stop);
    return pillion;
  };
  const connectTo = ({ port }: Pillion): OctetClient => {
    const client = new OctetClient(port);
    cleanup(() => client.socket.destroy());
    return client;
  };
  /** Answers each request with its target. */
  const echoTarget = (): Parameters<typeof octetServer>[0] => {
    const answered = new WeakMap<Socket, number>();
    return (socket, text) => {
      const seen = answered.get(socket) ?? 0;
      const targets = [...text.matchAll(/^(?:GET|POST) (\S+) HTTP/gm)].map(([, target = '']) => target);
      for (const target of targets.slice(seen)) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
      answered.set(socket, targets.length);
    };
  };

  it('may send requests ahead: they are answered in order', async () => {
    const pillion = await start(echoTarget());
    const targets = Array.from({ length: 50 }, (_, index) => `/request-${index}`);
    const answer = await exchangeOctets(pillion.port, targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    assert.equal(pillion.server('s').counters.connectionsTotal, 1);
    assert.deepEqual([...answer.matchAll(/\r\n\r\n(\/request-\d+)/g)].map(([, target]) => target), targets);
  });

  it('may close their side behind the request', async () => {
    const pillion = await start(echoTarget());
    const answer = await exchangeOctets(pillion.port, 'GET /half HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(answer, /^HTTP\/1.1 200 OK\r\n[\s\S]*connection: close\r\n\r\n\/half$/);
  });

  it('of HTTP/1.0 get no chunks and no interim responses', async () => {
    const pillion = await start((socket, text) => {
      if (text.includes('\r\n\r\n')) socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    });
    const answer = await exchangeOctets(pillion.port, 'GET / HTTP/1.0\r\n\r\n');
    assert.match(answer, /^HTTP\/1.1 200 OK\r\nconnection: close\r\n\r\nabc$/);
  });

  it('of HTTP/1.0 may ask to keep the connection', async () => {
    const pillion = await start(echoTarget());
    const client = connectTo(pillion);
    client.send('GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    assert.match(await client.until(/\r\n\r\n\/a/), /connection: keep-alive/);
    client.send('GET /b HTTP/1.0\r\n\r\n');
    assert.match(await client.until(/\r\n\r\n\/b/), /connection: close/);
    await client.end();
  });

  it('get bodies that end with the connection, whole or visibly cut', async () => {
    const pillion = await start((socket, text) => {
      if (!text.includes('\r\n\r\n')) return;
      socket.write('HTTP/1.0 200 OK\r\n\r\nup to ');
      if (text.includes('/cut')) socket.resetAndDestroy();
      else socket.end('the end');
    });
    const whole = await exchangeOctets(pillion.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.ok(whole.endsWith('\r\n0\r\n\r\n'), whole);
    const cut = await exchangeOctets(pillion.port, 'GET /cut HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.ok(!cut.endsWith('\r\n0\r\n\r\n'), cut);
  });

  it('are told to go on by the server', async () => {
    const pillion = await start((socket, text) => {
      if (text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (text.endsWith('body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const client = connectTo(pillion);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n/);
    client.send('body');
    await client.until(/^HTTP\/1.1 200 OK\r\n/);
  });

  it('hear of a refusal before they have sent all, and the connection ends', async () => {
    const pillion = await start((socket, text) => {
      if (text.includes('\r\n\r\n')) socket.end('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    const client = connectTo(pillion);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin');
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1.1 413 [\s\S]*connection: close/);
    await client.end();
  });

  it('are held when the server does not read', async () => {
    let stalled: Socket | null = null;
    const pillion = await start((socket) => {
      stalled = socket;
      socket.pause();
    });
    const client = connectTo(pillion);
    const size = 40_000_000;
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    client.socket.write(Buffer.alloc(size));
    while (stalled === null) await new Promise((resolve) => setImmediate(resolve));
    // As long as octets move, and a little longer.
    let before = -1;
    for (let quiet = 0; quiet < 20; ) {
      const { bytesIn } = pillion.proxy.counted.frontends[0]?.counters ?? { bytesIn: 0 };
      quiet = bytesIn === before ? quiet + 1 : 0;
      before = bytesIn;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(before < size / 2, `${before} octets were taken`);
  });

  it('that do not read hold the server', async () => {
    const size = 40_000_000;
    const pillion = await start((socket, text) => {
      if (!text.includes('\r\n\r\n')) return;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size));
    });
    const client = connectTo(pillion);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(/\r\n\r\n/);
    client.socket.pause();
    const { counters } = pillion.proxy.counted.frontends[0] ?? assert.fail();
    let before = -1;
    for (let quiet = 0; quiet < 20; ) {
      quiet = counters.bytesOut === before ? quiet + 1 : 0;
      before = counters.bytesOut;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(before < size / 2, `${before} octets were taken`);
    client.text = '';
    client.socket.resume();
    await until(() => counters.bytesOut === size);
  });

  it('that send too slow a head get 408', async () => {
    const pillion = await start(() => {}, { frontend: ['timeout http-request 50ms'] });
    assert.match(await exchangeOctets2(pillion, 'GET / HTTP/1.1\r\nHo'), /^HTTP\/1.1 408 Request Timeout\r\n/);
    assert.match(await exchangeOctets2(pillion, ''), /^HTTP\/1.1 408 Request Timeout\r\n/);
  });

  it('that send no further request are left after timeout http-keep-alive', async () => {
    const pillion = await start(echoTarget(), { frontend: ['timeout http-keep-alive 50ms'] });
    const client = connectTo(pillion);
    client.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(/\r\n\r\n\/a/);
    await client.end();
    assert.equal(client.text, '');
  });

  it('leave at max-connection-age, but not amid a request', async () => {
    let answerNow: (() => void) | null = null;
    const pillion = await start((socket, text) => {
      const answer = (): void => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      if (text.includes('/slow')) answerNow = answer;
      else answer();
    }, { frontend: ['max-connection-age 20ms'] });
    const [busy, idle] = [connectTo(pillion), connectTo(pillion)];
    busy.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => answerNow !== null);
    idle.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await idle.until(/\r\n\r\nok/);
    await idle.end();
    assert.equal(busy.ended, false);
    (answerNow as unknown as () => void)();
    await busy.until(/\r\n\r\nok/);
    await busy.end();
  });

  it('with option abortonclose, are given up when they close their side', async () => {
    const pillion = await start(() => {}, { backend: ['option abortonclose'] });
    assert.equal(await exchangeOctets(pillion.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), '');
    assert.equal(pillion.server('s').counters.streamsCurrent, 0);
  });

  it('are served per request in mode auto, on one connection', async () => {
    const pillion = await start(echoTarget(), { mode: 'auto' });
    const client = connectTo(pillion);
    for (const target of ['/a', '/b']) {
      client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.until(new RegExp(`\r\n\r\n${target}`));
    }
    assert.equal(pillion.server('s').counters.streamsTotal, 2);
  });

  it('finish what they do in a drain, and are told to close', async () => {
    let answerNow: (() => void) | null = null;
    const pillion = await start((socket, text) => {
      if (text.includes('\r\n\r\n')) answerNow = () => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const [busy, idle] = [connectTo(pillion), connectTo(pillion)];
    busy.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    while (answerNow === null) await new Promise((resolve) => setImmediate(resolve));
    const drained = pillion.proxy.drain();
    idle.socket.end();
    (answerNow as () => void)();
    assert.match(await busy.until(/\r\n\r\nok/), /connection: close/);
    await busy.end();
    assert.equal((await drained).complete, true);
  });

  async function exchangeOctets2(pillion: Pillion, octets: string): Promise<string> {
    const client = connectTo(pillion);
    client.send(octets);
    await client.end();
    return client.text;
  }
});
