/** Messages that two parsers could read in two ways never come through, in either direction (RFC 9112 §11.2). */
import assert from 'node:assert/strict';
import { startPillion, grpcConfiguration, type Pillion } from '../support/pillion.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { exchangeOctets, octetServer, type OctetServer } from '../support/http1-peers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Refused before anything of it reaches a server. */
const REFUSED: readonly (readonly [what: string, octets: string, status?: number])[] = [
  ['CL.TE', `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`],
  ['TE.CL', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n${SMUGGLED}0\r\n\r\n`],
  ['TE.TE, the second unknown', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n`],
  ['TE.TE, chunked twice', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunked not last', `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
  ['another coding before chunked', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ['a coding that is nearly chunked', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 501],
  ['a vertical tab before chunked', `${POST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`],
  ['transfer-encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a space before the colon of transfer-encoding', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
  ['a folded transfer-encoding', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths that differ', `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
  ['two lengths that agree', `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
  ['a list of lengths', `${POST}Content-Length: 3, 3\r\n\r\nabc`],
  ['a signed length', `${POST}Content-Length: +3\r\n\r\nabc`],
  ['a negative length', `${POST}Content-Length: -3\r\n\r\nabc`],
  ['a hexadecimal length', `${POST}Content-Length: 0x3\r\n\r\nabc`],
  ['an empty length', `${POST}Content-Length:\r\n\r\nabc`],
  ['a length that overflows', `${POST}Content-Length: 18446744073709551619\r\n\r\nabc`],
  ['a length beyond what numbers hold', `${POST}Content-Length: 9007199254740993\r\n\r\nabc`],
  ['a folded header field', `${GET}X: 1\r\n 2\r\n\r\n`],
  ['a first field that is folded', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['a bare LF behind the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  ['a bare LF behind a field', `${GET}X: 1\n\r\n`],
  ['bare LFs throughout', 'GET / HTTP/1.1\nHost: a\n\n'],
  ['a bare CR in a value', `${GET}X: a\rY: b\r\n\r\n`],
  ['a space before a colon', `${GET}X : 1\r\n\r\n`],
  ['a field without a colon', `${GET}X\r\n\r\n`],
  ['a field without a name', `${GET}: 1\r\n\r\n`],
  ['NUL in a value', `${GET}X: a\0b\r\n\r\n`],
  ['NUL in a name', `${GET}X\0: a\r\n\r\n`],
  ['a control character in a value', `${GET}X: a\x01b\r\n\r\n`],
  ['no host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two hosts', `${GET}Host: b\r\n\r\n`],
  ['a host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['a host with a user', 'GET / HTTP/1.1\r\nHost: user@a\r\n\r\n'],
  ['a host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  ['an absolute target that the host contradicts', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a fragment in the target', 'GET /#x HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an octet above ASCII in the target', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a target without form', 'GET a HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['* for another method than OPTIONS', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['CONNECT without a port', 'CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['HTTP/0.9', 'GET /\r\n\r\n', 505],
  ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['a method in lower case', 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no protocol at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['a request that ends in its head', `${GET}X: `],
  ['too long a target', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ['too long a field', `${GET}X: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ['too many fields', `${GET}${'X: 1\r\n'.repeat(200)}\r\n`, 431],
];

/** Their head is good, and may have been sent on; what is wrong in the body is not. */
const BROKEN_BODIES: readonly (readonly [what: string, octets: string])[] = [
  ['a bare LF behind a chunk size', `${CHUNKED}5\nabcde\r\n0\r\n\r\n${SMUGGLED}`],
  ['a space behind a chunk size', `${CHUNKED}5 \r\nabcde\r\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk size with 0x', `${CHUNKED}0x5\r\nabcde\r\n0\r\n\r\n${SMUGGLED}`],
  ['a signed chunk size', `${CHUNKED}+5\r\nabcde\r\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk size that overflows', `${CHUNKED}FFFFFFFFFFFFFFFFF\r\nabc${SMUGGLED}`],
  ['no chunk size', `${CHUNKED}\r\nabcde${SMUGGLED}`],
  ['a chunk longer than its size', `${CHUNKED}5\r\nabcdeX\r\n0\r\n\r\n${SMUGGLED}`],
  ['no CR LF behind a chunk', `${CHUNKED}5\r\nabcde0\r\n\r\n${SMUGGLED}`],
  ['a bare LF behind a chunk', `${CHUNKED}5\r\nabcde\n0\r\n\r\n${SMUGGLED}`],
  ['a bare LF in a chunk extension', `${CHUNKED}5;a\nb\r\nabcde\r\n0\r\n\r\n${SMUGGLED}`],
  ['CR LF in a quoted chunk extension', `${CHUNKED}5;a="\r\n"\r\nabcde\r\n0\r\n\r\n${SMUGGLED}`],
  ['an endless chunk extension', `${CHUNKED}5;${'a'.repeat(20_000)}\r\nabcde\r\n0\r\n\r\n${SMUGGLED}`],
  ['a space before the colon of a trailer', `${CHUNKED}0\r\nX : 1\r\n\r\n${SMUGGLED}`],
  ['a folded trailer', `${CHUNKED}0\r\nX: 1\r\n 2\r\n\r\n${SMUGGLED}`],
  ['endless trailers', `${CHUNKED}0\r\n${'X: 1\r\n'.repeat(5000)}\r\n${SMUGGLED}`],
];

/** What a server must not answer. */
const BROKEN_RESPONSES: readonly (readonly [what: string, octets: string])[] = [
  ['a length and a coding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
  ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc'],
  ['a coding behind chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n'],
  ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a space before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
  ['a folded field', 'HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 0\r\n\r\n'],
  ['a bare LF', 'HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 0\r\n\r\n'],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0\r\nContent-Length: 0\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['101 without having been asked', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['too long a field', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`],
];

describe('request smuggling', () => {
  const cleanup = cleanUpAfterEach();
  let server: OctetServer;
  let pillion: Pillion;

  const start = async (answer: string): Promise<void> => {
    server = await octetServer((socket, text) => {
      if (text.includes('\r\n\r\n')) socket.write(Buffer.from(answer, 'latin1'));
    });
    cleanup(server.stop);
    pillion = await startPillion(grpcConfiguration([`server s 127.0.0.1:${server.port}`], 'http'));
    cleanup(pillion.stop);
  };

  for (const [what, octets, status = 400] of REFUSED) {
    it(`refuses ${what}`, async () => {
      await start(OK);
      const answer = await exchangeOctets(pillion.port, octets);
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} [^\r]*\r\n[\\s\\S]*\r\nconnection: close\r\n`));
      assert.equal(answer.split('HTTP/1.1 ').length, 2, 'one answer');
      assert.equal(server.received, '');
      assert.equal(pillion.proxy.counted.frontends[0]?.counters.streamsTotal, 1);
    });
  }

  for (const [what, octets] of BROKEN_BODIES) {
    it(`ends the connection at ${what}`, async () => {
      await start(OK);
      await exchangeOctets(pillion.port, octets);
      assert.ok(!server.received.includes('/smuggled'), server.received);
      assert.ok(!server.received.includes('\r\n0\r\n\r\n'), 'the request was never completed');
      assert.equal(pillion.proxy.counted.frontends[0]?.counters.protocolErrors, 1);
    });
  }

  for (const [what, octets] of BROKEN_RESPONSES) {
    it(`answers 502 for a response with ${what}`, async () => {
      await start(octets);
      const answer = await exchangeOctets(pillion.port, `${GET}\r\n`);
      assert.match(answer, /^HTTP\/1.1 502 /);
      assert.equal(pillion.server('s').counters.protocolErrors, 1);
    });
  }

  it('closes a server connection on which more comes than was asked for', async () => {
    await start(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`);
    const answer = await exchangeOctets(pillion.port, `${GET}\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.ok(!answer.includes('poison'), answer);
    assert.equal(answer.match(/HTTP\/1.1 200 OK/g)?.length, 2);
    assert.equal(server.connections, 2);
  });

  it('takes what only looks odd', async () => {
    await start(OK);
    for (const octets of [
      `\r\n${GET}\r\n`, `${GET}X:\r\n\r\n`, `${GET}X:\t1 \t\r\n\r\n`, 'GET http://a/x HTTP/1.1\r\nHost: A\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.0\r\n\r\n', `${CHUNKED}5;x="y"\r\nabcde\r\n0\r\nT: 1\r\n\r\n`, `${POST}Content-Length: 3 \r\n\r\nabc`, 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
    ]) assert.match(await exchangeOctets(pillion.port, octets), /^HTTP\/1.1 200 OK\r\n/, octets);
  });
});
