/** HTTP/1 with the clients and servers that people have: curl, Python's http.server (HTTP/1.0), nginx. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { installed, run, startServer } from '../support/programs.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { until } from '../support/until.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('web servers and curl', () => {
  const cleanup = cleanUpAfterEach();
  let folder = '';
  let page = '';

  beforeEach(function () {
    if (!installed('curl', 'apt-get install curl')) return this.skip();
    folder = mkdtempSync(join(tmpdir(), 'pillion-'));
    cleanup(() => rmSync(folder, { recursive: true }));
    // nginx gives up root where it has it.
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'www'));
    page = 'page '.repeat(50_000);
    writeFileSync(join(folder, 'www', 'page.txt'), page);
    writeFileSync(join(folder, 'www', 'check.html'), 'here');
  });

  const through = async (...lines: readonly string[]): Promise<Pillion> => {
    const pillion = await startPillion([
      'defaults', 'mode http', 'timeout connect 2s', 'timeout client 10s', 'timeout server 10s', 'listen web', 'bind 127.0.0.1:1', ...lines, '',
    ].join('\n'));
    cleanup(pillion.stop);
    return pillion;
  };
  const python = async (): Promise<number> => {
    const port = await freePort();
    const { stop } = await startServer('python3', ['-m', 'http.server', '-b', '127.0.0.1', '-d', join(folder, 'www'), String(port)], port);
    cleanup(stop);
    return port;
  };
  const curl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('curl', ['-sS', '--max-time', '8', ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  for (const [version, option, wanted] of [['1.0', '--http1.0', '1.1'], ['1.1', '--http1.1', '1.1'], ['2', '--http2-prior-knowledge', '2']] as const) {
    it(`curl by HTTP/${version} gets a page of Python's HTTP/1.0 server`, async function () {
      if (!installed('python3', 'apt-get install python3')) return this.skip();
      const pillion = await through(`server py 127.0.0.1:${await python()}`);
      assert.equal(await curl(option, `http://${pillion.target}/page.txt`), page);
      assert.equal(await curl(option, '-o', join(folder, 'out'), '-w', '%{http_version} %{response_code}', `http://${pillion.target}/none`), `${wanted} 404`);
      assert.match(await curl(option, '-I', `http://${pillion.target}/page.txt`), /^content-length: 250000\r$/im);
    });
  }

  it('curl keeps one connection for several pages of nginx, and posts', async function () {
    if (!installed('nginx', 'apt-get install nginx', ['-v'])) return this.skip();
    const port = await freePort();
    const config = join(folder, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
    writeFileSync(config, `daemon off; master_process off; error_log stderr crit; pid ${folder}/pid; events {}
      http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; root ${folder}/www; location /post { return 200 "got $content_length"; } } }`);
    const { stop } = await startServer('nginx', ['-p', folder, '-e', 'stderr', '-c', config], port);
    cleanup(stop);
    const pillion = await through(`server ng 127.0.0.1:${port}`);
    const url = `http://${pillion.target}/page.txt`;
    const connects = await curl('-w', '%{num_connects}\n', '-o', join(folder, '1'), '-o', join(folder, '2'), '-o', join(folder, '3'), url, url, url);
    assert.deepEqual(connects.trim().split('\n'), ['1', '0', '0']);
    assert.equal(pillion.server('ng').counters.connectionsTotal, 1);
    assert.equal(await curl('--data-binary', 'x'.repeat(3000), `http://${pillion.target}/post`), 'got 3000');
    assert.match(await curl('-r', '5-9', '-i', url), /^HTTP\/1.1 206 Partial Content\r[^]*content-range: bytes 5-9\/250000\r[^]*\r\n\r\npage $/);
  });

  it("a server's removal and return by option httpchk", async function () {
    if (!installed('python3', 'apt-get install python3')) return this.skip();
    const pillion = await through('option httpchk HEAD /check.html HTTP/1.0', 'default-server check inter 50ms rise 1 fall 1', `server py 127.0.0.1:${await python()}`);
    const check = join(folder, 'www', 'check.html');
    rmSync(check);
    await until(() => pillion.server('py').status === 'DOWN');
    assert.match(await curl('-i', `http://${pillion.target}/page.txt`), /^HTTP\/1.1 503 /);
    writeFileSync(check, 'here');
    await until(() => pillion.server('py').status === 'UP');
    assert.equal(await curl(`http://${pillion.target}/page.txt`), page);
  });
});
