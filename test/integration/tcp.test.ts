/** What is not HTTP/2 passes through as it is; and the addresses that can be listened on and dialled. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { freePorts, portProblem } from '../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, startReplica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { scratchFolder } from '../support/pillion-process.ts';
import { installed, startServer } from '../support/programs.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;

describe('raw TCP', () => {
  const defer = cleanUpAfterEach();

  async function serve(onSocket: (socket: Socket) => void, where: object = { port: 0, host: '127.0.0.1' }): Promise<number> {
    const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      defer(() => socket.destroy());
      onSocket(socket);
    });
    server.listen(where);
    await once(server, 'listening');
    defer(() => server.close());
    const address = server.address();
    return typeof address === 'object' ? ((address as AddressInfo | null)?.port ?? 0) : 0;
  }

  async function pillionOn(text: string): Promise<Pillion> {
    const pillion = await startPillion(text);
    defer(() => pillion.stop());
    return pillion;
  }

  async function dial(target: NetConnectOpts): Promise<Socket> {
    const socket = connect({ ...target, allowHalfOpen: true } as NetConnectOpts);
    socket.on('error', () => {});
    defer(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  async function everything(socket: Socket): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  /** Reads until `length` octets have come. */
  async function read(socket: Socket, length: number): Promise<string> {
    let text = '';
    while (text.length < length) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      text += chunk.toString('latin1');
    }
    return text;
  }

  const reverse = (socket: Socket): void => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end(Buffer.concat(chunks).toReversed()));
  };

  const echo = (socket: Socket): void => void socket.pipe(socket);

  for (const mode of ['auto', 'tcp'] as const) {
    it(`carries a conversation in which the server speaks first, in mode ${mode}`, async () => {
      const port = await serve((socket) => {
        socket.write('220 mail.example ESMTP\r\n');
        socket.on('data', (chunk: Buffer) => {
          const command = chunk.toString();
          if (command.startsWith('EHLO')) socket.write('250-mail.example\r\n250 SIZE 1000\r\n');
          else socket.end('221 Bye\r\n');
        });
      });
      const pillion = await pillionOn(grpcConfiguration([`server a 127.0.0.1:${port}`], mode));
      const socket = await dial({ port: pillion.port });
      assert.equal(await read(socket, 24), '220 mail.example ESMTP\r\n');
      socket.write('EHLO me\r\n');
      assert.equal(await read(socket, 33), '250-mail.example\r\n250 SIZE 1000\r\n');
      socket.write('QUIT\r\n');
      assert.equal((await everything(socket)).toString(), '221 Bye\r\n');
      socket.end();
      await until(() => pillion.server('a').counters.streamsCurrent === 0);
    });

    it(`keeps half-closed connections, in mode ${mode}`, async () => {
      const pillion = await pillionOn(grpcConfiguration([`server a 127.0.0.1:${await serve(reverse)}`], mode));
      const socket = await dial({ port: pillion.port });
      const octets = randomBytes(2 * MIB);
      socket.end(octets);
      assert.ok((await everything(socket)).equals(octets.toReversed()));
    });
  }

  it('passes octets that only begin like HTTP/2, and single ones', async () => {
    const pillion = await pillionOn(grpcConfiguration([`server a 127.0.0.1:${await serve(reverse)}`], 'auto'));
    for (const text of ['P', 'PRI * HTTP/2.0\r\n\r\nXX', '\0\u0001\u0002', 'GET']) {
      const socket = await dial({ port: pillion.port });
      socket.end(text);
      assert.equal((await everything(socket)).toString(), text.split('').toReversed().join(''));
    }
  });

  it('passes HTTP/1 with keep-alive in mode auto', async () => {
    const server = createHttpServer((request, response) => {
      response.end(`${request.method} ${request.url} ${request.httpVersion}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.closeAllConnections());
    defer(() => server.close());
    const pillion = await pillionOn(grpcConfiguration([`server a 127.0.0.1:${(server.address() as AddressInfo).port}`], 'auto'));
    for (const path of ['/one', '/two']) {
      const request = httpRequest({ port: pillion.port, host: '127.0.0.1', path });
      request.end();
      const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
      let body = '';
      for await (const chunk of response) body += String(chunk);
      assert.equal(body, `GET ${path} 1.1`);
    }
  });

  it('passes TLS through untouched in mode auto', async () => {
    const key = randomBytes(16);
    const options = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const server = createTlsServer({ ...options, pskCallback: () => key }, (socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    const pillion = await pillionOn(grpcConfiguration([`server a 127.0.0.1:${(server.address() as AddressInfo).port}`], 'auto'));
    const socket = connectTls({
      ...options, port: pillion.port, host: '127.0.0.1', pskCallback: () => ({ psk: key, identity: 'me' }), checkServerIdentity: () => undefined, rejectUnauthorized: false,
    });
    defer(() => socket.destroy());
    await once(socket, 'secureConnect');
    socket.write('secret');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(answer.toString(), 'secret');
  });

  it('carries what a real Redis says', async function () {
    if (!installed('redis-server', 'apt-get install redis-server')) return this.skip();
    const [port = 0] = await freePorts(1);
    const redis = await startServer('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], port);
    defer(() => redis.stop());
    const pillion = await pillionOn(grpcConfiguration([`server a 127.0.0.1:${port}`], 'auto'));
    const socket = await dial({ port: pillion.port });
    socket.write('PING\r\nSET key 7\r\nINCR key\r\n');
    assert.equal(await read(socket, 16), '+PONG\r\n+OK\r\n:8\r\n');
  });

  it('closes the client when no server can be had, and takes another when a connect fails', async () => {
    const [dead = 0] = await freePorts(1);
    const none = await pillionOn(grpcConfiguration(['server a 127.0.0.1:9 disabled'], 'tcp'));
    assert.equal((await everything(await dial({ port: none.port }))).length, 0);
    const other = await pillionOn(grpcConfiguration(['balance first', `server a 127.0.0.1:${dead}`, `server b 127.0.0.1:${await serve(echo)}`], 'tcp'));
    const socket = await dial({ port: other.port });
    socket.write('hello');
    assert.equal(await read(socket, 5), 'hello');
    assert.equal(other.backend().counters.redispatches, 1);
  });

  it('passes a reset on, in both directions', async () => {
    const sockets: Socket[] = [];
    const port = await serve((socket) => {
      sockets.push(socket);
      echo(socket);
    });
    const pillion = await pillionOn(grpcConfiguration([`server a 127.0.0.1:${port}`], 'tcp'));
    for (const side of ['client', 'server'] as const) {
      const client = await dial({ port: pillion.port });
      client.write('x');
      await read(client, 1);
      const server = sockets.pop() ?? assert.fail();
      const [from, to] = side === 'client' ? [client, server] : [server, client];
      const code = new Promise((resolve) => to.once('error', (failure: NodeJS.ErrnoException) => resolve(failure.code)));
      from.resetAndDestroy();
      assert.equal(await code, 'ECONNRESET', `from ${side}`);
    }
  });

  it('lets connections beyond maxconn wait until one ends', async () => {
    const pillion = await pillionOn(grpcConfiguration([`server a 127.0.0.1:${await serve(echo)}`], 'tcp', ['maxconn 2']));
    const open: Socket[] = [];
    // One after another: connections that are made at once may come in another order.
    while (open.length < 3) open.push(await dial({ port: pillion.port }));
    const answered: number[] = [];
    const answers = open.map(async (socket, index) => {
      socket.write('hello');
      await read(socket, 5);
      answered.push(index);
    });
    await Promise.all(answers.slice(0, 2));
    assert.deepEqual(answered.toSorted((a, b) => a - b), [0, 1]);
    assert.equal(pillion.proxy.counted.frontends[0]?.counters.connectionsCurrent, 2);
    open[0]?.destroy();
    await answers[2];
    assert.equal(pillion.proxy.counted.frontends[0]?.counters.connectionsMax, 2);
  });

  it('spreads connections by leastconn', async () => {
    const counts = [0, 0];
    const ports = await Promise.all(counts.map((_, index) => serve((socket) => {
      counts[index] = (counts[index] ?? 0) + 1;
      echo(socket);
    })));
    const pillion = await pillionOn(grpcConfiguration(['balance leastconn', ...ports.map((port, index) => `server s${index} 127.0.0.1:${port}`)], 'tcp'));
    await Promise.all(Array.from({ length: 10 }, async () => {
      const socket = await dial({ port: pillion.port });
      socket.write('x');
      await read(socket, 1);
    }));
    assert.deepEqual(counts, [5, 5]);
  });
});

describe('addresses', () => {
  const defer = cleanUpAfterEach();

  async function echoesBy(target: string): Promise<void> {
    const client = new EchoClient(target);
    try {
      assert.equal((await client.unary('hello')).response.toString(), 'hello');
    } finally {
      client.close();
    }
  }

  it('listens on and dials Unix sockets, abstract ones too, and IPv6', async () => {
    const folder = scratchFolder();
    defer(() => folder.remove());
    const path = (name: string): string => join(folder.path, name);
    const abstract = `pillion-test-${process.pid}`;
    const replica = await startReplica({}, { target: `unix:${path('replica.sock')}` });
    defer(() => replica.kill());
    const pillion = await startPillion([
      'defaults', '  mode auto', '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
      'listen one', `  bind unix@${path('front.sock')}`, `  server a unix@${path('replica.sock')}`,
      'listen two', `  bind abns@${abstract}`, `  server a unix@${path('front.sock')}`,
      'listen three', '  bind [::1]:1', `  server a abns@${abstract}`,
    ].join('\n'));
    defer(() => pillion.stop());
    await echoesBy(`unix:${path('front.sock')}`);
    await echoesBy(`[::1]:${pillion.ports[2]}`);
    assert.equal(replica.calls, 2);
  });

  it('maps ports, and listens on ranges', async () => {
    let base = 0;
    for (;;) {
      [base = 0] = await freePorts(1);
      const problems = await Promise.all([1, 2, 3].map((offset) => portProblem(base + offset)));
      if (problems.every((problem) => problem === null)) break;
    }
    const replicas = await Promise.all([2, 3].map((offset) => startReplica({}, { target: `127.0.0.1:${base + offset}` })));
    for (const replica of replicas) defer(() => replica.kill());
    const pillion = await startPillion([
      'defaults', '  mode auto', '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
      'listen one', `  bind 127.0.0.1:${base}-${base + 1}`, '  server a 127.0.0.1:+2',
    ].join('\n'));
    defer(() => pillion.stop());
    assert.deepEqual(pillion.ports, [base, base + 1]);
    await echoesBy(`127.0.0.1:${base}`);
    await echoesBy(`127.0.0.1:${base + 1}`);
    await echoesBy(`127.0.0.1:${base + 1}`);
    assert.deepEqual(replicas.map(({ calls }) => calls), [1, 2]);
    const { counters } = pillion.server('a');
    assert.deepEqual([counters.streamsTotal, counters.connectionsTotal], [3, 2]);
  });

  it('goes on to the address that the client connected to, for calls and for raw TCP', async () => {
    const [port = 0] = await freePorts(1);
    const replicas = await Promise.all(['127.0.0.2', '127.0.0.3'].map((host) => startReplica({}, { target: `${host}:${port}` })));
    for (const replica of replicas) defer(() => replica.kill());
    const pillion = await startPillion([
      'defaults', '  mode auto', '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
      'listen one', '  bind 127.0.0.2:1,127.0.0.3:1', `  server a *:${port}`,
      'listen two', '  mode tcp', '  bind 127.0.0.3:1', `  server b 0.0.0.0:${port}`,
    ].join('\n'));
    defer(() => pillion.stop());
    await echoesBy(`127.0.0.2:${pillion.ports[0]}`);
    await echoesBy(`127.0.0.3:${pillion.ports[1]}`);
    assert.deepEqual(replicas.map(({ calls }) => calls), [1, 1]);
    await echoesBy(`127.0.0.3:${pillion.ports[2]}`);
    assert.deepEqual(replicas.map(({ calls }) => calls), [1, 2]);
  });
});
