/** HTTP/1 over TLS on both sides of Pillion, and HTTP/1 servers that are told of the client by a PROXY header. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, createServer, request, type RequestOptions } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { CERTIFICATES, pem } from '../support/tls.ts';

describe('HTTP/1 over TLS', () => {
  const defer = cleanUpAfterEach();

  async function before(port: number, bind: string, server: string, mode = 'http'): Promise<Pillion> {
    const one = await startPillion([
      'defaults', `  mode ${mode}`, '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
      'frontend clients', `  bind 127.0.0.1:1 ${bind}`, '  default_backend app',
      'backend app', '  option forwardfor', `  server a 127.0.0.1:${port} ${server}`, '',
    ].join('\n'));
    defer(() => one.stop());
    return one;
  }

  async function listening(server: { listen(port: number, host: string): unknown; address(): unknown; close(): unknown } & NodeJS.EventEmitter): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  async function get(port: number, options: RequestOptions = {}): Promise<string> {
    const asked = request({ port, host: '127.0.0.1', servername: 'localhost', ca: pem('ca'), ...options });
    asked.end();
    const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
    return await text(response);
  }

  it('goes from end to end, with kept connections', async () => {
    const port = await listening(createServer({ key: pem('server'), cert: pem('server') }, (asked, response) => {
      response.end(`${asked.httpVersion} ${asked.url ?? ''} ${String(asked.headers['x-forwarded-for'])}`);
    }));
    for (const mode of ['http', 'auto']) {
      const { port: at, proxy } = await before(port, `ssl crt ${CERTIFICATES}server.pem`, `ssl ca-file ${CERTIFICATES}ca.pem sni str(localhost)`, mode);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      defer(() => agent.destroy());
      for (const path of ['/one', '/two']) assert.equal(await get(at, { path, agent }), `1.1 ${path} 127.0.0.1`);
      assert.equal(proxy.counted.frontends[0]?.counters.tlsHandshakes, 1);
      assert.equal(proxy.counted.backends[0]?.servers[0]?.counters.connectionsTotal, 1);
    }
  });

  it('is what HTTP/2 clients get to an HTTP/1 server', async () => {
    const port = await listening(createServer({ key: pem('server'), cert: pem('server') }, (asked, response) => void response.end(asked.httpVersion)));
    const { port: at } = await before(port, `ssl crt ${CERTIFICATES}server.pem`, 'ssl verify none');
    const session = connectHttp2(`https://127.0.0.1:${at}`, { ca: pem('ca'), servername: 'localhost' });
    defer(() => session.destroy());
    assert.equal(await text(session.request()), '1.1');
    assert.equal(session.alpnProtocol, 'h2');
  });

  it('begins with a PROXY header, on connections of each client\'s own', async () => {
    const headers: string[] = [];
    const web = createHttpServer((_asked, response) => void response.setHeader('content-length', 2).end('ok'));
    const port = await listening(createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (chunk) => {
        socket.pause();
        const end = chunk.indexOf('\r\n') + 2;
        headers.push(chunk.toString('latin1', 0, end));
        socket.unshift(chunk.subarray(end));
        web.emit('connection', socket);
        socket.resume();
      });
    }));
    const { port: at } = await before(port, '', 'send-proxy');
    const clients = [connect(at, '127.0.0.1'), connect(at, '127.0.0.1')];
    for (const client of [...clients, ...clients]) {
      client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      let answer = '';
      while (!answer.endsWith('\r\n\r\nok')) answer += String((await once(client, 'data'))[0]);
      assert.match(answer, /^HTTP\/1\.1 200 /);
    }
    assert.deepEqual(headers, clients.map(({ localPort }) => `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${at}\r\n`));
    for (const client of clients) client.destroy();
  });
});
