import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../src/config/load.ts';
import type { HttpCheckSettings } from '../../../src/config/http-check-settings.ts';
import { CLEARTEXT, type CheckResult } from '../../../src/health/check.ts';
import { HttpCheck } from '../../../src/health/http-check.ts';
import { checkReport } from '../../../src/health/report.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { octetServer, type OctetServer } from '../../support/http1-peers.ts';

const OK = 'HTTP/1.0 200 OK\r\n\r\nall is well';

function settingsOf(...lines: readonly string[]): HttpCheckSettings {
  const text = ['defaults', 'mode http', 'timeout connect 1s', 'timeout client 1s', 'timeout server 1s', 'backend b', ...lines, 'server s a:1 check'].join('\n');
  const { configuration, errors } = loadConfiguration([{ path: 't', text }], {});
  assert.deepEqual(errors.map(({ message }) => message), []);
  const settings = configuration?.backends[0]?.httpCheck;
  assert.ok(settings);
  return settings;
}

describe('option httpchk', () => {
  const cleanup = cleanUpAfterEach();
  let server: OctetServer;

  const check = async (answer: string | null, lines: readonly string[] = ['option httpchk'], end = true): Promise<CheckResult> => {
    server = await octetServer((socket, text) => {
      if (answer === null || !text.includes('\r\n\r\n')) return;
      socket.write(Buffer.from(answer, 'latin1'));
      if (end) socket.end();
    });
    cleanup(server.stop);
    const timeouts = { connectMs: 1000, totalMs: answer === null ? 50 : 2000 };
    const one = new HttpCheck({ host: '127.0.0.1', port: server.port }, settingsOf(...lines), timeouts, CLEARTEXT, () => 'UP; name=b/s');
    cleanup(() => one.close());
    return new Promise((resolve) => one.probe({ onResult: resolve, onPush() {}, onProbeWanted() {} }));
  };

  for (const [line, begin] of [
    ['option httpchk', 'OPTIONS / HTTP/1.0\r\n'],
    ['option httpchk /alive', 'OPTIONS /alive HTTP/1.0\r\n'],
    ['option httpchk HEAD /check.html', 'HEAD /check.html HTTP/1.0\r\n'],
    ['option httpchk HEAD /check.html HTTP/1.0', 'HEAD /check.html HTTP/1.0\r\n'],
    ['option httpchk GET / HTTP/1.1\\r\\nHost:\\ www', 'GET / HTTP/1.1\r\nHost: www\r\n'],
    ['option httpchk\nhttp-check send meth PUT uri /x ver HTTP/1.1 hdr Host h hdr X y body hello', 'PUT /x HTTP/1.1\r\nHost: h\r\nX: y\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello'],
    ['http-check send hdr X y\noption httpchk GET /', 'GET / HTTP/1.0\r\nX: y\r\n'],
    ['option httpchk\nhttp-check send-state', 'OPTIONS / HTTP/1.0\r\nx-haproxy-server-state: UP; name=b/s\r\n'],
  ] as const) {
    it(`sends what ${JSON.stringify(line)} says`, async () => {
      assert.equal((await check(OK, line.split('\n'))).word, 'pass');
      assert.ok(server.received.startsWith(begin), server.received);
      assert.match(server.received, /\r\nconnection: close\r\n/);
    });
  }

  for (const [answer, expected, ...lines] of [
    ['HTTP/1.0 200 OK\r\n\r\n', 'L7OK'],
    ['HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n', 'L7OK'],
    ['HTTP/1.0 404 Not Found\r\n\r\n', 'L7STS'],
    ['HTTP/1.0 500 Oops\r\n\r\n', 'L7STS'],
    ['HTTP/1.0 404 Not Found\r\n\r\n', 'L7OKC', 'http-check disable-on-404'],
    ['HTTP/1.0 503 X\r\n\r\n', 'L7OK', 'http-check expect status 200,500-599'],
    ['HTTP/1.0 200 OK\r\n\r\n', 'L7STS', 'http-check expect ! status 200'],
    ['HTTP/1.0 204 X\r\n\r\n', 'L7OK', 'http-check expect rstatus ^20[0-9]$'],
    [OK, 'L7OK', 'http-check expect string well'],
    [OK, 'L7STS', 'http-check expect ! string well'],
    [OK, 'L7OK', 'http-check expect rstring ^all.*well$'],
    [OK, 'L7STS', 'http-check expect string well', 'http-check expect status 201'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwel\r\n1\r\nl\r\n0\r\n\r\n', 'L7OK', 'http-check expect string well'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nwel', 'L7RSP', 'http-check expect string well'],
    ['SSH-2.0-OpenSSH\r\n', 'L7RSP'],
    ['', 'L7RSP'],
  ] as const) {
    it(`takes ${JSON.stringify(answer.slice(0, 30))} for ${expected}${lines.length > 0 ? ` with ${lines.join(', ')}` : ''}`, async () => {
      const result = await check(answer, ['option httpchk', ...lines]);
      assert.equal(checkReport(result.reason).status, expected, result.reason);
      assert.equal(result.word, expected === 'L7OK' ? 'pass' : expected === 'L7OKC' ? 'stopping' : 'fail');
    });
  }

  it('does not wait for the end of what it does not look at', async () => {
    assert.equal((await check('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', ['option httpchk'], false)).word, 'pass');
  });

  it('gives up a server that does not answer, and one that is not there', async () => {
    assert.equal(checkReport((await check(null)).reason).status, 'L7TOUT');
    await server.stop();
    const one = new HttpCheck({ host: '127.0.0.1', port: server.port }, settingsOf('option httpchk'), { connectMs: 1000, totalMs: 1000 }, CLEARTEXT, () => '');
    const result = await new Promise<CheckResult>((resolve) => one.probe({ onResult: resolve, onPush() {}, onProbeWanted() {} }));
    assert.equal(checkReport(result.reason).status, 'L4CON');
  });

  it('is refused where it cannot work', () => {
    const errors = (...lines: readonly string[]): string[] =>
      loadConfiguration([{ path: 't', text: ['defaults', 'mode http', 'backend b', ...lines, ''].join('\n') }], {}).errors.map(({ message }) => message);
    for (const [line, message] of [
      ['http-check expect status x', /neither a status nor a list/],
      ['http-check expect rstring (', /not a regular expression/],
      ['http-check expect hdr name X', /not supported/],
      ['http-check send ver HTTP/2', /not a version/],
      ['http-check send hdr X', /the value of the header field/],
      ['option httpchk GET / HTTP/3', /not a version/],
      ['http-check connect port 80', /not supported/],
      ['option httpchk\nserver s a:1 check proto h2', /only HTTP\/1 yet/],
    ] as const) assert.match(errors(...line.split('\n')).join(), message, line);
  });
});
