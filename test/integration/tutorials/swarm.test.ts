/** A tutorial: the replicas of a Docker service, found by its name, behind one port; they are Python's HTTP/1.0 servers. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { freePorts } from '../../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { A, startNameserver, type Zone } from '../../support/nameserver.ts';
import { startPillion, type Pillion } from '../../support/pillion.ts';
import { installed, startServer } from '../../support/programs.ts';
import { tutorial } from '../../support/tutorial.ts';
import { until } from '../../support/until.ts';

/** The tutorial's program, once for each of `hosts` in one process; a server's name is its address here. */
const PROGRAM = `
import sys, threading
from http import server

class RequestHandler(server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200, 'ok')
        self.end_headers()
        response = f'hostname: {self.server.server_address[0]}'
        self.wfile.write(response.encode('utf-8'))
        return

servers = [server.HTTPServer((host, int(sys.argv[1])), RequestHandler) for host in sys.argv[2:]]
for one in servers[1:]:
    threading.Thread(target=one.serve_forever, daemon=True).start()
servers[0].serve_forever()
`;
/** The first is where the test sees that they listen. */
const HOSTS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const ADDRESSES = HOSTS.map((host) => host.split('.').map(Number));

describe('tutorial: the replicas of a Docker service', () => {
  const defer = cleanUpAfterEach();
  let port = 0;

  beforeEach(async function () {
    if (!installed('python3', 'apt-get install python3')) return this.skip();
    [port = 0] = await freePorts(1);
    const { stop } = await startServer('python3', ['-c', PROGRAM, String(port), ...HOSTS], port);
    defer(stop);
  });

  /** Names are asked for more often than printed. @param name for `web`, which not only the test's nameserver might know */
  async function start(zone: Zone, name: string): Promise<Pillion> {
    const nameserver = await startNameserver(zone);
    defer(() => nameserver.close());
    const pillion = await startPillion(tutorial('swarm.cfg', {
      'bind *:8000': 'bind 127.0.0.1:1', '127.0.0.11:53': `127.0.0.1:${nameserver.port}`, ' web:8000': ` ${name}:${port}`,
      'timeout resolve 1s': 'timeout resolve 50ms', 'hold valid      10s': 'hold valid      50ms',
    }));
    defer(() => pillion.stop());
    return pillion;
  }

  const get = async (pillion: Pillion, path = '/'): Promise<string> => await (await fetch(`http://${pillion.target}${path}`)).text();
  const up = (pillion: Pillion): number => pillion.backend('web_service').servers.filter(({ status }) => status === 'UP').length;

  /** Status by slot, as the page of statistics shows it. Its CSV cannot be had: `path -i /my-stats` does not hold for `/my-stats;csv`. */
  async function slots(pillion: Pillion): Promise<Record<string, string>> {
    const rows = (await get(pillion, '/my-stats')).matchAll(/<a id="web_service\/(web-\d)"[^]*?<\/tr>/g);
    return Object.fromEntries([...rows].map(([row, slot = '']) => [slot, /\b(?:UP\b|MAINT \(resolution\))/.exec(row)?.[0] ?? row]));
  }

  it('takes turns among three', async () => {
    const pillion = await start({ 'web.test': { [A]: ADDRESSES } }, 'web.test');
    await until(() => up(pillion) === 3);
    const answers: string[] = [];
    for (let i = 0; i < 6; i++) answers.push(await get(pillion));
    assert.deepEqual(answers.slice(0, 3).toSorted(), HOSTS.map((host) => `hostname: ${host}`));
    assert.deepEqual(answers.slice(3), answers.slice(0, 3));
    assert.deepEqual(await slots(pillion), { 'web-1': 'UP', 'web-2': 'UP', 'web-3': 'UP' });
  });

  it('fills slots at the start by libc, and leaves the others in MAINT', async () => {
    const pillion = await start({}, 'localhost');
    assert.deepEqual(await slots(pillion), { 'web-1': 'UP', 'web-2': 'MAINT (resolution)', 'web-3': 'MAINT (resolution)' });
    for (let i = 0; i < 3; i++) assert.equal(await get(pillion), 'hostname: 127.0.0.1');
  });

  it('starts without any replica, and takes them as they come', async () => {
    const zone: Record<string, { readonly [A]: number[][] }> = {};
    const pillion = await start(zone, 'web.test');
    assert.deepEqual(await slots(pillion), { 'web-1': 'MAINT (resolution)', 'web-2': 'MAINT (resolution)', 'web-3': 'MAINT (resolution)' });
    assert.equal((await fetch(`http://${pillion.target}/`)).status, 503);
    zone['web.test'] = { [A]: ADDRESSES.slice(0, 2) };
    await until(() => up(pillion) === 2);
    assert.equal((await slots(pillion))['web-3'], 'MAINT (resolution)');
    assert.deepEqual([await get(pillion), await get(pillion)].toSorted(), ['hostname: 127.0.0.1', 'hostname: 127.0.0.2']);
  });

  it('shows the page of its stat backend, whatever the case of its path', async () => {
    const pillion = await start({}, 'localhost');
    const response = await fetch(`http://${pillion.target}/my-stats`);
    assert.deepEqual([response.status, response.headers.get('refresh')], [200, '15']);
    const page = await response.text();
    assert.match(page, /<a id="web_service\/web-1"/);
    assert.ok(page.includes(`Statistics Report for pid ${process.pid} on ${hostname()}`), 'show-node');
    assert.ok(page.includes(`title="127.0.0.1:${port}, id: 1"`), 'show-legends');
    assert.equal((await fetch(`http://${pillion.target}/MY-STATS`)).status, 503);
  });
});
