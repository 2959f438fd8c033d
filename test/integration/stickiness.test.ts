/** The same client, or the same key, at the same server: by hashing, by cookies, by stick tables. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import { Server } from '../../src/pool/server.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, HeldCalls, startReplica, type Replica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { until } from '../support/until.ts';

function metadata(entries: Record<string, string>): Metadata {
  const result = new Metadata();
  for (const [name, value] of Object.entries(entries)) result.set(name, value);
  return result;
}

/** The server of that name, for its states. */
function serverOf(pillion: Pillion, name: string): Server {
  const found = pillion.server(name);
  assert.ok(found instanceof Server);
  return found;
}

describe('gRPC streams by a key', () => {
  const defer = cleanUpAfterEach();

  async function setUp(lines: readonly string[], servers: readonly string[]): Promise<{ pillion: Pillion; client: EchoClient; replicas: readonly Replica[]; held: readonly HeldCalls[] }> {
    const held = servers.map(() => new HeldCalls());
    const replicas = await Promise.all(held.map(({ handlers }) => startReplica(handlers)));
    for (const replica of replicas) defer(() => replica.kill());
    const pillion = await startPillion(grpcConfiguration([...lines, ...servers.map((keywords, index) => `server s${index} 127.0.0.1:${replicas[index]?.port} ${keywords}`)]));
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return { pillion, client, replicas, held };
  }

  /** Which replica took the call. */
  async function answerer(client: EchoClient, replicas: readonly Replica[], entries: Record<string, string>): Promise<number> {
    const before = replicas.map(({ calls }) => calls);
    await client.unary('x', {}, metadata(entries));
    return replicas.findIndex(({ calls }, index) => calls !== before[index]);
  }

  it('stay with their server by header, stream by stream of one connection', async () => {
    const { client, replicas } = await setUp(['balance hdr(x-user)', 'hash-type consistent'], ['', '', '']);
    const users = Array.from({ length: 12 }, (_, i) => `user-${i}`);
    const first: number[] = [];
    for (const user of users) first.push(await answerer(client, replicas, { 'x-user': user }));
    for (const [index, user] of users.entries()) assert.equal(await answerer(client, replicas, { 'x-user': user }), first[index]);
    assert.equal(new Set(first).size, 3);
  });

  it('go to one server by uri, and by turns without their key', async () => {
    const { client, replicas } = await setUp(['balance uri'], ['', '']);
    for (let i = 0; i < 6; i++) await client.unary('x');
    assert.deepEqual(replicas.map(({ calls }) => calls).toSorted((a, b) => a - b), [0, 6]);
    const other = await setUp(['balance hdr(x-none)'], ['', '']);
    for (let i = 0; i < 6; i++) await other.client.unary('x');
    assert.deepEqual(other.replicas.map(({ calls }) => calls), [3, 3]);
  });

  it('wait for their server when it is full, while others are served', async () => {
    const { client, pillion, held, replicas } = await setUp(['balance hdr(x-user)'], ['maxconn 1', 'maxconn 1']);
    const users: string[] = ['', ''];
    for (let i = 0; users.includes(''); i++) users[await answerer(client, replicas, { 'x-user': `user-${i}` })] = `user-${i}`;
    const open = (user: string): ClientDuplexStream<Buffer, Buffer> => {
      const call = client.bidi({}, metadata({ 'x-user': user }));
      call.on('error', () => {});
      call.on('data', () => {});
      return call;
    };
    const [one = '', two = ''] = users;
    const first = open(one);
    await once(first, 'metadata');
    const second = open(one);
    await until(() => pillion.backend().counters.queued === 1);
    await once(open(two), 'metadata');
    assert.deepEqual(held.map(({ calls }) => calls.length), [1, 1]);
    first.end();
    await once(second, 'metadata');
    assert.deepEqual(held.map(({ calls }) => calls.length), [2, 1]);
    assert.equal(pillion.backend().counters.queued, 0);
  });

  it('move on when the server that they wait for goes into maintenance', async () => {
    const { client, pillion, held } = await setUp(['balance hdr(x-user)'], ['maxconn 1', 'maxconn 1']);
    const options = metadata({ 'x-user': 'a' });
    const first = client.bidi({}, options);
    first.on('error', () => {});
    first.on('data', () => {});
    await once(first, 'metadata');
    const owner = held.findIndex(({ calls }) => calls.length === 1);
    const second = client.bidi({}, options);
    second.on('error', () => {});
    second.on('data', () => {});
    await until(() => pillion.backend().counters.queued === 1);
    serverOf(pillion, `s${owner}`).setAdminState('maint', 'test');
    await once(second, 'metadata');
    assert.equal(held[1 - owner]?.calls.length, 1);
  });

  it('go to all backup servers with option allbackups', async () => {
    const { client, replicas } = await setUp(['option allbackups'], ['disabled', 'backup', 'backup']);
    for (let i = 0; i < 4; i++) await client.unary('x');
    assert.deepEqual(replicas.map(({ calls }) => calls), [0, 2, 2]);
  });

  it('are not given to a drained server, whose running streams go on', async () => {
    const { client, pillion, held, replicas } = await setUp(['balance roundrobin'], ['', '']);
    const call = client.bidi();
    call.on('error', () => {});
    call.on('data', () => {});
    await once(call, 'metadata');
    const owner = held.findIndex(({ calls }) => calls.length === 1);
    const server = serverOf(pillion, `s${owner}`);
    server.setAdminState('drain', 'test');
    assert.equal(server.status, 'DRAIN');
    const before = replicas.map(({ calls }) => calls);
    for (let i = 0; i < 4; i++) await client.unary('x');
    assert.equal(replicas[owner]?.calls, before[owner]);
    const ended = once(call, 'status');
    call.end();
    assert.equal(((await ended)[0] as { code: number }).code, 0);
    server.setAdminState('ready', 'test');
    for (let i = 0; i < 4; i++) await client.unary('x');
    assert.equal(replicas[owner]?.calls, (before[owner] ?? 0) + 2);
  });
});

