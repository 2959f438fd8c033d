/** The PROXY protocol in both directions, and header fields that tell of the client: with HAProxy, and with peers that say exactly what a test tells them to. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { freePorts } from '../../sidecar/demo/ports.ts';
import { readProxyHeader } from '../../src/proxy-protocol/read.ts';
import { proxyV1, proxyV2, proxyV2Local } from '../../src/proxy-protocol/write.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, startReplica } from '../support/grpc-replica.ts';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { scratchFolder } from '../support/pillion-process.ts';
import { installed, startServer } from '../support/programs.ts';
import { CERTIFICATES, channelCredentials, pem } from '../support/tls.ts';
import { until } from '../support/until.ts';

const FROM = { address: '192.0.2.7', port: 4711 };
const TO = { address: '198.51.100.2', port: 443 };
const OPTIONS = { ssl: false, certCn: false, sslCipher: false, authority: false, crc32c: true };

describe('PROXY protocol', function () {
  this.slow(2000);
  const defer = cleanUpAfterEach();

  async function pillion(port: number, { mode = 'tcp', bind = '', server = '', frontend = '', backend = '' }: Readonly<Record<string, string>>): Promise<Pillion> {
    const one = await startPillion([
      'defaults', `  mode ${mode}`, '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
      'frontend clients', `  bind 127.0.0.1:1 ${bind}`, `  ${frontend}`, '  default_backend app',
      'backend app', `  ${backend}`, `  server a 127.0.0.1:${port} ${server}`, '',
    ].join('\n'));
    defer(() => one.stop());
    return one;
  }

  async function listening(server: ReturnType<typeof createServer>): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** A server that keeps what each connection sends until its end, and then answers 'done'. */
  async function recorder(): Promise<{ readonly port: number; readonly received: Buffer[] }> {
    const received: Buffer[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const parts: Buffer[] = [];
      socket.on('error', () => {});
      socket.on('data', (part) => parts.push(part));
      socket.on('end', () => {
        received.push(Buffer.concat(parts));
        socket.end('done');
      });
    });
    return { port: await listening(server), received };
  }

  async function say(port: number, ...parts: readonly (Buffer | string)[]): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    socket.setNoDelay(true);
    for (const part of parts) await new Promise((resolve) => socket.write(part, resolve));
    socket.end();
    return await text(socket).catch(() => '');
  }

  describe('from those in front', () => {
    it('says who the client is, in whatever pieces it comes', async () => {
      const { port, received } = await recorder();
      const { port: at } = await pillion(port, { bind: 'accept-proxy', server: 'send-proxy' });
      const line = 'PROXY TCP4 192.0.2.7 198.51.100.2 4711 443\r\n';
      for (const header of [proxyV1(FROM, TO), proxyV2(FROM, TO, null, OPTIONS)]) {
        received.length = 0;
        assert.equal(await say(at, header, 'hello'), 'done');
        assert.equal(await say(at, Buffer.concat([header, Buffer.from('hello')])), 'done');
        assert.equal(await say(at, ...Array.from(header, (octet) => Buffer.of(octet)), 'hello'), 'done');
        assert.deepEqual(received.map(String), [`${line}hello`, `${line}hello`, `${line}hello`]);
      }
    });

    it('is expected where a rule says so', async () => {
      const { port, received } = await recorder();
      const { port: at } = await pillion(port, {
        bind: '', server: 'send-proxy', frontend: 'tcp-request connection expect-proxy layer4 if { src 127.0.0.2 }',
      });
      const trusted = connect({ port: at, host: '127.0.0.1', localAddress: '127.0.0.2', allowHalfOpen: true });
      trusted.write(proxyV1(FROM, TO));
      trusted.end('one');
      assert.equal(await text(trusted), 'done');
      assert.equal(await say(at, 'two'), 'done');
      assert.deepEqual(received.map((one) => one.toString().replace(/127.*\r/, '127\r')), [
        'PROXY TCP4 192.0.2.7 198.51.100.2 4711 443\r\none', 'PROXY TCP4 127\r\ntwo',
      ]);
    });

    it('counts for itself where the sender does', async () => {
      const { port, received } = await recorder();
      const { port: at } = await pillion(port, { bind: 'accept-proxy', server: 'send-proxy' });
      for (const header of [proxyV2Local(), Buffer.from('PROXY UNKNOWN\r\n')]) assert.equal(await say(at, header, 'x'), 'done');
      for (const one of received) assert.match(one.toString(), new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${at}\r\nx$`));
    });

    it('precedes HTTP/2 and TLS', async () => {
      const replica = await startReplica();
      defer(() => replica.kill());
      for (const bind of ['accept-proxy', `accept-proxy ssl crt ${CERTIFICATES}server.pem`]) {
        const { port: at, proxy } = await pillion(replica.port, { mode: 'grpc', bind });
        const raw = connect(at, '127.0.0.1');
        raw.write(proxyV2(FROM, TO, null, OPTIONS));
        const secure = bind.includes('ssl');
        const session = connectHttp2('http://localhost', {
          createConnection: () => (secure ? connectTls({ socket: raw, ca: pem('ca'), servername: 'localhost', ALPNProtocols: ['h2'] }) : raw),
        });
        session.on('error', () => {});
        defer(() => session.destroy());
        const stream = session.request({ ':method': 'POST', ':path': '/test.Echo/Unary', 'content-type': 'application/grpc', te: 'trailers' });
        stream.end(Buffer.from([0, 0, 0, 0, 2, 104, 105]));
        assert.equal((await stream.toArray()).map(String).join(''), '\0\0\0\0\x02hi');
        assert.equal(proxy.counted.frontends[0]?.counters.streamsTotal, 1);
      }
    });

    it('is refused when it is malformed, missing, cut short or late', async () => {
      const { port, received } = await recorder();
      const { port: at, proxy } = await pillion(port, { bind: 'accept-proxy', frontend: 'timeout http-request 100ms' });
      const errors = (): number => proxy.counted.frontends[0]?.counters.proxyHeaderErrors ?? -1;
      assert.equal(await say(at, 'PROXY TCP4 192.0.2.7 nonsense 1 2\r\nhello'), '');
      assert.equal(await say(at, 'GET / HTTP/1.1\r\n\r\n'), '');
      assert.equal(await say(at, 'PROXY TCP4 192.0.2.7'), '');
      await until(() => errors() === 3);
      const silent = connect(at, '127.0.0.1');
      silent.on('error', () => {}).resume();
      await once(silent, 'close');
      await until(() => errors() === 4);
      assert.equal(received.length, 0);
      await until(() => proxy.counted.frontends[0]?.counters.connectionsCurrent === 0);
    });

    it('is not missed from a probe that says nothing', async () => {
      const { port } = await recorder();
      const { port: at, proxy } = await pillion(port, { bind: 'accept-proxy' });
      assert.equal(await say(at), '');
      await until(() => proxy.counted.frontends[0]?.counters.connectionsTotal === 1 && proxy.counted.frontends[0].counters.connectionsCurrent === 0);
      assert.equal(proxy.counted.frontends[0]?.counters.proxyHeaderErrors, 0);
    });

    for (const sends of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2-ssl']) {
      it(`comes from HAProxy's ${sends}`, async function () {
        if (!installed('haproxy', 'apt-get install haproxy', ['-v'])) return this.skip();
        const scratch = scratchFolder();
        defer(() => scratch.remove());
        const { port, received } = await recorder();
        const { port: at } = await pillion(port, { bind: 'accept-proxy', server: 'send-proxy' });
        const [front = 0] = await freePorts(1);
        const file = scratch.file('haproxy.cfg', [
          'defaults', ' mode tcp', ' timeout client 5s', ' timeout server 5s', ' timeout connect 5s',
          'listen l', ` bind 127.0.0.1:${front}`, ` server s 127.0.0.1:${at} ${sends}`, '',
        ].join('\n'));
        const haproxy = await startServer('haproxy', ['-db', '-f', file], front);
        defer(() => haproxy.stop());
        const socket = connect({ port: front, host: '127.0.0.1', allowHalfOpen: true });
        await once(socket, 'connect');
        const { localPort } = socket;
        socket.end('hello');
        assert.equal(await text(socket), 'done');
        // The look whether HAProxy listens came through as well.
        assert.equal(received.find((one) => one.includes('hello'))?.toString(), `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${front}\r\nhello`);
      });
    }
  });

  describe('to servers', () => {
    it('is version 2 where asked for, with what is known of TLS', async () => {
      const { port, received } = await recorder();
      const { port: at } = await pillion(port, { server: 'send-proxy-v2 proxy-v2-options crc32c' });
      assert.equal(await say(at, 'x'), 'done');
      const result = readProxyHeader(received[0] ?? Buffer.alloc(0));
      assert.ok(result.kind === 'header');
      assert.equal(result.header.destination?.port, at);
      const { port: tls } = await pillion(port, {
        bind: `ssl crt ${CERTIFICATES}server.pem ca-file ${CERTIFICATES}ca.pem verify required`, server: 'send-proxy-v2-ssl-cn proxy-v2-options authority',
      });
      const socket = connectTls({ port: tls, host: '127.0.0.1', ca: pem('ca'), servername: 'localhost', key: pem('client'), cert: pem('client') });
      socket.end('y');
      assert.equal(await text(socket), 'done');
      const sent = received[1] ?? Buffer.alloc(0);
      assert.equal(readProxyHeader(sent).kind, 'header');
      for (const word of ['TLSv1.3', 'client', 'localhost']) assert.ok(sent.includes(word), word);
    });

    it("tells each request's unique id, on a connection of its own, and the next proxy can read it", async () => {
      const next = await pillion(1, {
        mode: 'http', bind: 'accept-proxy', frontend: "http-request return status 200 hdr id '%[fc_pp_unique_id]' hdr first '%[http_first_req]' hdr host '%[fc_pp_authority]'",
      });
      for (const more of ['', ' proto h2']) {
        const { port } = await pillion(next.port, {
          mode: 'http', frontend: "unique-id-format 'id-%[req.hdr(n)]'", server: `send-proxy-v2 proxy-v2-options unique-id${more}`,
        });
        const answers: (string | null)[][] = [];
        for (const n of ['1', '2', '2']) {
          const { headers } = await fetch(`http://127.0.0.1:${port}/`, { headers: { n } });
          answers.push([headers.get('id'), headers.get('first'), headers.get('host')]);
        }
        assert.deepEqual(answers, [['id-1', '1', null], ['id-2', '1', null], ['id-2', '1', null]], more);
      }
    });

    it('is what connections are told apart by: clients of the same address and port share them', async () => {
      const next = await pillion(1, { mode: 'http', bind: 'accept-proxy', frontend: "http-request return status 200 hdr first '%[http_first_req]'" });
      const { port } = await pillion(next.port, { mode: 'http', bind: 'accept-proxy', backend: 'http-reuse always', server: 'send-proxy' });
      const first: (string | undefined)[] = [];
      for (const from of [FROM, { ...FROM, port: 1 }, FROM]) {
        const answer = await say(port, proxyV1(from, TO), 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
        first.push(/^first: (.)/m.exec(answer)?.[1]);
      }
      assert.deepEqual(first, ['1', '1', '0']);
    });

    it('leaves fc_src what it is, or what tcp-request connection made of it', async () => {
      for (const [rule, expected] of [['', '127.0.0.1'], ['tcp-request connection set-src ipv4(10.9.9.9)', '10.9.9.9']] as const) {
        const next = await pillion(1, { mode: 'http', bind: 'accept-proxy', frontend: `${rule}\n  http-request return status 200 hdr from '%[src] %[fc_src]'` });
        const { port } = await pillion(next.port, { mode: 'http', frontend: 'http-request set-src ipv4(192.0.2.7)', server: 'send-proxy' });
        const { headers } = await fetch(`http://127.0.0.1:${port}/`);
        assert.equal(headers.get('from'), `192.0.2.7 ${expected}`);
      }
    });

    it('precedes TLS', async () => {
      const { port, received } = await recorder();
      const { port: at } = await pillion(port, { bind: `accept-proxy ssl crt ${CERTIFICATES}server.pem`, server: 'send-proxy' });
      const { port: front } = await pillion(at, { server: `send-proxy-v2 ssl ca-file ${CERTIFICATES}ca.pem verifyhost localhost` });
      const socket = connect({ port: front, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      const { localPort } = socket;
      socket.end('through both');
      assert.equal(await text(socket), 'done');
      assert.equal(received[0]?.toString(), `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${front}\r\nthrough both`);
    });

    it('makes HTTP/2 connections of each client its own, and closes them after it', async () => {
      const replica = await startReplica();
      defer(() => replica.kill());
      const headers: string[] = [];
      const sockets = new Set<Socket>();
      const port = await listening(createServer((socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket)).on('error', () => {});
        socket.once('data', (chunk) => {
          const end = chunk.indexOf('\r\n') + 2;
          headers.push(chunk.toString('latin1', 0, end - 2));
          const up = connect(replica.port, '127.0.0.1');
          up.on('error', () => {});
          up.write(chunk.subarray(end));
          socket.pipe(up).pipe(socket);
        });
      }));
      const { target, server } = await pillion(port, { mode: 'grpc', server: 'send-proxy' });
      const clients = [new EchoClient(target), new EchoClient(target)];
      for (const client of clients) defer(() => client.close());
      for (const client of [...clients, ...clients]) assert.equal((await client.unary('hi')).response.toString(), 'hi');
      assert.equal(headers.length, 2);
      assert.notEqual(headers[0], headers[1]);
      for (const header of headers) assert.match(header, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+$/);
      await until(() => server('a').counters.connectionsCurrent === 0);
      assert.equal((await clients[0]?.unary('again'))?.response.toString(), 'again');
      assert.equal(headers.length, 3);
    }).timeout(15_000);

    it('begins their checks', async () => {
      const received: Buffer[] = [];
      const port = await listening(createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (chunk) => received.push(chunk));
      }));
      for (const [server, expected] of [
        ['send-proxy check inter 20ms', /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/],
        ['send-proxy-v2 check inter 20ms', /^\r\n\r\n\0\r\nQUIT\n \0\0\0$/],
        ['check-send-proxy check inter 20ms', /^PROXY TCP4 /],
      ] as const) {
        received.length = 0;
        const one = await pillion(port, { server });
        await until(() => received.length > 0);
        assert.match(received[0]?.toString('latin1') ?? '', expected);
        await one.stop();
      }
    });
  });

  describe('beside it, header fields', () => {
    async function told(setting: Readonly<Record<string, string>>, fields: Readonly<Record<string, string>> = {}): Promise<IncomingHttpHeaders> {
      let seen: IncomingHttpHeaders = {};
      const server = createHttp2Server((request, response) => {
        seen = request.headers;
        response.end();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => server.close());
      const { port: at } = await pillion((server.address() as AddressInfo).port, { mode: 'grpc', ...setting });
      const secure = (setting['bind'] ?? '').includes('ssl');
      const session = connectHttp2(`${secure ? 'https' : 'http'}://127.0.0.1:${at}`, { ca: pem('ca'), servername: 'localhost' });
      defer(() => session.destroy());
      const stream = session.request({ ':authority': 'api.test', ...fields });
      stream.resume();
      await once(stream, 'close');
      return seen;
    }

    it('tell of the client', async () => {
      assert.equal((await told({ frontend: 'option forwardfor' }))['x-forwarded-for'], '127.0.0.1');
      assert.equal((await told({ backend: 'option forwardfor' }, { 'x-forwarded-for': '192.0.2.1' }))['x-forwarded-for'], '192.0.2.1, 127.0.0.1');
      assert.equal((await told({ frontend: 'option forwardfor except 127.0.0.0/8' }))['x-forwarded-for'], undefined);
      assert.equal((await told({ backend: 'option forwarded' }))['forwarded'], 'proto=http;for=127.0.0.1');
      const secure = await told({ bind: `ssl crt ${CERTIFICATES}server.pem`, backend: 'option forwarded proto host' });
      assert.equal(secure['forwarded'], 'proto=https;host=api.test');
      assert.equal((await told({}))['x-forwarded-for'], undefined);
    });

    it('go with gRPC over TLS', async () => {
      const replica = await startReplica({ unary: (call, callback) => callback(null, Buffer.from(call.metadata.get('x-forwarded-for').join())) });
      defer(() => replica.kill());
      const { port: at } = await pillion(replica.port, { mode: 'grpc', bind: `ssl crt ${CERTIFICATES}server.pem`, frontend: 'option forwardfor' });
      const client = new EchoClient(`127.0.0.1:${at}`, { 'grpc.ssl_target_name_override': 'localhost' }, channelCredentials());
      defer(() => client.close());
      assert.equal((await client.unary('')).response.toString(), '127.0.0.1');
    });
  });
});
