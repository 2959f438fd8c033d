/** The expressions of the unit tests, evaluated by HAProxy itself: what the tables say is what it says. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMON } from '../unit/route/samples.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';

const HAPROXY = '/usr/sbin/haproxy';

/** HAProxy 2.6 knows them in another way, or not yet. */
const NEWER = /,(ltrim|rtrim|be2dec|be2hex|host_only|port_only|param)|,,i\)|var\(txn\.none,x\)|digest\(sha1\)/;

function word(expression: string): string {
  return `'${expression.replaceAll("'", String.raw`'\''`)}'`;
}

describe('expressions in HAProxy', () => {
  const defer = cleanUpAfterEach();

  it('yield what they yield here', async function test() {
    if (!existsSync(HAPROXY)) this.skip(); // apt-get install haproxy
    const cases = COMMON.filter(([expression]) => !NEWER.test(expression));
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const directory = mkdtempSync(join(tmpdir(), 'pillion-'));
    defer(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'h.cfg');
    writeFileSync(file, [
      'defaults', '  mode http', '  timeout client 5s', '  timeout server 5s', '  timeout connect 5s',
      'frontend f', `  bind 127.0.0.1:${port}`,
      ...cases.map(([expression], index) => `  http-request set-var(txn.v${index}) ${word(expression)}`),
      ...cases.map((_, index) => `  http-after-response set-header v${index} "[%[var(txn.v${index})]]" if { var(txn.v${index}) -m found }`),
      '  http-request return status 200', '',
    ].join('\n'));
    const haproxy = spawn(HAPROXY, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    const exited = once(haproxy, 'exit');
    defer(async () => {
      haproxy.kill('SIGKILL');
      await exited;
    });
    let said = '';
    haproxy.stderr.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    const headers = await answer(port, haproxy);
    assert.ok(headers, said);
    const differences = cases.flatMap(([expression, expected], index) => {
      const value = headers[`v${index}`];
      const got = value === undefined ? null : String(value).slice(1, -1);
      return got === expected ? [] : [`${expression}: ${String(got)} in HAProxy, not ${String(expected)}`];
    });
    assert.deepEqual(differences, []);
  });
});

/** Asks until it listens; null: it has ended. */
async function answer(port: number, process: { readonly exitCode: number | null }): Promise<NodeJS.Dict<string | string[]> | null> {
  while (process.exitCode === null) {
    try {
      return await new Promise((resolve, reject) => {
        const headers = ['Host', 'example.com:8080', 'x', 'a, b', 'x', 'c', 'cookie', 'k=v; k2="w"', 'user-agent', 'Mozilla (x, y)'];
        const sent = httpRequest({ port, host: '127.0.0.1', path: '/a/b?x=1&Y=2', headers, agent: false }, (response) => {
          response.resume();
          resolve(response.headers);
        });
        sent.on('error', reject);
        sent.end();
      });
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return null;
}