describe('HTTP clients with their server', () => {
  const defer = cleanUpAfterEach();

  interface App {
    readonly name: string;
    readonly port: number;
    readonly seen: IncomingHttpHeaders[];
  }

  async function startApp(name: string, setCookie: string | null): Promise<App> {
    const seen: IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers);
      if (setCookie !== null) response.setHeader('set-cookie', setCookie);
      response.end(name);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => {
      server.close();
      server.closeAllConnections();
    });
    return { name, port: (server.address() as AddressInfo).port, seen };
  }

  async function setUp(lines: readonly string[], setCookie: string | null = null): Promise<{ pillion: Pillion; apps: readonly App[]; url: string }> {
    const apps = [await startApp('a', setCookie), await startApp('b', setCookie)];
    const servers = apps.map(({ name, port }) => `server ${name} 127.0.0.1:${port} cookie c-${name}`);
    const pillion = await startPillion(grpcConfiguration([...lines, ...servers], 'http'));
    defer(() => pillion.stop());
    return { pillion, apps, url: `http://${pillion.target}/` };
  }

  async function ask(url: string, headers: Record<string, string> = {}): Promise<{ text: string; cookie: string | null }> {
    const response = await fetch(url, { headers: { ...headers, connection: 'close' } });
    return { text: await response.text(), cookie: response.headers.get('set-cookie') };
  }

  it('stay by an inserted cookie, which servers do not see', async () => {
    const { url, apps } = await setUp(['cookie SRV insert indirect nocache']);
    const first = await ask(url);
    assert.equal(first.cookie, `SRV=c-${first.text}; path=/`);
    const cookie = `x=1; SRV=c-${first.text}`;
    for (let i = 0; i < 4; i++) assert.deepEqual(await ask(url, { cookie }), { text: first.text, cookie: null });
    assert.deepEqual(apps.flatMap(({ seen }) => seen.map((headers) => headers.cookie)).filter((value) => value !== undefined), Array.from({ length: 4 }, () => 'x=1'));
  });

  it('stay with a drained server, and leave one in maintenance', async () => {
    const { url, pillion } = await setUp(['cookie SRV insert indirect']);
    const cookie = 'SRV=c-a';
    serverOf(pillion, 'a').setAdminState('drain', 'test');
    assert.deepEqual(await ask(url, { cookie }), { text: 'a', cookie: null });
    assert.equal((await ask(url)).text, 'b');
    serverOf(pillion, 'a').setAdminState('maint', 'test');
    assert.deepEqual(await ask(url, { cookie }), { text: 'b', cookie: 'SRV=c-b; path=/' });
  });

  it("stay by a cookie that the server sets, with the server's name before its value", async () => {
    const { url, apps } = await setUp(['cookie SID prefix'], 'SID=session1; path=/; HttpOnly');
    const first = await ask(url);
    assert.equal(first.cookie, `SID=c-${first.text}~session1; path=/; HttpOnly`);
    for (let i = 0; i < 3; i++) assert.equal((await ask(url, { cookie: `SID=c-${first.text}~session1` })).text, first.text);
    assert.equal(apps.find(({ name }) => name === first.text)?.seen.at(-1)?.cookie, 'SID=session1');
  });

  it('stay by a stick table over their address, and over a cookie that the server sets', async () => {
    const { url } = await setUp(['stick-table type ip size 1k expire 10s', 'stick on src']);
    const { text } = await ask(url);
    for (let i = 0; i < 4; i++) assert.equal((await ask(url)).text, text);
    const other = await setUp(['stick-table type string len 32 size 1k', 'stick store-response cook(SESSION)', 'stick match cook(SESSION)'], 'SESSION=abc; path=/');
    const first = await ask(other.url);
    for (let i = 0; i < 4; i++) assert.equal((await ask(other.url, { cookie: 'SESSION=abc' })).text, first.text);
    assert.equal(new Set([(await ask(other.url)).text, (await ask(other.url)).text]).size, 2);
  });

  it('stay by a table of another section, under a condition', async () => {
    const apps = [await startApp('a', null), await startApp('b', null)];
    const pillion = await startPillion(`${grpcConfiguration([
      'stick on hdr(x-user) table users unless { req.hdr(x-guest) -m found }', ...apps.map(({ name, port }) => `server ${name} 127.0.0.1:${port}`),
    ], 'http')}\nbackend users\n  stick-table type string size 1k\n`);
    defer(() => pillion.stop());
    const url = `http://${pillion.target}/`;
    const { text } = await ask(url, { 'x-user': 'u1' });
    for (let i = 0; i < 3; i++) assert.equal((await ask(url, { 'x-user': 'u1' })).text, text);
    assert.equal(new Set([(await ask(url, { 'x-user': 'u1', 'x-guest': '1' })).text, (await ask(url, { 'x-user': 'u1', 'x-guest': '1' })).text]).size, 2);
  });

  it('tell servers their name', async () => {
    const { url, apps } = await setUp(['http-send-name-header X-Server']);
    await ask(url, { 'x-server': 'forged' });
    await ask(url);
    assert.deepEqual(apps.flatMap(({ seen }) => seen.map((headers) => headers['x-server'])), ['a', 'b']);
  });
});
