/** The command as a process: signals, drain, exit codes, flags, environment. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { status, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { freePorts, portProblem } from '../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { data, END_STREAM, field, GOAWAY, GRPC_REQUEST, HEADERS, headers, message } from '../support/frames.ts';
import { EchoClient, HeldCalls, openCalls, startReplica } from '../support/grpc-replica.ts';
import { PillionProcess, runPillion, scratchFolder, type ProcessOptions, type ScratchFolder } from '../support/pillion-process.ts';
import { connectRaw } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

/** How the call ends. */
async function statusOf(call: ClientDuplexStream<Buffer, Buffer> | undefined): Promise<number> {
  return await new Promise((resolve) => call?.once('status', ({ code }: StatusObject) => resolve(code)));
}

describe('the command', function () {
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

  async function replica(handlers = {}): Promise<number> {
    const one = await startReplica(handlers);
    defer(() => one.kill());
    return one.port;
  }

  const configuration = (port: number, servers: readonly string[], global: readonly string[] = [], frontend: readonly string[] = []): string => [
    'global', ...global.map((line) => `  ${line}`),
    'defaults', '  mode auto', '  timeout connect 2s', '  timeout client 1m', '  timeout server 1m',
    'frontend clients', `  bind 127.0.0.1:${port}`, ...frontend.map((line) => `  ${line}`), '  default_backend app',
    'backend app', ...servers.map((line, index) => `  server s${index} ${line}`), '',
  ].join('\n');

  it('drains on SIGTERM: GOAWAY in two steps on every connection, new ones during the grace, running streams to their end', async () => {
    const held = new HeldCalls();
    const [port = 0] = await freePorts(1);
    const file = folder().file('drain.cfg', configuration(port, [`127.0.0.1:${await replica(held.handlers)}`], ['grace 400ms', 'hard-stop-after 20s', 'log stdout format raw local0 info'], ['log global', 'option httplog']));
    const pillion = start(['-f', file]);
    await pillion.line(({ msg }) => String(msg).startsWith('listening'));
    const client = new EchoClient(`127.0.0.1:${port}`);
    defer(() => client.close());
    const [running] = await openCalls(client, 1);
    const quiet = await connectRaw(port);
    defer(() => quiet.destroy());
    const busy = await connectRaw(port);
    defer(() => busy.destroy());
    const request = GRPC_REQUEST.map(([name, value]) => [name, name === ':path' ? '/test.Echo/Unary' : value] as const);
    busy.send(headers(1, request));
    await busy.settled();
    pillion.signal('SIGTERM');
    assert.deepEqual(await quiet.goAway(), { last: 0x7fffffff, code: 0, debug: 'shutting down' });
    assert.deepEqual(await busy.goAway(), { last: 0x7fffffff, code: 0, debug: 'shutting down' });
    // A stream that crossed the first GOAWAY is still served, until the PING behind it is answered.
    busy.send(headers(3, request), data(3, message('crossed'), END_STREAM));
    const ping = await busy.sees(({ type, flags, payload }) => type === 6 && flags === 0 && payload.length === 8);
    const late = await connectRaw(port);
    defer(() => late.destroy());
    assert.equal((await late.goAway()).last, 0x7fffffff, 'a connection during the grace is told at once');
    busy.send(Buffer.concat([Buffer.from('000008060100000000', 'hex'), ping.payload]));
    assert.equal((await busy.goAway()).last, 3);
    assert.equal(field(await busy.take(HEADERS, 3), ':status'), '200');
    await quiet.sees(({ type, payload }) => type === GOAWAY && payload.readUInt32BE() === 0);
    await quiet.end();
    busy.send(data(1, message('last'), END_STREAM));
    assert.equal(field(await busy.take(HEADERS, 1), ':status'), '200');
    await busy.end();
    await until(() => held.calls.length === 1);
    const answer = once(running as NonNullable<typeof running>, 'data');
    held.calls[0]?.write(Buffer.from('still here'));
    assert.deepEqual(await answer, [Buffer.from('still here')]);
    while ((await portProblem(port)) !== null) await new Promise(setImmediate);
    assert.equal(pillion.over, false, 'it waits for the last stream');
    const ended = statusOf(running);
    running?.end();
    assert.equal(await ended, status.OK);
    const exit = await pillion.exited;
    assert.deepEqual([exit.code, exit.signal, exit.stderr], [0, null, '']);
    const lines = pillion.lines().filter((line) => line['grpc_status'] !== undefined || line['path'] !== undefined);
    assert.ok(lines.length >= 3, exit.stdout);
  });

  it('cuts what still runs after hard-stop-after and exits with 1', async () => {
    const [port = 0] = await freePorts(1);
    const file = folder().file('hard.cfg', configuration(port, [`127.0.0.1:${await replica(new HeldCalls().handlers)}`], ['hard-stop-after 300ms']));
    const pillion = start(['-V', '-f', file]);
    await pillion.port();
    const client = new EchoClient(`127.0.0.1:${port}`);
    defer(() => client.close());
    const [running] = await openCalls(client, 1);
    const ended = statusOf(running);
    pillion.signal('SIGUSR1');
    assert.equal((await pillion.exited).code, 1);
    assert.equal(await ended, status.UNAVAILABLE);
  });

  it('stops at once on the second signal', async () => {
    const [port = 0] = await freePorts(1);
    const file = folder().file('twice.cfg', configuration(port, [`127.0.0.1:${await replica(new HeldCalls().handlers)}`]));
    const pillion = start(['-V', '-f', file]);
    await pillion.port();
    const client = new EchoClient(`127.0.0.1:${port}`);
    defer(() => client.close());
    await openCalls(client, 1);
    const peer = await connectRaw(port);
    defer(() => peer.destroy());
    pillion.signal('SIGTERM');
    await peer.goAway();
    pillion.signal('SIGINT');
    assert.equal((await pillion.exited).code, 130);
  });

  it('ends a raw connection only when it ends, and a silent one at the hard stop', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    const [port = 0] = await freePorts(1);
    const file = folder().file('raw.cfg', configuration(port, [`127.0.0.1:${(server.address() as AddressInfo).port}`]).replace('mode auto', 'mode tcp'));
    const pillion = start(['-V', '-f', file]);
    await pillion.port();
    const socket = connect(port, '127.0.0.1');
    defer(() => socket.destroy());
    socket.write('one');
    await once(socket, 'data');
    pillion.signal('SIGTERM');
    while ((await portProblem(port)) !== null) await new Promise(setImmediate);
    socket.write('two');
    assert.equal(String((await once(socket, 'data'))[0]), 'two');
    socket.end();
    assert.equal((await pillion.exited).code, 0);
  });

  it('checks files with the exit codes of HAProxy', async () => {
    const scratch = folder();
    const good = scratch.file('good.cfg', configuration(20_000, ['127.0.0.1:1']));
    const bad = scratch.file('bad.cfg', 'defaults\n  mode gprc\n  retires 3\nfrontend f\n  bind :x\n');
    const empty = scratch.file('empty.cfg', 'global\n  maxconn 10\n');
    const [fine, wrong, nothing, missing] = await Promise.all([
      runPillion(['-c', '-f', good]), runPillion(['-c', '-f', bad]), runPillion(['-c', '-f', empty]), runPillion(['-c', '-f', join(scratch.path, 'none.cfg')]),
    ]);
    assert.deepEqual([fine.code, fine.stdout, fine.stderr], [0, '', '']);
    assert.equal(wrong.code, 1);
    for (const part of ["bad.cfg:2:8", 'mode gprc', "'grpc'", 'bad.cfg:3:3', "'retries'", 'bad.cfg:5:8']) assert.ok(wrong.stderr.includes(part), `${part} in ${wrong.stderr}`);
    assert.equal(nothing.code, 2);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /none\.cfg/);
  });

  it('writes its process id and takes the file away at the end', async () => {
    const scratch = folder();
    const [port = 0] = await freePorts(1);
    const pidfile = join(scratch.path, 'pillion.pid');
    const pillion = start(['-V', '-f', scratch.file('p.cfg', configuration(port, ['127.0.0.1:1'])), '-p', pidfile]);
    await pillion.port();
    assert.equal(readFileSync(pidfile, 'utf8'), `${pillion.child.pid}\n`);
    pillion.signal('SIGTERM');
    assert.equal((await pillion.exited).code, 0);
    assert.equal(existsSync(pidfile), false);
  });

  it('goes to the background by -D, listening when the command returns', async () => {
    const scratch = folder();
    const [port = 0] = await freePorts(1);
    const pidfile = join(scratch.path, 'd.pid');
    const exit = await runPillion(['-D', '-f', scratch.file('d.cfg', configuration(port, [`127.0.0.1:${await replica()}`])), '-p', pidfile]);
    assert.deepEqual([exit.code, exit.stderr], [0, '']);
    const pid = Number(readFileSync(pidfile, 'utf8'));
    const client = new EchoClient(`127.0.0.1:${port}`);
    try {
      assert.equal((await client.unary('daemon')).response.toString(), 'daemon');
    } finally {
      client.close();
      process.kill(pid, 'SIGTERM');
    }
    await until(() => !existsSync(pidfile));
  });

  it('says which port is busy, in the background too', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    const { port } = server.address() as AddressInfo;
    const file = folder().file('busy.cfg', configuration(port, ['127.0.0.1:1']));
    for (const exit of await Promise.all([runPillion(['-f', file]), runPillion(['-D', '-f', file])])) {
      assert.equal(exit.code, 1);
      assert.equal(exit.stderr, `pillion: cannot bind 127.0.0.1:${port}: the address is in use by another process; stop it or choose another port\n`);
    }
  });

  it('runs from flags alone, and from the environment', async () => {
    const backend = await replica();
    const ports = await freePorts(2);
    const flags = start(['-V', '--listen', `127.0.0.1:${ports[0]}`, '--to', `127.0.0.1:${backend}`]);
    const environment = start(['-V'], { env: { PILLION_LISTEN: `127.0.0.1:${ports[1]}`, PILLION_TO: `127.0.0.1:${backend}`, PILLION_BALANCE: 'roundrobin' } });
    for (const [index, pillion] of [flags, environment].entries()) {
      assert.equal(await pillion.port(), ports[index]);
      const client = new EchoClient(`127.0.0.1:${ports[index]}`);
      defer(() => client.close());
      assert.equal((await client.unary('hello')).response.toString(), 'hello');
      await pillion.line((line) => JSON.stringify(line).includes('/test.Echo/Unary'));
      pillion.signal('SIGKILL');
    }
  });

  it('finds servers by DNS', async () => {
    const backend = await replica();
    const [port = 0] = await freePorts(1);
    const pillion = start(['-V', '--listen', `127.0.0.1:${port}`, '--to', `dns:localhost:${backend}`]);
    await pillion.port();
    const client = new EchoClient(`127.0.0.1:${port}`);
    defer(() => client.close());
    assert.equal((await client.unary('hello')).response.toString(), 'hello');
  });

  it('listens on a socket that it inherits', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
    const file = folder().file('fd.cfg', configuration(1, [`127.0.0.1:${await replica()}`]).replace('bind 127.0.0.1:1', 'bind fd@3'));
    const pillion = start(['-V', '-f', file], { fd3: fd });
    assert.equal(await pillion.port(), port);
    server.close();
    const client = new EchoClient(`127.0.0.1:${port}`);
    defer(() => client.close());
    assert.equal((await client.unary('inherited')).response.toString(), 'inherited');
  });

  it('does not mind SIGHUP', async () => {
    const [port = 0] = await freePorts(1);
    const pillion = start(['-V', '-f', folder().file('h.cfg', configuration(port, [`127.0.0.1:${await replica()}`]))]);
    await pillion.port();
    pillion.signal('SIGHUP');
    const client = new EchoClient(`127.0.0.1:${port}`);
    defer(() => client.close());
    assert.equal((await client.unary('hello')).response.toString(), 'hello');
    assert.equal(pillion.over, false);
  });
});
