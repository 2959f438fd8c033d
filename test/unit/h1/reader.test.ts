import assert from 'node:assert/strict';
import type { Llhttp } from '../../../src/h1/llhttp.ts';
import { MessageReader, OPEN, UNDECIDED, type ReaderOwner, type Refusal } from '../../../src/h1/reader.ts';
import { isRefusal, readRequest } from '../../../src/h1/request.ts';
import { readResponse } from '../../../src/h1/response.ts';

const LIMITS = { maxHead: 400, maxFields: 10 };

/** What a reader makes of `text`, fed in pieces; bodies are joined, so that the pieces do not show. */
function read(kind: 'request' | 'response', text: string, pieces: readonly number[]): string[] {
  const told: string[] = [];
  let body = '';
  const flush = (): void => {
    if (body !== '') told.push(`body ${body}`);
    body = '';
  };
  let remembered = '';
  const begin = (what: string, follows: number): number => {
    told.push(remembered = what);
    return follows;
  };
  let follows = 0;
  const owner: ReaderOwner = {
    onHead(head: Llhttp): number {
      if (kind === 'request') {
        const request = readRequest(head, 'http');
        if (isRefusal(request)) return begin(`refused ${request.status}`, (follows = 0));
        const fields = request.fields.fields.map(({ name, value }) => `${name}=${value}`).join(' ');
        return begin(`${fields} keep=${request.keepAlive}`, (follows = request.tunnel === '' ? request.body : UNDECIDED));
      }
      const response = readResponse(head, { method: 'GET', tunnel: '' });
      if (typeof response === 'string') return begin(response, (follows = 0));
      return begin(`${response.status} keep=${response.keepAlive}`, (follows = response.body));
    },
    onHeadAgain: () => begin(remembered, follows),
    onBody(chunk, start, end, last) {
      body += Buffer.from(chunk.subarray(start, end)).toString('latin1');
      if (last) flush();
    },
    onTrailers(trailers) {
      flush();
      told.push(`end ${trailers.fields.map(({ name, value }) => `${name}=${value}`).join(' ')}`);
    },
    onMalformed: ({ status }: Refusal) => {
      flush();
      told.push(`malformed ${status}`);
    },
  };
  const reader = new MessageReader(kind, LIMITS, owner);
  const octets = Buffer.from(text, 'latin1');
  let at = 0;
  for (const to of [...pieces, octets.length]) {
    // As on a socket: the memory of a read is another's by the next.
    const piece = Buffer.from(octets.subarray(at, to));
    for (let from = 0; from < piece.length && reader.state !== 'stopped'; ) {
      from = reader.read(piece, from, piece.length);
      if (reader.state === 'done') reader.next();
    }
    at = to;
  }
  flush();
  reader.stop();
  return told;
}

const REQUESTS: readonly (readonly [string, readonly string[]])[] = [
  ['GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n', [':method=GET :scheme=http :authority=x :path=/a?b keep=true']],
  ['GET / HTTP/1.0\r\n\r\n', [':method=GET :scheme=http :path=/ keep=false']],
  ['GET / HTTP/1.1\r\nHost: x\r\nConnection: close, X-A\r\nX-A: 1\r\nX-B:\t2 \r\nTE: gzip, trailers\r\n\r\n', [':method=GET :scheme=http :authority=x :path=/ x-b=2 te=trailers keep=false']],
  ['GET https://y HTTP/1.1\r\nHost: Y\r\n\r\n', [':method=GET :scheme=https :authority=y :path=/ keep=true']],
  ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcdeGET /2 HTTP/1.1\r\nHost: x\r\n\r\n',
    [':method=POST :scheme=http :authority=x :path=/ content-length=5 keep=true', 'body abcde', ':method=GET :scheme=http :authority=x :path=/2 keep=true']],
  ['POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\nHost: no\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n',
    [':method=POST :scheme=http :authority=x :path=/ keep=true', 'body abc0123456789', 'end t=1', ':method=GET :scheme=http :authority=x :path=/2 keep=true']],
  ['GET / HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n', [':method=CONNECT :protocol=websocket :scheme=http :authority=x :path=/ keep=true']],
  ['GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: A\r\n\r\n', [':method=GET :scheme=http :authority=x :path=/ keep=true']],
  ['CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', [':method=CONNECT :authority=x:443 keep=true']],
  [`GET /${'a'.repeat(500)} HTTP/1.1\r\nHost: x\r\n\r\n`, ['malformed 414']],
  [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(500)}\r\n\r\n`, ['malformed 431']],
  [`GET / HTTP/1.1\r\nHost: x\r\n${'X: 1\r\n'.repeat(20)}\r\n`, ['malformed 431']],
  ['GET / HTTP/1.1\r\nHost: x\r\nX : 1\r\n\r\n', ['malformed 400']],
];

const RESPONSES: readonly (readonly [string, readonly string[]])[] = [
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', ['200 keep=true', 'body ok', '204 keep=true', '304 keep=true']],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n', ['100 keep=true', '103 keep=true', '200 keep=true', 'body a', 'end ']],
  ['HTTP/1.0 200 OK\r\n\r\nup to the end', ['200 keep=false', 'body up to the end']],
  ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', ['200 keep=false']],
];

describe('HTTP/1 messages', () => {
  for (const [kind, table] of [['request', REQUESTS], ['response', RESPONSES]] as const) {
    for (const [text, expected] of table) {
      it(`${kind} ${JSON.stringify(text.slice(0, 60))}, cut anywhere`, () => {
        assert.deepEqual(read(kind, text, []), expected);
        for (let cut = 1; cut < text.length; cut++) assert.deepEqual(read(kind, text, [cut]), expected, `cut at ${cut}`);
        assert.deepEqual(read(kind, text, Array.from({ length: text.length - 1 }, (_, index) => index + 1)), expected, 'octet by octet');
      });
    }
  }

  it('that repeat their head are the same each time', () => {
    const one = 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n';
    const text = `${one}a${one}b${one}c${one.replace('/', '*')}${one}d`;
    const head = ':method=GET :scheme=http :authority=x :path=/ content-length=1 keep=true';
    const expected = [head, 'body a', head, 'body b', head, 'body c', 'refused 400', head, 'body d'];
    assert.deepEqual(read('request', text, []), expected);
    for (let cut = 1; cut < text.length; cut++) assert.deepEqual(read('request', text, [cut]), expected, `cut at ${cut}`);
  });

  it('never throw, whatever the octets', () => {
    let seed = 1;
    const random = (limit: number): number => (seed = (seed * 48_271) % 2_147_483_647) % limit;
    const texts = [...REQUESTS, ...RESPONSES].map(([text]) => text);
    for (let round = 0; round < 3000; round++) {
      const octets = Buffer.from(texts[random(texts.length)] as string, 'latin1');
      for (let changes = random(4); changes >= 0; changes--) octets[random(octets.length)] = random(256);
      const kind = random(2) === 0 ? 'request' : 'response';
      read(kind, octets.toString('latin1'), [random(octets.length)]);
    }
  });

  it('have a state for what follows no more', () => {
    const reader = new MessageReader('response', LIMITS, { onHead: () => OPEN, onHeadAgain: () => OPEN, onBody() {}, onTrailers() {}, onMalformed() {} });
    reader.read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), 0, 19);
    assert.equal(reader.state, 'open');
    reader.stop();
    reader.stop();
    assert.equal(reader.read(Buffer.from('x'), 0, 1), 1);
  });
});
