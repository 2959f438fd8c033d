/** What the proxy answers itself on HTTP: its pages, those of files, and monitor-uri. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { exchangeOctets } from '../support/http1-peers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const TIMEOUTS = 'mode http\ntimeout connect 1s\ntimeout client 5s\ntimeout server 5s\n';

describe("HTTP's own answers", () => {
  const cleanup = cleanUpAfterEach();
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pillion-'));
    cleanup(() => rmSync(folder, { recursive: true }));
  });

  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const start = async (text: string): Promise<Pillion> => {
    const pillion = await startPillion(text);
    cleanup(pillion.stop);
    return pillion;
  };

  it('are small pages that do not say what is behind', async () => {
    const { port } = await start(`defaults\n${TIMEOUTS}listen l\nbind 127.0.0.1:1\n`);
    const answer = await exchangeOctets(port, GET);
    assert.match(answer, /^HTTP\/1.1 503 Service Unavailable\r\n/);
    assert.match(answer, /\r\ncontent-type: text\/html\r\n/);
    assert.match(answer, /\r\n\r\n<html><body><h1>503 Service Unavailable<\/h1>\n.*\n<\/body><\/html>\n$/);
    assert.ok(!answer.includes('backend'));
    assert.ok((await exchangeOctets(port, GET.replace('GET', 'HEAD'))).endsWith('\r\n\r\n'), 'no body for HEAD');
  });

  it('come from errorfile, with its status and fields, on either version', async () => {
    const page = file('503.http', 'HTTP/1.0 500 Sorry\nContent-Type: text/plain\nContent-Length: 999\nConnection: close\nX-Page: ours\n\nsorry!\n');
    const { port } = await start(`defaults\n${TIMEOUTS}errorfile 503 ${page}\nlisten l\nbind 127.0.0.1:1\n`);
    const answer = await exchangeOctets(port, GET);
    assert.match(answer, /^HTTP\/1.1 500 Internal Server Error\r\n/);
    assert.match(answer, /\r\nx-page: ours\r\n/);
    assert.match(answer, /\r\ncontent-length: 7\r\n/);
    assert.ok(answer.endsWith('\r\n\r\nsorry!\n'));
  });

  it('come from files and sections that rules name', async () => {
    const own = file('own', 'HTTP/1.1 403 X\r\nX-Page: own\r\n\r\nown');
    const listed = file('listed', 'HTTP/1.1 404 X\r\n\r\nlisted');
    const { port } = await start(`defaults\n${TIMEOUTS}listen l\nbind 127.0.0.1:1\nhttp-request deny errorfile ${own} if { path /own }\nhttp-request return status 404 errorfiles site if { path /listed }\n`
      + `http-request return status 200 hdr x-empty %[req.hdr(none)] hdr x-full a if { path /fields }\nhttp-request deny deny_status 500 errorfile /dev/null\nhttp-errors site\nerrorfile 404 ${listed}\n`);
    const own403 = await exchangeOctets(port, GET.replace('/', '/own'));
    assert.match(own403, /^HTTP\/1.1 403 Forbidden\r\n.*x-page: own\r\n.*\r\nown$/s);
    assert.match(await exchangeOctets(port, GET.replace('/', '/listed')), /^HTTP\/1.1 404 Not Found\r\n.*\r\nlisted$/s);
    const fields = await exchangeOctets(port, GET.replace('/', '/fields'));
    assert.match(fields, /\r\nx-full: a\r\n/);
    assert.doesNotMatch(fields, /x-empty/);
    assert.equal(await exchangeOctets(port, GET), '');
  });

  it('are nothing at all when the file is empty', async () => {
    const { port } = await start(`defaults\n${TIMEOUTS}errorfile 400 /dev/null\nlisten l\nbind 127.0.0.1:1\n`);
    assert.equal(await exchangeOctets(port, 'nonsense\r\n\r\n'), '');
  });

  it("come from a section by errorfiles, the backend's before the frontend's", async () => {
    const [front, back] = ['front', 'back'].map((name) => file(name, `HTTP/1.1 503 X\r\n\r\n${name}`));
    const { port } = await start([
      `http-errors mine\nerrorfile 503 ${back}\nerrorfile 400 ${back}`,
      `defaults\n${TIMEOUTS}frontend f\nbind 127.0.0.1:1\nerrorfile 503 ${front}\nerrorfile 400 ${front}\ndefault_backend b`,
      'backend b\nerrorfiles mine 503\n',
    ].join('\n'));
    assert.match(await exchangeOctets(port, GET), /back$/);
    assert.match(await exchangeOctets(port, 'nonsense\r\n\r\n'), /front$/);
  });

  it('are checked at the start', () => {
    const errors = (lines: string): string[] =>
      loadConfiguration([{ path: 't', text: `defaults\n${TIMEOUTS}listen l\nbind :1\nserver s a:1\n${lines}\n` }], {}).errors.map(({ message }) => message);
    assert.match(errors('errorfile 503 /none/such')[0] ?? '', /cannot read error file '\/none\/such': ENOENT/);
    assert.match(errors(`errorfile 503 ${file('x', 'hello')}`)[0] ?? '', /does not begin with a status line/);
    assert.match(errors(`errorfile 503 ${file('y', 'HTTP/1.1 503 X\nbad field\n\n')}`)[0] ?? '', /is not a header field/);
    assert.match(errors('errorfile 600 /x')[0] ?? '', /600/);
    assert.match(errors('errorfiles nobody')[0] ?? '', /no section 'http-errors nobody'/);
  });

  it('include monitor-uri, whatever the servers do', async () => {
    const { port } = await start(`defaults\n${TIMEOUTS}listen l\nbind 127.0.0.1:1\nmonitor-uri /alive\n`);
    assert.match(await exchangeOctets(port, GET.replace('/', '/alive')), /^HTTP\/1.1 200 OK\r\n/);
    assert.match(await exchangeOctets(port, GET), /^HTTP\/1.1 503 /);
  });

  it('take a monitor-uri with a host for requests that name their target so', async () => {
    const { port } = await start(`defaults\n${TIMEOUTS}listen l\nbind 127.0.0.1:1\nmonitor-uri http://a/alive\n`);
    assert.match(await exchangeOctets(port, GET.replace('/', 'http://a/alive')), /^HTTP\/1.1 200 OK\r\n/);
    assert.match(await exchangeOctets(port, GET.replace('/', '/alive')), /^HTTP\/1.1 503 /);
  });
});
