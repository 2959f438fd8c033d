/** What an HTTP/2 client can put into a frame must not become another request on an HTTP/1 server's connection. */
import assert from 'node:assert/strict';
import { data, END_STREAM, GET_REQUEST, headers, type Fields } from '../support/frames.ts';
import { startPillion, grpcConfiguration, type Pillion } from '../support/pillion.ts';
import { connectRaw } from '../support/raw-peer.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { octetServer, type OctetServer } from '../support/http1-peers.ts';
import { until } from '../support/until.ts';

const SMUGGLED = '\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const POST: Fields = GET_REQUEST.map(([name, value]) => [name, name === ':method' ? 'POST' : value] as const);
const set = (wanted: string, value: string): Fields => GET_REQUEST.map(([name, old]) => [name, name === wanted ? value : old] as const);

const REFUSED: readonly (readonly [what: string, fields: Fields])[] = [
  ['line ends in a value', [...GET_REQUEST, ['x', `a${SMUGGLED}`]]],
  ['line ends in a name', [...GET_REQUEST, [`x: a${SMUGGLED}`, 'b']]],
  ['a colon in a name', [...GET_REQUEST, ['x: a', 'b']]],
  ['a bare LF in a value', [...GET_REQUEST, ['x', 'a\nb: c']]],
  ['NUL in a value', [...GET_REQUEST, ['x', 'a\0b']]],
  ['line ends in :path', set(':path', `/ HTTP/1.1${SMUGGLED}`)],
  ['a space in :path', set(':path', '/ HTTP/1.1')],
  ['line ends in :method', set(':method', `GET / HTTP/1.1${SMUGGLED}`)],
  ['a space in :method', set(':method', 'GET /smuggled')],
  ['line ends in :authority', set(':authority', `a${SMUGGLED}`)],
  ['transfer-encoding', [...GET_REQUEST, ['transfer-encoding', 'chunked']]],
  ['connection', [...GET_REQUEST, ['connection', 'close']]],
  ['upgrade', [...GET_REQUEST, ['upgrade', 'websocket']]],
  ['a host that differs', [...GET_REQUEST, ['host', 'other']]],
  ['two lengths that differ', [...POST, ['content-length', '1'], ['content-length', '2']]],
  ['a length that is none', [...POST, ['content-length', '1, 1']]],
];

describe('HTTP/2 to HTTP/1', () => {
  const cleanup = cleanUpAfterEach();
  let server: OctetServer;
  let pillion: Pillion;

  beforeEach(async () => {
    server = await octetServer((socket, text) => {
      if (text.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    cleanup(server.stop);
    pillion = await startPillion(grpcConfiguration([`server s 127.0.0.1:${server.port}`], 'http'));
    cleanup(pillion.stop);
  });

  for (const [what, fields] of REFUSED) {
    it(`refuses ${what}`, async () => {
      const client = await connectRaw(pillion.port);
      cleanup(() => client.socket.destroy());
      client.send(headers(1, fields, END_STREAM));
      assert.equal(await client.resetCode(1), 1);
      assert.equal(server.received, '');
    });
  }

  it('writes one length for two that agree', async () => {
    const client = await connectRaw(pillion.port);
    cleanup(() => client.socket.destroy());
    client.send(headers(1, [...POST, ['content-length', '3'], ['content-length', '3']]), data(1, 'abc', END_STREAM));
    await until(() => server.received.endsWith('abc'));
    assert.equal(server.received.match(/content-length: 3\r\n/g)?.length, 1);
  });

  it('never completes a body that is shorter than announced, nor sends more', async () => {
    for (const [length, body] of [['50', SMUGGLED], ['3', `abc${SMUGGLED}`]] as const) {
      const client = await connectRaw(pillion.port);
      cleanup(() => client.socket.destroy());
      client.send(headers(1, [...POST, ['content-length', length]]), data(1, body, END_STREAM));
      assert.equal(await client.resetCode(1), 1);
      assert.ok(!/^GET \/smuggled/m.test(server.received) || length === '50', server.received);
      await until(() => pillion.server('s').counters.connectionsCurrent === 0);
    }
  });

  it('frames a body of unknown length itself, whatever is in it', async () => {
    const client = await connectRaw(pillion.port);
    cleanup(() => client.socket.destroy());
    const body = `0${SMUGGLED}`;
    client.send(headers(1, POST), data(1, body, END_STREAM));
    await until(() => server.received.endsWith('\r\n0\r\n\r\n'));
    assert.ok(server.received.includes(`\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`), server.received);
  });
});
