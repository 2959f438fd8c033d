/** WebSocket through Pillion: by HTTP/1's upgrade, by RFC 8441, and from one to the other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { OctetClient, octetServer } from '../support/http1-peers.ts';

const defaults = ['defaults', 'mode http', 'timeout connect 2s', 'timeout client 10s', 'timeout server 10s', 'listen l', 'bind 127.0.0.1:1'];

describe('WebSocket', () => {
  const cleanup = cleanUpAfterEach();

  const through = async (server: string): Promise<Pillion> => {
    const pillion = await startPillion([...defaults, `server s ${server}`, ''].join('\n'));
    cleanup(pillion.stop);
    return pillion;
  };

  /** Answers each message with itself, twice. */
  const echoServer = async (): Promise<number> => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'echo' });
    server.on('connection', (socket) => socket.on('message', (data, binary) => {
      socket.send(data, { binary });
      socket.send(data, { binary });
    }));
    await once(server, 'listening');
    cleanup(async () => {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, 'close');
    });
    return (server.address() as AddressInfo).port;
  };

  it('goes through HTTP/1 both ways, and closes in order', async () => {
    const pillion = await through(`127.0.0.1:${await echoServer()}`);
    const socket = new WebSocket(`ws://127.0.0.1:${pillion.port}/chat`, ['echo']);
    cleanup(() => socket.terminate());
    await once(socket, 'open');
    assert.equal(socket.protocol, 'echo');
    const big = Buffer.alloc(300_000, 'x');
    let received = 0;
    const done = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        received += data.length;
        if (received === 600_000 + 10) resolve();
      });
    });
    socket.send('hello');
    socket.send(big);
    await done;
    socket.close(1000, 'bye');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    assert.deepEqual([code, String(reason)], [1000, 'bye']);
  });

  it('from HTTP/2 (RFC 8441) to HTTP/1', async () => {
    const pillion = await through(`127.0.0.1:${await echoServer()}`);
    const session = http2.connect(`http://127.0.0.1:${pillion.port}`);
    cleanup(() => session.destroy());
    await once(session, 'remoteSettings');
    assert.equal(session.remoteSettings.enableConnectProtocol, true);
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', 'sec-websocket-version': '13' }, { endStream: false });
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(fields[':status'], 200);
    // A masked text frame with mask 0: "hi".
    stream.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    const [frame] = (await once(stream, 'data')) as [Buffer];
    assert.deepEqual([...frame.subarray(0, 4)], [0x81, 2, 0x68, 0x69]);
  });

  it('from HTTP/1 to HTTP/2, whose server has no key to answer', async () => {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } });
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    server.on('stream', (stream, fields) => {
      stream.respond({ ':status': fields[':protocol'] === 'websocket' && fields[':path'] === '/chat' ? 200 : 400 });
      stream.on('data', (chunk: Buffer) => stream.write(chunk));
      stream.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanup(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const pillion = await through(`127.0.0.1:${(server.address() as AddressInfo).port} proto h2`);
    const request = http.request({
      port: pillion.port, host: '127.0.0.1', path: '/chat',
      headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    });
    request.end();
    const [response, socket] = (await once(request, 'upgrade')) as [http.IncomingMessage, Socket];
    cleanup(() => socket.destroy());
    assert.equal(response.statusCode, 101);
    assert.equal(response.headers.upgrade, 'websocket');
    // The example of RFC 6455 §1.3.
    assert.equal(response.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    socket.write('ping');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    assert.equal(chunk.toString(), 'ping');
  });

  it('that a server declines leaves the connection to HTTP', async () => {
    const peer = await octetServer((socket, text) => {
      const requests = text.split('\r\n\r\n').length - 1;
      socket.write(`HTTP/1.1 ${requests === 1 ? 403 : 200} X\r\nContent-Length: 1\r\n\r\n${requests}`);
    });
    cleanup(peer.stop);
    const pillion = await through(`127.0.0.1:${peer.port}`);
    const client = new OctetClient(pillion.port);
    cleanup(() => client.socket.destroy());
    // What is sent ahead of the answer is the next request, and was never the server's to read before it had declined.
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(await client.until(/\r\n\r\n1/), /^HTTP\/1.1 403 /);
    assert.match(await client.until(/\r\n\r\n2/), /^HTTP\/1.1 200 /);
    assert.equal(peer.connections, 1);
  });

  it('half-closes a tunnel, by CONNECT', async () => {
    const peer = await octetServer((socket, text) => {
      if (text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\n\r\n');
    });
    cleanup(peer.stop);
    const pillion = await through(`127.0.0.1:${peer.port}`);
    const client = new OctetClient(pillion.port);
    cleanup(() => client.socket.destroy());
    client.send('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n');
    await client.until(/^HTTP\/1.1 200 OK[^]*?\r\n\r\n/);
    client.socket.end('last words');
    await client.end();
    assert.ok(peer.received.endsWith('last words'));
  });

  it('of HTTP/2 is not offered: h2c is each hop its own affair', async () => {
    const peer = await octetServer((socket, text) => {
      if (text.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    cleanup(peer.stop);
    const pillion = await through(`127.0.0.1:${peer.port}`);
    const client = new OctetClient(pillion.port);
    cleanup(() => client.socket.destroy());
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n');
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1.1 200 /);
    assert.ok(!/upgrade|http2-settings/i.test(peer.received), peer.received);
  });
});
