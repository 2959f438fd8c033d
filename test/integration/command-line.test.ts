/** The command as supervisors, and other people's tests of HAProxy, start it. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { freePorts } from '../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { PillionProcess, runPillion, scratchFolder, type ProcessOptions, type ScratchFolder } from '../support/pillion-process.ts';
import { installed } from '../support/programs.ts';
import { until } from '../support/until.ts';

describe('the command line, as others use it', function () {
  this.slow(2000);
  const defer = cleanUpAfterEach();

  function folder(): ScratchFolder {
    const one = scratchFolder();
    defer(() => one.remove());
    return one;
  }

  function start(argv: readonly string[], options?: ProcessOptions): PillionProcess {
    const child = new PillionProcess(argv, options);
    defer(() => child.kill());
    return child;
  }

  async function greeter(text = 'hello'): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(text);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** A socket that listens here, and its descriptor for a child. */
  async function inherited(): Promise<{ server: Server; port: number; fd: number }> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    return { server, port: (server.address() as AddressInfo).port, fd };
  }

  async function greeting(port: number): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => void (text += chunk.toString()));
    await once(socket, 'close');
    return text;
  }

  const configuration = (bind: string, port: number, global: readonly string[] = []): string => [
    'global', ...global, 'defaults', '  mode tcp', '  timeout connect 2s', '  timeout client 1m', '  timeout server 1m',
    'listen l', `  bind ${bind}`, `  server s 127.0.0.1:${port}`, '',
  ].join('\n');

  for (const form of ['fd@${fe1}', 'stream+fd@${fe1}']) {
    it(`takes a listening socket as ${form}, with the flags of a test tool`, async () => {
      const { server, port, fd } = await inherited();
      const place = folder();
      const file = place.file('a.cfg', configuration(`"${form}" "\${NONE[*]}" "$NONE"`, await greeter(), ['  stats socket "fd@${cli}" level admin', 'global', '  nbthread 1']));
      const pidfile = join(place.path, 'pid');
      const pillion = start(['-d', '-dM', '-dI', '-dW', '-W', '-S', 'fd@9', '-L', 'h1', '-p', pidfile, '-f', file], { fd3: fd, env: { fe1: '3', cli: '9' } });
      await pillion.port();
      server.close();
      assert.equal(await greeting(port), 'hello');
      assert.equal(Number(readFileSync(pidfile, 'utf8')), pillion.child.pid);
      pillion.signal('SIGINT');
      const { code, signal } = await pillion.exited;
      assert.deepEqual([code, signal], [null, 'SIGINT']);
      assert.ok(!existsSync(pidfile));
    });
  }

  it('hands an inherited socket on to the background', async () => {
    const { server, port, fd } = await inherited();
    const place = folder();
    const pidfile = join(place.path, 'pid');
    const file = place.file('a.cfg', configuration('fd@3', await greeter()));
    const exit = await runPillion(['-D', '-p', pidfile, '-f', file], { fd3: fd });
    assert.deepEqual([exit.code, exit.stderr], [0, '']);
    const pid = Number(readFileSync(pidfile, 'utf8'));
    defer(() => {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
    });
    server.close();
    assert.equal(await greeting(port), 'hello');
    process.kill(pid, 'SIGINT');
    await until(() => !existsSync(pidfile));
  });

  it('ends on SIGINT at once, though a connection is open', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    defer(() => silent.close());
    const pillion = start(['-V', '-f', folder().file('a.cfg', configuration(`127.0.0.1:${(await freePorts(1))[0]}`, (silent.address() as AddressInfo).port))]);
    const socket = connect(await pillion.port(), '127.0.0.1');
    socket.on('error', () => {});
    await Promise.all([once(socket, 'connect'), once(silent, 'connection')]);
    pillion.signal('SIGINT');
    assert.equal((await pillion.exited).signal, 'SIGINT');
  });

  it('replaces a process that holds the address: -sf', async () => {
    const [port = 0] = await freePorts(1);
    const place = folder();
    const old = start(['-V', '-f', place.file('old.cfg', configuration(`127.0.0.1:${port}`, await greeter('old')))]);
    await old.port();
    const young = start(['-V', '-f', place.file('new.cfg', configuration(`127.0.0.1:${port}`, await greeter('new'))), '-sf', String(old.child.pid)]);
    await young.port();
    assert.equal(await greeting(port), 'new');
    assert.equal((await old.exited).code, 0);
  });

  it('tells systemd', async function () {
    if (!installed('systemd-notify', 'apt-get install systemd') || !installed('python3', 'apt-get install python3')) return this.skip();
    const place = folder();
    const path = join(place.path, 'notify');
    // Node.js cannot receive datagrams on a Unix socket either. What comes with a message (a barrier's descriptor) is closed with it.
    const receiver: ChildProcess = spawn('python3', ['-c', `
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(${JSON.stringify(path)})
print('bound', flush=True)
while True:
    text, fds, _, _ = socket.recv_fds(s, 4096, 8)
    for fd in fds: os.close(fd)
    print(text.decode().replace(chr(10), ' '), flush=True)
`], { stdio: ['ignore', 'pipe', 'inherit'] });
    defer(() => receiver.kill('SIGKILL'));
    assert.ok(receiver.stdout);
    const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
    const said = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`never heard ${pattern}`);
        if (pattern.test(value)) return value;
      }
    };
    await said(/bound/);
    const [port = 0] = await freePorts(1);
    const env = { NOTIFY_SOCKET: path };
    const pillion = start(['-Ws', '-f', place.file('a.cfg', configuration(`127.0.0.1:${port}`, await greeter(), ['  grace 300ms']))], { env });
    assert.match(await said(/READY=1/), new RegExp(`READY=1|MAINPID=${pillion.child.pid}`));
    assert.equal(await greeting(port), 'hello');
    pillion.signal('SIGTERM');
    await said(/STOPPING=1/);
    assert.equal((await pillion.exited).code, 0);
  });

  it('becomes another user once it listens', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    const [port = 0] = await freePorts(1);
    const place = folder();
    const file = place.file('a.cfg', configuration(`127.0.0.1:${port}`, await greeter(), ['  user nobody', '  gid 65534']));
    const pillion = start(['-V', '-f', file]);
    await pillion.port();
    const status = readFileSync(`/proc/${pillion.child.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    assert.match(status, /^Gid:\t65534\t65534\t65534\t65534$/m);
    assert.equal(await greeting(port), 'hello');
    const missing = await runPillion(['-f', place.file('b.cfg', configuration(`127.0.0.1:${(await freePorts(1))[0]}`, 1, ['  user nosuchuser']))]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /nosuchuser/);
  });

  it('gives Unix sockets their permissions and prefix', async () => {
    const place = folder();
    const bind = ['/one.sock', '/two.sock mode 600'].join('\n  bind ');
    const pillion = start(['-V', '-f', place.file('a.cfg', configuration(bind, await greeter(), [`  unix-bind prefix ${place.path} mode 660`]))]);
    await pillion.says(/(listening on [^\n]*\n){2}/);
    assert.equal(statSync(join(place.path, 'one.sock')).mode & 0o777, 0o660);
    assert.equal(statSync(join(place.path, 'two.sock')).mode & 0o777, 0o600);
  });

  it('answers -cc, -dK, -c and migrate by exit code and stdout', async () => {
    const place = folder();
    const run = async (...argv: string[]): Promise<number | null> => (await runPillion(argv)).code;
    assert.deepEqual(await Promise.all([run('-cc', 'streq(a,a) && !0'), run('-cc', 'streq(a,b)')]), [0, 1]);
    const wrong = await runPillion(['-cc', 'strq(a,b)']);
    assert.deepEqual([wrong.code, wrong.stderr], [2, "pillion: -cc: unknown predicate 'strq'; did you mean 'streq'?\n"]);
    const known = await runPillion(['-dKall']);
    assert.match(known.stdout, /^global\n(\t.*\n)*\tmaxconn <connections>\n[^]*^listen\n[^]*^\tserver <name>/m);
    const old = place.file('old.cfg', 'defaults\n  contimeout 1s # old\n  clitimeout 1s\n  srvtimeout 1s\nlisten l\n  bind :1\n  server s a:1\n');
    const migrated = await runPillion(['migrate', old]);
    assert.deepEqual([migrated.code, migrated.stderr], [0, '']);
    assert.equal(migrated.stdout, 'defaults\n  timeout connect 1s # old\n  timeout client 1s\n  timeout server 1s\nlisten l\n  bind :1\n  server s a:1\n');
    assert.deepEqual(await Promise.all([run('-c', '-f', old), run('-c', '-dW', '-f', old), run('-c', '-f', place.file('none.cfg', 'global\n'))]), [0, 1, 2]);
  });
});
