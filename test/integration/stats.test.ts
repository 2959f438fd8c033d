/** The page of statistics, as browsers and programs see it, over HTTP/1 and HTTP/2. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, HeldCalls, startReplica, type Replica } from '../support/grpc-replica.ts';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { until } from '../support/until.ts';

const LOGIN = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` };
/** What Chromium sends with a form of the page itself. */
const OWN_FORM = { ...LOGIN, 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };

describe('the page of statistics', () => {
  const defer = cleanUpAfterEach();

  interface Setup {
    readonly pillion: Pillion;
    readonly url: string;
    readonly client: EchoClient;
    readonly replicas: readonly Replica[];
    readonly held: readonly HeldCalls[];
  }

  async function setUp(page: readonly string[] = [], backend: readonly string[] = []): Promise<Setup> {
    const held = [new HeldCalls(), new HeldCalls()];
    const replicas = await Promise.all(held.map(({ handlers }) => startReplica(handlers)));
    for (const replica of replicas) defer(() => replica.kill());
    const pillion = await startPillion([
      'defaults', '  mode auto', '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
      'frontend clients', '  bind 127.0.0.1:1', '  default_backend app',
      'backend app', '  balance roundrobin', ...replicas.map(({ port }, index) => `  server s${index} 127.0.0.1:${port} weight ${index + 1}`), ...backend.map((line) => `  ${line}`),
      'listen page', '  bind 127.0.0.1:1', '  mode http', '  stats enable', '  stats uri /stats', String.raw`  stats realm Haproxy\ Statistics`,
      '  stats auth admin:admin', '  stats refresh 30s', ...page.map((line) => `  ${line}`), '',
    ].join('\n'));
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return { pillion, url: `http://127.0.0.1:${pillion.ports[1]}`, client, replicas, held };
  }

  /** Rows by `proxy/name`, columns by name. */
  async function csv(url: string, options = ''): Promise<Map<string, Map<string, string>>> {
    const text = await (await fetch(`${url}/stats;csv${options}`, { headers: LOGIN })).text();
    const [header = '', ...lines] = text.trimEnd().split('\n');
    const columns = header.slice(2).split(',');
    return new Map(lines.map((line) => {
      const values = line.split(',');
      return [`${values[0]}/${values[1]}`, new Map(columns.map((column, index) => [column, values[index] ?? '']))];
    }));
  }

  async function submit(url: string, form: readonly (readonly [string, string])[], headers: Record<string, string> = OWN_FORM): Promise<string> {
    const response = await fetch(`${url}/stats`, { method: 'POST', headers, body: new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString(), redirect: 'manual' });
    assert.equal(response.status, 303);
    return response.headers.get('location') ?? '';
  }

  it('asks for name and password, in the name of its realm', async () => {
    const { url } = await setUp();
    const refused = await fetch(`${url}/stats`);
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('www-authenticate'), 'Basic realm="Haproxy Statistics"');
    await refused.text();
    const page = await fetch(`${url}/stats`, { headers: LOGIN });
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('refresh'), '30');
    assert.match(await page.text(), /<a id="app\/s0" href="#app\/s0">s0<\/a>/);
    const still = await fetch(`${url}/stats;norefresh`, { headers: LOGIN });
    assert.equal(still.headers.get('refresh'), null);
    await still.text();
  });

  it('answers HEAD without a body, other methods with 405, and other paths with 503: it has no servers', async () => {
    const { url } = await setUp();
    const head = await fetch(`${url}/stats`, { method: 'HEAD', headers: LOGIN });
    assert.equal(head.status, 200);
    assert.ok(Number(head.headers.get('content-length')) > 1000);
    assert.equal((await fetch(`${url}/stats`, { method: 'PUT', headers: LOGIN })).status, 405);
    assert.equal((await fetch(`${url}/other`, { headers: LOGIN })).status, 503);
  });

  it('is served to HTTP/2 clients, forms as well', async () => {
    const { url, pillion } = await setUp(['stats admin if TRUE']);
    const session = connect(url);
    defer(() => session.destroy());
    const ask = async (headers: Record<string, string>, body?: string): Promise<{ status: number; location: string; text: string }> => {
      const stream = session.request(headers);
      stream.setEncoding('utf8');
      let text = '';
      let answer: Record<string, unknown> = {};
      stream.on('response', (fields) => void (answer = fields));
      stream.on('data', (chunk: string) => void (text += chunk));
      stream.end(body);
      await once(stream, 'close');
      return { status: Number(answer[':status']), location: String(answer['location']), text };
    };
    assert.equal((await ask({ ':path': '/stats' })).status, 401);
    const page = await ask({ ':path': '/stats', ...LOGIN });
    assert.equal(page.status, 200);
    assert.match(page.text, /<\/html>\n$/);
    const posted = await ask({ ':path': '/stats', ':method': 'POST', ...OWN_FORM }, 's=s0&action=drain&b=app');
    assert.deepEqual([posted.status, posted.location], [303, '/stats;st=DONE']);
    assert.equal(pillion.server('s0').status, 'DRAIN');
  });

  it('waits no longer than timeout client for a form', async () => {
    const { url } = await setUp(['stats admin if TRUE', 'timeout client 200ms']);
    const session = connect(url);
    defer(() => session.destroy());
    const stream = session.request({ ':path': '/stats', ':method': 'POST', ...OWN_FORM }, { endStream: false });
    stream.write('s=s0');
    const [{ ':status': status }] = await once(stream, 'response') as [{ ':status': number }];
    assert.equal(status, 408);
    stream.destroy();
  });

  it('counts what happens', async () => {
    const { url, client, pillion } = await setUp();
    for (let i = 0; i < 6; i++) await client.unary('12345');
    const call = client.bidi();
    call.on('error', () => {});
    call.on('data', () => {});
    await once(call, 'metadata');
    const rows = await csv(url);
    assert.deepEqual([...rows.keys()], ['clients/FRONTEND', 'app/s0', 'app/s1', 'app/BACKEND', 'page/FRONTEND', 'page/BACKEND']);
    const values = (row: string, ...columns: string[]): (string | undefined)[] => columns.map((column) => rows.get(row)?.get(column));
    assert.deepEqual(values('clients/FRONTEND', 'status', 'scur', 'stot', 'req_tot', 'hrsp_2xx', 'type', 'iid', 'mode'), ['OPEN', '1', '1', '7', '6', '0', '1', 'auto']);
    assert.deepEqual(values('app/BACKEND', 'status', 'scur', 'stot', 'hrsp_2xx', 'type', 'weight', 'act', 'bck', 'algo', 'iid'), ['UP', '1', '7', '6', '1', '3', '2', '0', 'roundrobin', '2']);
    assert.deepEqual(values('app/s1', 'status', 'weight', 'type', 'sid', 'act', 'addr'), ['no check', '2', '2', '2', '1', pillion.server('s1').address]);
    assert.equal(['s0', 's1'].reduce((sum, name) => sum + Number(rows.get(`app/${name}`)?.get('stot')), 0), 7);
    assert.equal(['s0', 's1'].reduce((sum, name) => sum + Number(rows.get(`app/${name}`)?.get('hrsp_2xx')), 0), 6);
    assert.equal(rows.get('app/BACKEND')?.get('bin'), String(6 * 10));
    call.cancel();
    await until(() => pillion.backend().counters.streamsCurrent === 0);
    assert.equal((await csv(url)).get('app/BACKEND')?.get('cli_abrt'), '1');
  });

  it('obeys those who may, by the fields of HAProxy', async () => {
    const { url, pillion, client, replicas } = await setUp(['stats admin if TRUE']);
    const location = async (...form: (readonly [string, string])[]): Promise<string> => await submit(url, form);
    assert.equal(await location(['s', 's0'], ['action', 'maint'], ['b', '#2']), '/stats;st=DONE');
    assert.equal(pillion.server('s0').status, 'MAINT');
    for (let i = 0; i < 3; i++) await client.unary('x');
    assert.deepEqual(replicas.map(({ calls }) => calls), [0, 3]);
    assert.equal(await location(['s', 's0'], ['action', 'maint'], ['b', 'app']), '/stats;st=NONE');
    assert.equal(await location(['s', 's0'], ['s', 's1'], ['s', 'gone'], ['action', 'ready'], ['b', 'app']), '/stats;st=PART');
    assert.equal(pillion.server('s0').status, 'no check');
    assert.equal(await location(['s', 'gone'], ['action', 'ready'], ['b', 'app']), '/stats;st=ERRP');
    assert.equal(await location(['s', 's0'], ['action', 'explode'], ['b', 'app']), '/stats;st=ERRP');
    assert.equal(await location(['s', 's0'], ['action', 'ready'], ['b', '#9']), '/stats;st=ERRP');
    assert.equal(await location(['action', 'ready'], ['b', 'app']), '/stats;st=NONE');
    assert.equal(await location(['s', 's1'], ['action', 'hdown'], ['b', 'app']), '/stats;st=DONE');
    assert.equal(pillion.server('s1').status, 'DOWN');
    assert.equal(await location(['s', 's1'], ['action', 'hrunn'], ['b', 'app']), '/stats;st=DONE');
    assert.equal(pillion.server('s1').status, 'UP');
    const page = await fetch(`${url}/stats;st=PART`, { headers: LOGIN });
    assert.equal(page.headers.get('refresh'), '30; url=/stats');
    assert.match(await page.text(), /Action partially processed/);
  });

  it('ends what runs on a server when it is told to', async () => {
    const { url, client, held } = await setUp(['stats admin if TRUE']);
    const call = client.bidi();
    const failed = once(call, 'error').catch((error: unknown) => [error]);
    call.on('data', () => {});
    await once(call, 'metadata');
    const name = held[0]?.calls.length === 1 ? 's0' : 's1';
    assert.equal(await submit(url, [['s', name], ['action', 'shutdown'], ['b', 'app']]), '/stats;st=DONE');
    assert.equal(((await failed)[0] as { code: number }).code, 14);
  });

  it('denies those who may not, and forms from elsewhere', async () => {
    const { url, pillion } = await setUp();
    const form = [['s', 's0'], ['action', 'maint'], ['b', 'app']] as const;
    assert.equal(await submit(url, form), '/stats;st=DENY');
    const admin = await setUp(['stats admin if LOCALHOST', 'stats admin unless TRUE']);
    assert.equal(await submit(admin.url, form, { ...OWN_FORM, 'sec-fetch-site': 'cross-site' }), '/stats;st=DENY');
    assert.equal(await submit(admin.url, form, { ...LOGIN, origin: 'http://evil.example' }), '/stats;st=DENY');
    assert.equal(await submit(admin.url, [...form, ['s', 'x'.repeat(20_000)]]), '/stats;st=EXCD');
    assert.deepEqual([pillion.server('s0').status, admin.pillion.server('s0').status], ['no check', 'no check']);
    assert.equal(await submit(admin.url, form, { ...LOGIN, origin: admin.url }), '/stats;st=DONE');
    const stranger = await setUp(['stats admin if { src 10.9.8.7 }']);
    assert.equal(await submit(stranger.url, form), '/stats;st=DENY');
  });

  it('shows what is in its scope, and hides what is not wanted', async () => {
    const { url, pillion } = await setUp(['stats scope app', 'stats scope .', 'stats admin if TRUE']);
    assert.deepEqual([...(await csv(url)).keys()], ['app/s0', 'app/s1', 'app/BACKEND', 'page/FRONTEND', 'page/BACKEND']);
    assert.deepEqual([...(await csv(url, ';scope=ag')).keys()], ['page/FRONTEND', 'page/BACKEND']);
    await submit(url, [['s', 's0'], ['action', 'maint'], ['b', 'app']]);
    await submit(url, [['s', 's1'], ['action', 'hdown'], ['b', 'app']]);
    assert.equal(pillion.server('s1').status, 'DOWN');
    const rows = await csv(url, ';up;no-maint;scope=app');
    assert.deepEqual([...rows.keys()], ['app/BACKEND']);
    assert.equal(rows.get('app/BACKEND')?.get('status'), 'DOWN');
  });

  it('shows slots that wait for an address, and checks', async () => {
    const { url, pillion } = await setUp([], ['server-template web- 3 localhost:1 check inter 50ms fall 1 init-addr libc']);
    await until(() => pillion.server('web-1').status === 'DOWN');
    const rows = await csv(url);
    const status = (name: string): string | undefined => rows.get(`app/${name}`)?.get('status');
    assert.equal(status('web-3'), 'MAINT (resolution)');
    assert.deepEqual([...rows.keys()].filter((name) => name.startsWith('app/')), ['app/s0', 'app/s1', 'app/web-1', 'app/web-2', 'app/web-3', 'app/BACKEND']);
    const first = rows.get('app/web-1');
    assert.deepEqual([first?.get('status'), first?.get('check_status'), first?.get('check_desc'), first?.get('chkdown'), first?.get('sid')], ['DOWN', 'L4CON', 'Layer4 connection problem', '1', '3']);
  });

  it('stops checks in maintenance, and goes on with them after', async () => {
    const { url, pillion } = await setUp(['stats admin if TRUE'], ['server gone 127.0.0.1:1 check inter 20ms fall 1']);
    await until(() => pillion.server('gone').status === 'DOWN');
    await submit(url, [['s', 'gone'], ['action', 'maint'], ['b', 'app']]);
    const { checksFailed } = pillion.server('gone').counters;
    for (let i = 0; i < 5; i++) await csv(url);
    assert.ok(pillion.server('gone').counters.checksFailed <= checksFailed + 1);
    await submit(url, [['s', 'gone'], ['action', 'ready'], ['b', 'app']]);
    const before = pillion.server('gone').counters.checksFailed;
    await until(() => pillion.server('gone').counters.checksFailed > before);
    assert.equal(pillion.server('gone').status, 'DOWN');
  });

  it('is in a backend that rules lead to', async () => {
    const pillion = await startPillion([
      'defaults', '  mode http', '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
      'frontend practice', '  bind 127.0.0.1:1', '  use_backend stat if { path -i /my-stats }', '  default_backend web',
      'backend web', '  server web-1 127.0.0.1:1',
      'backend stat', '  stats enable', '  stats uri /my-stats', '  stats refresh 15s', '  stats show-legends', '  stats show-node', '',
    ].join('\n'));
    defer(() => pillion.stop());
    const page = await fetch(`http://${pillion.target}/my-stats`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<h2><a id="practice" href="#practice">practice<\/a> <small>mode: http, id: 1<\/small><\/h2>/);
  });
});
