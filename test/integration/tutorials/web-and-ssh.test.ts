/** A tutorial of HAProxy 1.4: web servers that come and go by a check of their pages, and SSH through mode tcp, in the background. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration } from '../../../src/config/load.ts';
import { freePorts } from '../../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { LogReceiver } from '../../support/log-receiver.ts';
import { runPillion, scratchFolder, type Exit } from '../../support/pillion-process.ts';
import { startPillion } from '../../support/pillion.ts';
import { installed, run, startServer } from '../../support/programs.ts';
import { tutorial } from '../../support/tutorial.ts';
import { until } from '../../support/until.ts';

const FIX = { 'stats uri/admin?stats': 'stats uri /admin?stats' };
const SERVER_1 = '10.0.0.9:80';
const SERVER_2 = '10.0.0.8:80';
/** The printed user may not exist here; whoever runs the tests does. */
const USER = { '    haproxy': `    ${userInfo().username}` };
/** It starts itself again for each connection, and wants to know how it was called. */
const SSHD = '/usr/sbin/sshd';
/** Checks less patient than those of the tutorial, by a line of their own; every printed line stays. */
const IMPATIENT = 'defaults\n     default-server inter 50ms rise 1 fall 2 fastinter 50ms downinter 50ms';

describe('tutorial: web servers and SSH', () => {
  const defer = cleanUpAfterEach();

  interface WebServer {
    readonly port: number;
    /** What came, without the checks: method, and what the server was told of the client. */
    readonly asked: string[];
    readonly checks: string[];
    /** Whether /check.html is there. */
    checked: boolean;
    /** The connections of what it was asked, without the checks. */
    readonly sockets: Set<Socket>;
  }

  async function webServer(name: string): Promise<WebServer> {
    const state = { port: 0, asked: [] as string[], checks: [] as string[], checked: true, sockets: new Set<Socket>() };
    const server: Server = createServer((request, response) => {
      const check = request.url === '/check.html';
      if (check) state.checks.push(`${request.method} HTTP/${request.httpVersion}`);
      else {
        state.sockets.add(request.socket);
        state.asked.push(`${request.method} ${request.url} for ${String(request.headers['x-forwarded-for'])}`);
      }
      response.statusCode = check && !state.checked ? 404 : 200;
      response.end(name);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close().closeAllConnections());
    state.port = (server.address() as AddressInfo).port;
    return state;
  }

  async function receiver(): Promise<{ log: LogReceiver; address: string }> {
    const log = new LogReceiver();
    const [, address = ''] = (await log.listen()).split(' ');
    defer(() => log.close());
    return { log, address };
  }

  /** Ends what runs in the background, whose pid file this is. */
  function endsInBackground(pidfile: string): void {
    defer(async () => {
      if (!existsSync(pidfile)) return;
      const pid = Number(readFileSync(pidfile, 'utf8'));
      process.kill(pid, 'SIGINT');
      await until(() => !alive(pid));
    });
  }

  function alive(pid: number): boolean {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }

  it('stats uri/admin?stats is an error that shows the fix', () => {
    const { errors, configuration } = loadConfiguration([{ path: 'web.cfg', text: tutorial('web.cfg', { 'x.x.x.x': '127.0.0.1' }) }], {});
    assert.deepEqual(errors.map(({ message, hint }) => [message, hint]), [
      ["unknown word behind 'stats': 'uri/admin?stats' in section 'listen'", 'a blank is missing: stats uri /admin?stats'],
    ]);
    assert.equal(configuration, null);
  });

  it('old words are warned of once each, with what to use today', () => {
    const { errors, warnings } = loadConfiguration([{ path: 'web.cfg', text: tutorial('web.cfg', { 'x.x.x.x': '127.0.0.1', ...FIX }) }], {});
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings.map(({ message, hint }) => `${message}; ${hint}`), [
      "'chroot' has no effect; a container, or systemd's RootDirectory=, does what Node.js cannot",
      "'nbproc' is gone from HAProxy since 2.5; remove the line: Pillion is one process; for more cores, 'nbthread' or more pods",
      "'contimeout' is gone from HAProxy since 2.1; today: timeout connect 5000",
      "'clitimeout' is gone from HAProxy since 2.1; today: timeout client 50000",
      "'srvtimeout' is gone from HAProxy since 2.1; today: timeout server 50000",
    ]);
  });

  it('web servers leave and return by their check.html, and each request is a connection', async () => {
    const [one, two] = [await webServer('one'), await webServer('two')];
    const { log, address } = await receiver();
    const pillion = await startPillion(tutorial('web.cfg', {
      ...FIX, 'x.x.x.x:80': '127.0.0.1:1', '127.0.0.1:514': address, [SERVER_1]: `127.0.0.1:${one.port}`, [SERVER_2]: `127.0.0.1:${two.port}`,
      defaults: IMPATIENT,
    }));
    defer(() => pillion.stop());
    const url = `http://${pillion.target}`;
    const get = async (): Promise<string> => {
      const response = await fetch(`${url}/page`);
      assert.deepEqual([response.status, response.headers.get('connection')], [200, 'close']);
      return await response.text();
    };
    const four = async (): Promise<string[]> => [await get(), await get(), await get(), await get()];
    assert.deepEqual((await four()).toSorted(), ['one', 'one', 'two', 'two']);
    assert.equal(one.asked[0], 'GET /page for 127.0.0.1');
    one.checked = false;
    await until(() => pillion.server('www01').status === 'DOWN');
    assert.deepEqual(await four(), ['two', 'two', 'two', 'two']);
    one.checked = true;
    await until(() => pillion.server('www01').status === 'UP');
    assert.deepEqual((await four()).toSorted(), ['one', 'one', 'two', 'two']);
    assert.equal(one.sockets.size, one.asked.length);
    assert.deepEqual([...new Set([...one.checks, ...two.checks])], ['HEAD HTTP/1.0']);

    const line = await log.take(({ server }) => server === 'www01');
    assert.deepEqual([line['level'], line['to']], ['warn', 'DOWN']);
    // 'warning': neither streams nor returns.
    assert.deepEqual(log.lines.filter(({ level }) => level !== 'warn' && level !== 'error'), []);

    assert.equal((await fetch(`${url}/admin?stats`)).status, 401);
    const page = await fetch(`${url}/admin?stats`, { headers: { authorization: `Basic ${btoa('proxy:oldboy')}` } });
    assert.match(await page.text(), /<a id="www\/www01" href="#www\/www01">/);
  });

  interface Background {
    readonly exit: Exit;
    readonly port: number;
    readonly pidfile: string;
  }

  /** The printed file for SSH, in the background as it says. */
  async function startInBackground(web01: number, web02: number, log: string): Promise<Background> {
    const [port = 0] = await freePorts(1);
    const folder = scratchFolder();
    defer(() => folder.remove());
    const pidfile = join(folder.path, 'haproxy.pid');
    endsInBackground(pidfile);
    const config = folder.file('haproxy.conf', tutorial('ssh.cfg', {
      '*:80': `127.0.0.1:${port}`, '127.0.0.1:514': log, '/application/haproxy/var/run/haproxy.pid': pidfile, ...USER, defaults: IMPATIENT,
      '10.0.0.8:22  check port 22': `127.0.0.1:${web01}  check port ${web01}`, '10.0.0.18:80  check port 80': `127.0.0.1:${web02}  check port ${web02}`,
    }));
    return { exit: await runPillion(['-f', config, '-D']), port, pidfile };
  }

  /** What a server that speaks first says on a new connection. */
  async function banner(port: number): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    try {
      const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer | boolean];
      return String(chunk);
    } finally {
      socket.destroy();
    }
  }

  it('goes to the background with a pid file; a dead server leaves and returns', async () => {
    const { log, address } = await receiver();
    const speaks = createTcpServer((socket) => socket.on('error', () => {}).write('SSH-2.0-test\r\n')).listen(0, '127.0.0.1');
    await once(speaks, 'listening');
    defer(() => speaks.close());
    const [dead = 0] = await freePorts(1);
    const { exit, port, pidfile } = await startInBackground((speaks.address() as AddressInfo).port, dead, address);
    assert.deepEqual([exit.code, exit.stdout], [0, ''], exit.stderr);
    assert.match(exit.stderr, /warning: 'chroot' has no effect/);
    const pid = Number(readFileSync(pidfile, 'utf8'));
    assert.ok(alive(pid));
    const down = await log.take(({ to }) => to === 'DOWN');
    assert.deepEqual([down['server'], down['backend']], ['web02', 'oldboytest']);
    for (let i = 0; i < 3; i++) assert.equal(await banner(port), 'SSH-2.0-test\r\n');
    const returned = createTcpServer((socket) => socket.on('error', () => {}).write('SSH-2.0-other\r\n')).listen(dead, '127.0.0.1');
    await once(returned, 'listening');
    defer(() => returned.close());
    for (;;) if ((await banner(port)) === 'SSH-2.0-other\r\n') break;
    process.kill(pid, 'SIGTERM');
    await until(() => !alive(pid));
  });

  it("carries a real sshd's sessions", async function () {
    if (!installed(SSHD, 'apt-get install openssh-server', ['-?']) || !installed('ssh', 'apt-get install openssh-client', ['-V'])) return this.skip();
    // Debian's service makes it; sshd wants it of root.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const { address } = await receiver();
    const folder = scratchFolder();
    defer(() => folder.remove());
    const file = (name: string): string => join(folder.path, name);
    for (const key of ['host', 'client']) assert.equal((await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(key)])).code, 0);
    const [port = 0, dead = 0] = await freePorts(2);
    folder.file('sshd_config', [
      `ListenAddress 127.0.0.1:${port}`, `HostKey ${file('host')}`, `AuthorizedKeysFile ${file('client.pub')}`, 'StrictModes no', 'UsePAM no', `PidFile ${file('pid')}`, '',
    ].join('\n'));
    const { stop } = await startServer(SSHD, ['-D', '-e', '-f', file('sshd_config')], port);
    defer(stop);
    const balancer = await startInBackground(port, dead, address);
    assert.equal(balancer.exit.code, 0, balancer.exit.stderr);
    const session = await run('ssh', [
      '-p', String(balancer.port), '-i', file('client'), '-F', '/dev/null', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
      `${userInfo().username}@127.0.0.1`, 'cat && echo done',
    ], 'line by line\n'.repeat(1000));
    assert.deepEqual([session.code, session.stdout], [0, `${'line by line\n'.repeat(1000)}done\n`], session.stderr);
  });
});
