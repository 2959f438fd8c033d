/** A tutorial that explains servers one by one: their addresses, limits, connections and checks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer as createHttpServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer, type AddressInfo, type ListenOptions, type Socket } from 'node:net';
import { join } from 'node:path';
import { loadConfiguration } from '../../../src/config/load.ts';
import { freePorts } from '../../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { scratchFolder } from '../../support/pillion-process.ts';
import { startPillion, type Pillion } from '../../support/pillion.ts';
import { tutorial } from '../../support/tutorial.ts';
import { until } from '../../support/until.ts';

const TIMEOUTS = 'timeout connect 2s\n timeout client 10s\n timeout server 10s';

describe('tutorial: servers and their checks', () => {
  const defer = cleanUpAfterEach();

  interface WebServer {
    readonly port: number;
    connections: number;
    /** Requests, checks among them. */
    readonly requests: IncomingMessage[];
    /** The status of what it answers to checks. */
    health: number;
  }

  async function webServer(name: string, where: ListenOptions = { host: '127.0.0.1', port: 0 }): Promise<WebServer> {
    const state = { port: 0, connections: 0, requests: [] as IncomingMessage[], health: 200 };
    const server: Server = createHttpServer((asked, response) => {
      state.requests.push(asked);
      if (asked.headers['x-haproxy-server-state'] !== undefined) response.statusCode = state.health;
      response.end(name);
    });
    server.on('connection', () => state.connections++);
    server.on('upgrade', (_asked, socket: Socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    server.listen(where);
    await once(server, 'listening');
    defer(() => server.close().closeAllConnections());
    const address = server.address() as AddressInfo | string;
    state.port = typeof address === 'string' ? 0 : address.port;
    return state;
  }

  async function start(text: string): Promise<Pillion> {
    const pillion = await startPillion(text);
    defer(() => pillion.stop());
    return pillion;
  }

  interface Answer {
    readonly status: number;
    readonly text: string;
    /** The value of the field connection. */
    readonly connection: string;
    readonly socket: Socket;
  }

  async function get(port: number, agent: Agent | false = false): Promise<Answer> {
    const asked = request({ host: '127.0.0.1', port, agent }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const { socket } = response;
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, text, connection: response.headers.connection ?? '', socket };
  }

  /** A client's one connection, opened again when it was closed. */
  function browser(): Agent {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    defer(() => agent.destroy());
    return agent;
  }

  it('reaches servers by every form of an address', async () => {
    const [port = 0] = await freePorts(1);
    const folder = scratchFolder();
    defer(() => folder.remove());
    const socket = join(folder.path, 'server.sock');
    // The same port on another address, and the ports beside it.
    for (const offset of [0, -1, 1]) await webServer(`port ${offset}`, { host: '127.0.0.2', port: port + offset });
    await webServer('unix', { path: socket });
    const v4 = await webServer('IPv4');
    const v6 = await webServer('IPv6', { host: '::1', port: 0 });
    const pillion = await start(`
defaults
 mode http
 ${TIMEOUTS}
listen forms
 bind 127.0.0.1:${port}
 server kept 127.0.0.2
 server below 127.0.0.2:-1
 server above 127.0.0.2:+1
 server unix ${socket}
 server unix-prefix unix@${socket}
 server v4 127.0.0.1:${v4.port}
 server v4-prefix ipv4@127.0.0.1:${v4.port}
 server v6 ::1:${v6.port}
 server v6-prefix ipv6@[::1]:${v6.port}
 server host localhost:${v4.port}
`);
    const answers: string[] = [];
    for (let i = 0; i < 10; i++) answers.push((await get(pillion.port)).text);
    assert.deepEqual(answers, ['port 0', 'port -1', 'port 1', 'unix', 'unix', 'IPv4', 'IPv4', 'IPv6', 'IPv6', 'IPv4']);
  });

  /** A server that says hello first, and counts. */
  async function greeter(): Promise<{ readonly port: number; current: number; most: number }> {
    const state = { port: 0, current: 0, most: 0 };
    const server = createServer((socket) => {
      state.most = Math.max(state.most, ++state.current);
      socket.on('error', () => {});
      socket.on('close', () => state.current--);
      socket.write('hello');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    state.port = (server.address() as AddressInfo).port;
    return state;
  }

  interface Guest {
    readonly greeted: Promise<unknown>;
    readonly socket: Socket;
  }

  function visit(port: number | undefined): Guest {
    const socket = connect(port ?? 0, '127.0.0.1');
    socket.on('error', () => {});
    defer(() => socket.destroy());
    return { socket, greeted: once(socket, 'data') };
  }

  it('limits connections at four levels: in all, by default, of a frontend and of a server', async () => {
    const server = await greeter();
    const { ports } = await start(`
global
 maxconn 4
defaults
 maxconn 3
 ${TIMEOUTS}
backend be
 server s 127.0.0.1:${server.port}
frontend fe1
 bind 127.0.0.1:1
 maxconn 2
 default_backend be
frontend fe2
 bind 127.0.0.1:1
 default_backend be
listen narrow
 bind 127.0.0.1:1
 server s 127.0.0.1:${server.port} maxconn 1
`);
    /** All come at once; nobody leaves before `limit` were let in, and then each makes room for another. */
    const crowd = async (limit: number, ...to: readonly (number | undefined)[]): Promise<void> => {
      server.most = 0;
      let inside = 0;
      const full = Promise.withResolvers<void>();
      await Promise.all(to.map(visit).map(async ({ greeted, socket }) => {
        await greeted;
        if (++inside === limit) full.resolve();
        await full.promise;
        socket.destroy();
      }));
      assert.equal(server.most, limit);
      await until(() => server.current === 0);
    };
    const [fe1, fe2, narrow] = ports;
    await crowd(2, fe1, fe1, fe1, fe1);
    await crowd(3, fe2, fe2, fe2, fe2, fe2);
    await crowd(1, narrow, narrow, narrow);
    await crowd(4, fe1, fe1, fe1, fe2, fe2, fe2);
  });

  it('mistyped words of its limits are errors that show the right ones', () => {
    const { errors } = loadConfiguration([{ path: 'limits.cfg', text: tutorial('limits.cfg') }], {});
    assert.deepEqual(errors.map(({ message, hint }) => [message, hint]), [
      ["unknown section 'default'", "did you mean 'defaults'?"],
      ["unknown keyword 'use-backend' in section 'frontend'", "did you mean 'use_backend'?"],
      ["unknown keyword 'use-backend' in section 'frontend'", "did you mean 'use_backend'?"],
    ]);
  });

  it('gives servers more connections the fuller the backend is, from minconn to maxconn at fullconn', async () => {
    const servers = [await greeter(), await greeter()];
    const pillion = await start(tutorial('limits.cfg', {
      'default\n': 'defaults\n', 'use-backend': 'use_backend', 'bind :8080': 'bind 127.0.0.1:1', 'bind :8081': 'bind 127.0.0.1:1',
      '192.168.0.5:8080': `127.0.0.1:${servers[0]?.port}`, '192.168.0.6:8080': `127.0.0.1:${servers[1]?.port}`,
    }));
    const guests: Guest[] = [];
    // server-1: load × 100 / 1024, but 10 at least; server-2, with 1000 at least, takes the others.
    for (const [load, first] of [[20, 10], [150, 14], [200, 19]] as const) {
      while (guests.length < load) {
        const guest = visit(pillion.ports[guests.length % 2]);
        await guest.greeted;
        guests.push(guest);
      }
      assert.deepEqual(servers.map(({ current }) => current), [first, load - first]);
    }
  });

  for (const [option, client, server] of [
    ['http-keep-alive', 'kept', 'kept'],
    ['http-server-close', 'kept', 'closed'],
    ['forceclose', 'closed', 'closed'],
    ['httpclose', 'closed', 'closed'],
    ['http-tunnel', 'kept', 'kept'],
  ] as const) {
    it(`option ${option}: the client's connection is ${client}, the server's ${server}`, async () => {
      const web = await webServer('web');
      const pillion = await start(`
defaults
 mode http
 option ${option}
 ${TIMEOUTS}
listen l
 bind 127.0.0.1:1
 server s 127.0.0.1:${web.port}
`);
      const agent = browser();
      const [first, second] = [await get(pillion.port, agent), await get(pillion.port, agent)];
      assert.deepEqual([first.status, second.status], [200, 200]);
      assert.equal(first.socket === second.socket ? 'kept' : 'closed', client);
      assert.equal(first.connection === 'close' ? 'closed' : 'kept', client);
      assert.equal(web.connections === 1 ? 'kept' : 'closed', server);
      assert.deepEqual([...new Set(web.requests.map(({ headers }) => headers.connection === 'close'))], [server === 'closed']);
    });
  }

  it('makes a tunnel by Upgrade without option http-tunnel, and says so', async () => {
    const web = await webServer('web');
    const text = `
defaults
 mode http
 option http-tunnel
 ${TIMEOUTS}
listen l
 bind 127.0.0.1:1
 server s 127.0.0.1:${web.port}
`;
    const { warnings } = loadConfiguration([{ path: 'tunnel.cfg', text }], {});
    assert.deepEqual(warnings.map(({ message }) => message), ["'option http-tunnel' is gone from HAProxy since 2.1"]);
    const pillion = await start(text);
    const asked = request({ host: '127.0.0.1', port: pillion.port, headers: { connection: 'Upgrade', upgrade: 'echo' } }).end();
    const [response, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, Socket];
    defer(() => socket.destroy());
    assert.equal(response.statusCode, 101);
    socket.write('anything');
    assert.equal(String((await once(socket, 'data'))[0]), 'anything');
  });

  // Connections to the server after each request: of two clients one after another, and of clients with one request each.
  for (const [policy, inTurns, alone] of [['never', [1, 1, 2, 2], 2], ['safe', [1, 1, 2, 2], 2], ['aggressive', [1, 1, 1, 1], 2], ['always', [1, 1, 1, 1], 1]] as const) {
    it(`http-reuse ${policy}`, async () => {
      const [web, other] = [await webServer('web'), await webServer('other')];
      const listen = (port: number): string => `listen l${port}\n bind 127.0.0.1:1\n http-reuse ${policy}\n server s 127.0.0.1:${port}\n`;
      const { ports } = await start(`defaults\n mode http\n ${TIMEOUTS}\n${listen(web.port)}${listen(other.port)}`);
      const [a, b] = [browser(), browser()];
      const counts: number[] = [];
      for (const agent of [a, a, b, b]) {
        await get(ports[0] ?? 0, agent);
        counts.push(web.connections);
      }
      assert.deepEqual(counts, inTurns);
      for (const agent of [browser(), browser()]) await get(ports[1] ?? 0, agent);
      assert.equal(other.connections, alone);
    });
  }

  it('option httpchk: expects a status, tells the state, takes 404 for a farewell', async () => {
    const [one, two] = [await webServer('one'), await webServer('two')];
    const pillion = await start(`
defaults
 mode http
 ${TIMEOUTS}
listen be
 bind 127.0.0.1:1
 option httpchk GET /
 http-check expect rstatus ^[23]
 http-check send-state
 http-check disable-on-404
 default-server check inter 30ms rise 1 fall 2
 server one 127.0.0.1:${one.port}
 server two 127.0.0.1:${two.port} slowstart 10s
`);
    const status = (): string => pillion.server('one').status;
    const state = (): string => String(one.requests.findLast(({ headers }) => 'x-haproxy-server-state' in headers)?.headers['x-haproxy-server-state']);
    const served = async (): Promise<string[]> => {
      const answers = new Set<string>();
      for (let i = 0; i < 4; i++) answers.add((await get(pillion.port)).text);
      return [...answers].toSorted();
    };
    await until(() => state().startsWith('UP'));
    assert.match(state(), /^UP.*; name=be\/one; /);
    assert.deepEqual(await served(), ['one', 'two']);
    one.health = 404;
    await until(() => status() === 'NOLB');
    assert.deepEqual(await served(), ['two']);
    one.health = 301;
    await until(() => status() === 'UP');
    assert.deepEqual(await served(), ['one', 'two']);
    one.health = 500;
    await until(() => status() === 'DOWN');
    await until(() => state().startsWith('DOWN'));
    assert.deepEqual(await served(), ['two']);
  });

  it('checks that are not there yet are errors that say so', () => {
    const { errors } = loadConfiguration([{ path: 'checks.cfg', text: tutorial('checks.cfg') }], {});
    assert.deepEqual([...new Set(errors.filter(({ message }) => message.includes('not supported')).map(({ message }) => message))], [
      "'option tcp-check' is not supported by Pillion yet",
      "'tcp-check' is not supported by Pillion yet",
      "'option external-check' is not supported by Pillion yet",
      "'external-check' is not supported by Pillion yet",
      "'option redis-check' is not supported by Pillion yet",
      "'option mysql-check' is not supported by Pillion yet",
      "'option smtpchk' is not supported by Pillion yet",
      "server keyword 'agent-check' is not supported by Pillion yet",
      "server keyword 'agent-inter' is not supported by Pillion yet",
      "server keyword 'agent-port' is not supported by Pillion yet",
    ]);
  });
});
