/** A tutorial: a frontend that tells two applications apart by path, and three ways of balancing between them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { startPillion, type Pillion } from '../../support/pillion.ts';
import { tutorial } from '../../support/tutorial.ts';
import { until } from '../../support/until.ts';

describe('tutorial: two applications by path', () => {
  const defer = cleanUpAfterEach();
  /** Requests for /slow that wait for their answer. */
  let held: ServerResponse[] = [];

  /** The application on one of its ports: each path says which it is. */
  async function application(name: string): Promise<number> {
    const server = createServer((asked, response) => {
      if (asked.url === '/slow') held.push(response);
      else response.end(`${asked.url ?? ''} of ${name}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close().closeAllConnections());
    return (server.address() as AddressInfo).port;
  }

  async function start(balance = 'roundrobin'): Promise<Pillion> {
    held = [];
    const [one, two] = [await application('app1'), await application('app2')];
    const pillion = await startPillion(tutorial('paths.cfg', {
      'bind *:80\n': 'bind 127.0.0.1:1\n', 'bind *:8404': 'bind 127.0.0.1:1', '127.0.0.1:8081': `127.0.0.1:${one}`, '127.0.0.1:8082': `127.0.0.1:${two}`,
      'balance roundrobin': `balance ${balance}`,
    }));
    defer(() => pillion.stop());
    return pillion;
  }

  async function get(pillion: Pillion, path: string, localAddress = '127.0.0.1', agent: Agent | false = false): Promise<string> {
    const asked = request({ host: '127.0.0.1', port: pillion.port, path, localAddress, agent }).end();
    const [response] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const chunk of response) text += chunk.toString();
    return text;
  }

  it('sends /app1 to one, /app2 to the other, and all else to both by turns', async () => {
    const pillion = await start();
    for (let i = 0; i < 3; i++) {
      assert.equal(await get(pillion, '/app1'), '/app1 of app1');
      assert.equal(await get(pillion, '/APP2'), '/APP2 of app2');
    }
    const welcomes: string[] = [];
    for (let i = 0; i < 4; i++) welcomes.push(await get(pillion, '/'));
    assert.deepEqual(welcomes, ['/ of app1', '/ of app2', '/ of app1', '/ of app2']);
  });

  it('takes turns on one connection of a browser, too', async () => {
    const pillion = await start();
    const browser = new Agent({ keepAlive: true, maxSockets: 1 });
    defer(() => browser.destroy());
    const welcomes: string[] = [];
    for (let i = 0; i < 4; i++) welcomes.push(await get(pillion, '/', '127.0.0.1', browser));
    assert.deepEqual(welcomes, ['/ of app1', '/ of app2', '/ of app1', '/ of app2']);
    assert.equal(pillion.proxy.counted.frontends[0]?.counters.connectionsTotal, 1);
  });

  it('leastconn leaves out who is busy', async () => {
    const pillion = await start('leastconn');
    const slow = get(pillion, '/slow');
    await until(() => held.length === 1);
    const answers = new Set([await get(pillion, '/'), await get(pillion, '/'), await get(pillion, '/')]);
    assert.deepEqual([...answers], ['/ of app2']);
    held[0]?.end('at last');
    assert.equal(await slow, 'at last');
  });

  it('source gives each client one server, whenever it comes', async () => {
    const pillion = await start('source');
    const servers = new Set<string>();
    for (let client = 1; client <= 8; client++) {
      const first = await get(pillion, '/', `127.0.0.${client}`);
      assert.equal(await get(pillion, '/', `127.0.0.${client}`), first);
      servers.add(first);
    }
    assert.deepEqual([...servers].toSorted(), ['/ of app1', '/ of app2']);
  });

  it('shows all of it on the page of statistics', async () => {
    const pillion = await start();
    await get(pillion, '/app1');
    const response = await fetch(`http://127.0.0.1:${pillion.ports[1]}/stats`);
    assert.deepEqual([response.status, response.headers.get('refresh')], [200, '10']);
    const page = await response.text();
    for (const row of ['allServers/app1', 'allServers/app2', 'app1Backend/app1', 'app2Backend/app2']) assert.ok(page.includes(`<a id="${row}"`), row);
    const csv = await (await fetch(`http://127.0.0.1:${pillion.ports[1]}/stats;csv`)).text();
    assert.match(csv, /^app1Backend,app1,(?:[^,]*,){5}1,/m);
    assert.match(csv, /^app2Backend,app2,(?:[^,]*,){5}0,/m);
  });
});
