/** TLS with clients and servers: real peers on both sides of Pillion. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { status, type ServiceError } from '@grpc/grpc-js';
import type { ServerRecord } from '../../src/model/records.ts';
import { Health } from '../../sidecar/demo/health.ts';
import { freePorts } from '../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { EchoClient, startReplica, type Replica, type ReplicaOptions } from '../support/grpc-replica.ts';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { PillionProcess, scratchFolder } from '../support/pillion-process.ts';
import { installed, run } from '../support/programs.ts';
import { CERTIFICATES, certificateFor, channelCredentials, handshake, pem, serverCredentials } from '../support/tls.ts';
import { until } from '../support/until.ts';

interface Setting {
  readonly bind?: string;
  readonly server?: string;
  readonly mode?: string;
  readonly frontend?: readonly string[];
  readonly backend?: readonly string[];
  readonly global?: readonly string[];
}

function configuration(port: number, { bind = '', server = '', mode = 'grpc', frontend = [], backend = [], global = [] }: Setting): string {
  return [
    'global', `  crt-base ${CERTIFICATES}`, `  ca-base ${CERTIFICATES}`, ...global,
    'defaults', `  mode ${mode}`, '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s', '  timeout http-request 10s',
    'frontend clients', `  bind 127.0.0.1:1 ${bind}`, ...frontend, '  default_backend app',
    'backend app', ...backend, `  server a 127.0.0.1:${port} ${server}`, '',
  ].join('\n');
}

/** For a process of its own, with its log on stdout. */
async function onFreePort(port: number, bind: string): Promise<string> {
  const [free = 0] = await freePorts(1);
  return configuration(port, { bind, global: ['  log stdout format raw local0'] }).replace('127.0.0.1:1 ', `127.0.0.1:${free} `);
}

describe('TLS', function () {
  this.slow(2000);
  const defer = cleanUpAfterEach();

  async function pillion(port: number, setting: Setting): Promise<Pillion> {
    const one = await startPillion(configuration(port, setting));
    defer(() => one.stop());
    return one;
  }

  async function replica(options: ReplicaOptions = {}): Promise<Replica> {
    const one = await startReplica({}, options);
    defer(() => one.kill());
    return one;
  }

  function client(port: number, own?: string, name = 'localhost'): EchoClient {
    const one = new EchoClient(`127.0.0.1:${port}`, { 'grpc.ssl_target_name_override': name }, channelCredentials(own));
    defer(() => one.close());
    return one;
  }

  /** A server of raw TLS or TCP that sends back what it gets. */
  async function echo(secure: boolean): Promise<number> {
    const server = secure
      ? createTlsServer({ key: pem('server'), cert: pem('server'), allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket))
      : createTcpServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  async function failure(promise: Promise<unknown>): Promise<ServiceError> {
    try {
      await promise;
    } catch (error) {
      return error as ServiceError;
    }
    assert.fail('the call succeeded');
  }

  /** What a client is shown of its end: 'closed' or the error's code. */
  async function endOf(socket: TLSSocket): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => resolve('closed'));
    socket.resume();
    return await promise;
  }

  describe('with clients', () => {
    it('carries gRPC, and knows the connection', async () => {
      const { port } = await replica();
      const { port: at, proxy } = await pillion(port, { bind: 'ssl crt server.pem' });
      const { response } = await client(at).unary('hello');
      assert.equal(response.toString(), 'hello');
      const counters = proxy.counted.frontends[0]?.counters;
      assert.equal(counters?.tlsHandshakes, 1);
      assert.equal(counters?.tlsFailures, 0);
    });

    it('carries large messages of many streams both ways', async () => {
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem' });
      const one = client(at);
      const message = Buffer.alloc(700_000, 'x');
      const answers = await Promise.all(Array.from({ length: 8 }, () => one.unary(message)));
      for (const { response } of answers) assert.ok(response.equals(message));
    });

    it('agrees on h2 by ALPN, on nothing without it', async () => {
      const { port } = await replica();
      const of = async (bind: string, mode: string, offered: string[]): Promise<unknown> => {
        const { port: at } = await pillion(port, { bind: `ssl crt server.pem ${bind}`, mode, ...(mode === 'http' ? { server: 'proto h2' } : {}) });
        const socket = await handshake(at, { ALPNProtocols: offered });
        socket.destroy();
        return socket.alpnProtocol;
      };
      assert.equal(await of('', 'grpc', ['http/1.1', 'h2']), 'h2');
      assert.equal(await of('', 'auto', ['http/1.1']), 'http/1.1');
      assert.equal(await of('', 'http', ['http/1.1', 'h2']), 'h2');
      assert.equal(await of('alpn http/1.1,h2', 'http', ['h2', 'http/1.1']), 'http/1.1');
      assert.equal(await of('no-alpn', 'grpc', ['h2']), false);
      assert.equal(await of('', 'tcp', ['h2']), false);
      assert.equal(await of('alpn mqtt', 'tcp', ['mqtt']), 'mqtt');
    });

    it('chooses the certificate by SNI: exact name, wildcard, first', async () => {
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem crt b.pem crt wild.pem' });
      const names = ['server', 'b', 'wild'];
      assert.equal(await certificateFor(at, 'b.test', names), 'b');
      assert.equal(await certificateFor(at, 'x.wild.test', names), 'wild');
      assert.equal(await certificateFor(at, 'y.x.wild.test', names), 'server');
      assert.equal(await certificateFor(at, 'a.test', names), 'server');
      assert.equal(await certificateFor(at, '', names), 'server');
    });

    it('has RSA and ECDSA for the same name', async () => {
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem crt rsa.pem' });
      const names = ['server', 'rsa'];
      assert.equal(await certificateFor(at, 'localhost', names, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }), 'server');
      assert.equal(await certificateFor(at, 'localhost', names, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }), 'rsa');
    });

    it('takes a crt-list', async () => {
      const scratch = scratchFolder();
      defer(() => scratch.remove());
      const list = scratch.file('list', 'server.pem !*\nb.pem b.test *.b.test !x.b.test\n');
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: `ssl crt-list ${list}` });
      const names = ['server', 'b'];
      assert.equal(await certificateFor(at, 'y.b.test', names), 'b');
      assert.equal(await certificateFor(at, 'x.b.test', names), 'server');
    });

    it('refuses unknown names with strict-sni', async () => {
      const { port } = await replica();
      const { port: at, proxy } = await pillion(port, { bind: 'ssl crt b.pem strict-sni' });
      assert.equal(await certificateFor(at, 'b.test', ['b']), 'b');
      for (const servername of ['a.test', '']) {
        await assert.rejects(handshake(at, { servername }), /handshake.failure/i);
      }
      assert.equal(proxy.counted.frontends[0]?.counters.tlsFailures, 2);
    });

    it('keeps to its versions and ciphers', async () => {
      const { port } = await replica();
      const { port: at } = await pillion(port, {
        bind: 'ssl crt rsa.pem ciphers ECDHE-RSA-AES256-GCM-SHA384 ciphersuites TLS_CHACHA20_POLY1305_SHA256 curves prime256v1',
        global: ['  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tlsv13'],
      });
      const two = await handshake(at);
      assert.equal(two.getProtocol(), 'TLSv1.2');
      assert.equal(two.getCipher().name, 'ECDHE-RSA-AES256-GCM-SHA384');
      two.destroy();
      await assert.rejects(handshake(at, { minVersion: 'TLSv1.3' }), /protocol.version/i);
      const { port: three } = await pillion(port, { bind: 'ssl crt rsa.pem ssl-min-ver TLSv1.3 ciphersuites TLS_CHACHA20_POLY1305_SHA256' });
      const socket = await handshake(three);
      assert.equal(socket.getCipher().name, 'TLS_CHACHA20_POLY1305_SHA256');
      socket.destroy();
      await assert.rejects(handshake(three, { maxVersion: 'TLSv1.2' }), /protocol.version/i);
    });

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`resumes sessions of ${maxVersion}, also after the certificates were read again`, async () => {
        const { port } = await replica();
        const { port: at, proxy } = await pillion(port, { bind: 'ssl crt server.pem crt b.pem' });
        const first = await handshake(at, { maxVersion });
        // TLS 1.3 sends its ticket after the handshake.
        const session = maxVersion === 'TLSv1.2' ? first.getSession() : ((await once(first, 'session')) as [Buffer])[0];
        assert.ok(session);
        first.destroy();
        const again = await handshake(at, { maxVersion, session });
        assert.ok(again.isSessionReused());
        const resumed = (): number | undefined => proxy.counted.frontends[0]?.counters.tlsResumed;
        await until(() => resumed() === 1);
        again.destroy();
        await proxy.rereadCertificates();
        const later = await handshake(at, { maxVersion, session });
        assert.ok(later.isSessionReused());
        await until(() => resumed() === 2);
        later.destroy();
      });
    }

    it('does not resume with no-tls-tickets', async () => {
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem no-tls-tickets' });
      const first = await handshake(at, { maxVersion: 'TLSv1.2' });
      const session = first.getSession();
      first.destroy();
      const again = await handshake(at, { maxVersion: 'TLSv1.2', ...(session === undefined ? {} : { session }) });
      assert.equal(again.isSessionReused(), false);
      again.destroy();
    });

    it('asks for certificates with verify required', async () => {
      const { port } = await replica();
      const { port: at, proxy } = await pillion(port, { bind: 'ssl crt server.pem ca-file ca.pem verify required' });
      assert.equal((await client(at, 'client').unary('hi')).response.toString(), 'hi');
      for (const own of [undefined, 'stranger']) {
        const error = await failure(client(at, own).unary('hi'));
        assert.equal(error.code, status.UNAVAILABLE);
      }
      const counters = proxy.counted.frontends[0]?.counters;
      assert.equal(counters?.streamsTotal, 1);
      assert.ok((counters?.tlsFailures ?? 0) >= 2);
    });

    it('takes clients without a certificate with verify optional, but no bad ones', async () => {
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem ca-file ca.pem verify optional crl-file crl.pem' });
      assert.equal((await client(at).unary('hi')).response.toString(), 'hi');
      assert.equal((await client(at, 'client').unary('hi')).response.toString(), 'hi');
      for (const own of ['stranger', 'revoked']) assert.equal((await failure(client(at, own).unary('hi'))).code, status.UNAVAILABLE, own);
    });

    it('does not take a resumed session for a certificate', async () => {
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem ca-file ca.pem verify required' });
      const stranger = await handshake(at, { key: pem('stranger'), cert: pem('stranger') });
      let session: Buffer | null = null;
      stranger.on('session', (one: Buffer) => void (session = one));
      await endOf(stranger);
      if (session === null) return;
      const again = await handshake(at, { key: pem('stranger'), cert: pem('stranger'), session });
      assert.notEqual(await endOf(again), '');
      assert.ok(again.destroyed);
    });

    it('terminates TLS in mode tcp, with half-close', async () => {
      const port = await echo(false);
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem', mode: 'tcp' });
      const socket = await handshake(at);
      socket.end('over TLS');
      assert.equal(await text(socket), 'over TLS');
    });

    it('passes TLS through in mode tcp and mode auto without ssl', async () => {
      const port = await echo(true);
      for (const mode of ['tcp', 'auto']) {
        const { port: at } = await pillion(port, { mode });
        assert.equal(await certificateFor(at, 'localhost', ['server']), 'server');
      }
    });

    it('balances HTTP/2 and passes the rest in mode auto', async () => {
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem', mode: 'auto' });
      assert.equal((await client(at).unary('hi')).response.toString(), 'hi');
      const raw = await echo(false);
      const { port: other } = await pillion(raw, { bind: 'ssl crt server.pem', mode: 'auto' });
      const socket = await handshake(other, { ALPNProtocols: ['http/1.1'] });
      socket.end('hello, who is there?\n');
      assert.equal(await text(socket), 'hello, who is there?\n');
    });

    it('says who does not speak TLS', async () => {
      const scratch = scratchFolder();
      defer(() => scratch.remove());
      const { port } = await replica();
      const process = new PillionProcess(['-V', '-f', scratch.file('p.cfg', await onFreePort(port, 'ssl crt server.pem'))]);
      defer(() => process.kill());
      const at = await process.port();
      for (const [said, cause] of [
        ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /does not speak TLS \(HTTP\/2 in cleartext\?\)/],
        ['GET / HTTP/1.1\r\n\r\n', /sent an HTTP\/1 request in cleartext/],
      ] as const) {
        const socket = connectTcp(at, '127.0.0.1');
        socket.on('error', () => {}).resume();
        socket.write(said);
        await once(socket, 'close');
        const line = await process.line(({ cause: told }) => cause.test(String(told)));
        assert.equal(line['msg'], 'protocol error');
        assert.match(String(line['where']), /^clients 127\.0\.0\.1:\d+$/);
      }
    });

    it('names the client of a PROXY header when its handshake fails', async () => {
      const scratch = scratchFolder();
      defer(() => scratch.remove());
      const { port } = await replica();
      const process = new PillionProcess(['-V', '-f', scratch.file('p.cfg', await onFreePort(port, 'accept-proxy ssl crt server.pem'))]);
      defer(() => process.kill());
      const socket = connectTcp(await process.port(), '127.0.0.1');
      socket.on('error', () => {}).resume();
      socket.write('PROXY TCP4 192.0.2.7 198.51.100.2 4711 443\r\nGET / HTTP/1.1\r\n\r\n');
      const line = await process.line(({ msg }) => msg === 'protocol error');
      assert.equal(line['where'], 'clients 192.0.2.7:4711');
    });

    it('gives up on a handshake that does not come to an end', async () => {
      const { port } = await replica();
      const { port: at, proxy } = await pillion(port, { bind: 'ssl crt server.pem', frontend: ['  timeout http-request 100ms'] });
      const silent = connectTcp(at, '127.0.0.1');
      silent.on('error', () => {}).resume();
      await once(silent, 'close');
      const halfway = connectTcp(at, '127.0.0.1');
      halfway.on('error', () => {}).resume();
      halfway.write(Buffer.from('160301', 'hex'));
      await once(halfway, 'close');
      assert.equal(proxy.counted.frontends[0]?.counters.tlsFailures, 2);
      await until(() => proxy.counted.frontends[0]?.counters.connectionsCurrent === 0);
    });

    it('is drained and stopped in the middle of a handshake', async () => {
      const { port } = await replica();
      const { port: at, proxy } = await pillion(port, { bind: 'ssl crt server.pem' });
      const silent = connectTcp(at, '127.0.0.1');
      silent.on('error', () => {}).resume();
      await until(() => proxy.counted.frontends[0]?.counters.connectionsCurrent === 1);
      const closed = once(silent, 'close');
      await proxy.stop('test');
      await closed;
    });
  });

  describe('with servers', () => {
    it('speaks TLS to them, and shows a certificate', async () => {
      const { port } = await replica({ credentials: serverCredentials('server', true) });
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem', server: 'ssl ca-file ca.pem crt client.pem sni str(localhost)' });
      assert.equal((await client(at).unary('hi')).response.toString(), 'hi');
    });

    const refusals: readonly (readonly [string, string, string, RegExp])[] = [
      ['of another authority', 'server', 'ca-file other-ca.pem', /issuer is not in 'ca-file'/],
      ['for another host', 'b', 'ca-file ca.pem sni str(localhost)', /certificate is for other hosts/],
      ['for another host than verifyhost says', 'b', 'ca-file ca.pem verifyhost localhost', /certificate is for other hosts/],
      ['that has expired', 'expired', 'ca-file ca.pem', /certificate has expired/],
      ['that is revoked', 'revoked', 'ca-file ca.pem crl-file crl.pem', /certificate is revoked/],
    ];
    for (const [what, own, server, reason] of refusals) {
      it(`does not talk to a server with a certificate ${what}`, async () => {
        const { port } = await replica({ credentials: serverCredentials(own) });
        const { target, server: of } = await pillion(port, { server: `ssl ${server}`, backend: ['  retries 0'] });
        const one = new EchoClient(target);
        defer(() => one.close());
        const error = await failure(one.unary('hi'));
        assert.equal(error.code, status.UNAVAILABLE);
        assert.match(error.details, reason);
        assert.equal(of('a').counters.connectFailures, 1);
      });
    }

    it('trusts whoever answers with verify none, and any name without sni', async () => {
      const { port } = await replica({ credentials: serverCredentials('stranger') });
      const { port: named } = await replica({ credentials: serverCredentials('b') });
      for (const [to, server, global] of [[port, 'ssl verify none', ''], [named, 'ssl ca-file ca.pem', ''], [port, 'ssl', '  ssl-server-verify none']] as const) {
        const { target } = await pillion(to, { server, global: global === '' ? [] : [global] });
        const one = new EchoClient(target);
        defer(() => one.close());
        assert.equal((await one.unary('hi')).response.toString(), 'hi');
      }
    });

    it('says that a server does not speak TLS', async () => {
      const { port } = await replica();
      const { target } = await pillion(port, { server: 'ssl verify none', backend: ['  retries 0'] });
      const one = new EchoClient(target);
      defer(() => one.close());
      assert.match((await failure(one.unary('hi'))).details, /server does not speak TLS/);
    });

    it('passes on the name that the client sent, with connections for each name', async () => {
      const named: unknown[] = [];
      const server = createSecureServer({ key: pem('server'), cert: pem('server') }, (request, response) => {
        named.push((request.socket as TLSSocket).servername);
        response.end('ok');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => server.close());
      const { port: at } = await pillion((server.address() as AddressInfo).port, { bind: 'ssl crt server.pem', server: 'ssl verify none sni ssl_fc_sni' });
      for (const servername of ['a.test', 'localhost']) {
        const session = connectHttp2(`https://127.0.0.1:${at}`, { ca: pem('ca'), servername });
        defer(() => session.destroy());
        const stream = session.request();
        assert.equal(await text(stream), 'ok');
      }
      assert.deepEqual(named, ['a.test', 'localhost']);
    });

    for (const field of ['host', 'x-name']) it(`names ${field} of the request, with connections for each name, shared between clients`, async () => {
      const named: unknown[] = [];
      const server = createSecureServer({ key: pem('server'), cert: pem('server') }, (_request, response) => void response.end('ok'));
      server.on('secureConnection', ({ servername }) => named.push(servername));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => server.close());
      const { port: at } = await pillion((server.address() as AddressInfo).port, { server: `ssl ca-file ca.pem sni req.hdr(${field})`, backend: ['  retries 0'] });
      const get = async (authority: string): Promise<unknown> => {
        const session = connectHttp2(`http://127.0.0.1:${at}`);
        defer(() => session.destroy());
        const stream = session.request(field === 'host' ? { ':authority': authority } : { [field]: authority });
        const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
        stream.resume();
        return headers[':status'];
      };
      for (const authority of ['a.test', 'A.test:443', 'localhost', 'a.test']) assert.equal(await get(authority), 200);
      assert.deepEqual(named, ['a.test', 'localhost']);
      // The certificate is for neither.
      assert.equal(await get('b.test'), 503);
    });

    it('resumes sessions with them', async () => {
      const reused: boolean[] = [];
      const server = createTlsServer({ key: pem('server'), cert: pem('server') }, (socket) => {
        reused.push(socket.isSessionReused());
        socket.on('error', () => {});
        socket.end('done');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => server.close());
      const { port } = server.address() as AddressInfo;
      for (const [option, expected] of [['', true], ['no-ssl-reuse', false]] as const) {
        reused.length = 0;
        const { port: at } = await pillion(port, { mode: 'tcp', server: `ssl ca-file ca.pem ${option}` });
        for (let i = 0; i < 2; i++) assert.equal(await text(connectTcp(at, '127.0.0.1')), 'done');
        assert.deepEqual(reused, [false, expected]);
      }
    });

    it('carries raw TCP over TLS to them', async () => {
      const port = await echo(true);
      const { port: at } = await pillion(port, { mode: 'tcp', server: 'ssl ca-file ca.pem verifyhost localhost' });
      const socket = connectTcp({ port: at, host: '127.0.0.1', allowHalfOpen: true });
      socket.end('in the clear');
      assert.equal(await text(socket), 'in the clear');
    });

    describe('checks', () => {
      async function checked(port: number, setting: Setting): Promise<ServerRecord> {
        const one = await pillion(port, setting);
        return one.server('a');
      }

      it('do the handshake', async () => {
        const { port } = await replica({ credentials: serverCredentials() });
        const good = await checked(port, { server: 'ssl ca-file ca.pem check check-sni localhost inter 20ms', mode: 'grpc' });
        const bad = await checked(port, { server: 'ssl ca-file other-ca.pem check inter 20ms fall 1', mode: 'grpc' });
        const wrong = await checked(port, { server: 'ssl ca-file ca.pem check check-sni b.test inter 20ms fall 1', mode: 'grpc' });
        const plain = await checked(port, { server: 'ssl ca-file other-ca.pem check no-check-ssl inter 20ms fall 1', mode: 'grpc' });
        await until(() => bad.status === 'DOWN' && wrong.status === 'DOWN');
        assert.equal(good.status, 'UP');
        assert.equal(plain.status, 'UP');
        assert.equal(good.counters.checksFailed + plain.counters.checksFailed, 0);
      });

      it('by gRPC speak TLS', async () => {
        const health = new Health([]);
        const { port } = await replica({ credentials: serverCredentials(), health });
        const backend = ['  option grpc-check'];
        const good = await checked(port, { server: 'ssl ca-file ca.pem check sni str(localhost) inter 20ms', backend });
        const bad = await checked(port, { server: 'ssl ca-file other-ca.pem check inter 20ms fall 1', backend });
        await until(() => bad.status === 'DOWN');
        assert.equal(good.status, 'UP');
        health.shutdown();
        await until(() => good.status === 'NOLB');
      });
    });
  });

  describe('with other programs', () => {
    it('serves openssl s_client', async function () {
      if (!installed('openssl', 'apt-get install openssl', ['version'])) return this.skip();
      const { port } = await replica();
      const { port: at } = await pillion(port, { bind: 'ssl crt server.pem' });
      const { stdout } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${at}`, '-servername', 'localhost', '-alpn', 'h2', '-CAfile', `${CERTIFICATES}ca.pem`, '-verify_return_error']);
      assert.match(stdout, /ALPN protocol: h2/);
      assert.match(stdout, /Verif(?:y return code|ication): (?:0 \(ok\)|OK)/);
    });

    it('serves curl', async function () {
      if (!installed('curl', 'apt-get install curl')) return this.skip();
      const server = createSecureServer({ key: pem('server'), cert: pem('server') }, (_request, response) => void response.end('hello'));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => server.close());
      const { port: at } = await pillion((server.address() as AddressInfo).port, { mode: 'http', bind: 'ssl crt server.pem', server: 'proto h2 ssl ca-file ca.pem sni str(localhost)' });
      const { stdout, stderr } = await run('curl', ['-sS', '--http2', '--cacert', `${CERTIFICATES}ca.pem`, '--resolve', `localhost:${at}:127.0.0.1`, '-w', ' %{http_version}', `https://localhost:${at}/`]);
      assert.equal(stdout, 'hello 2', stderr);
    });
  });

  describe('files', () => {
    /** A folder as Kubernetes mounts secrets: `swap` puts others in their place, all at once. */
    function secret(name: string): { readonly path: string; readonly swap: (name: string) => void } {
      const scratch = scratchFolder();
      defer(() => scratch.remove());
      const { path } = scratch;
      let version = 0;
      const write = (from: string): string => {
        const folder = `..${++version}`;
        mkdirSync(join(path, folder));
        if (from === 'broken') writeFileSync(join(path, folder, 'tls.pem'), 'broken');
        else copyFileSync(`${CERTIFICATES}${from}.pem`, join(path, folder, 'tls.pem'));
        return folder;
      };
      symlinkSync(write(name), join(path, '..data'));
      symlinkSync(join('..data', 'tls.pem'), join(path, 'tls.pem'));
      return {
        path,
        swap: (from) => {
          symlinkSync(write(from), join(path, '..new'));
          renameSync(join(path, '..new'), join(path, '..data'));
        },
      };
    }

    it('are read again when told to; what runs goes on, and broken ones change nothing', async () => {
      const { path, swap } = secret('server');
      const { port } = await replica();
      const { port: at, proxy } = await pillion(port, { bind: `ssl crt ${path}` });
      const names = ['server', 'renewed', 'b'];
      const one = client(at);
      const call = one.bidi();
      call.on('error', () => {});
      call.write(Buffer.from('1'));
      assert.equal(String((await once(call, 'data'))[0]), '1');
      swap('renewed');
      assert.equal(await certificateFor(at, 'localhost', names), 'server');
      await proxy.rereadCertificates();
      assert.equal(await certificateFor(at, 'localhost', names), 'renewed');
      swap('broken');
      await proxy.rereadCertificates();
      assert.equal(await certificateFor(at, 'localhost', names), 'renewed');
      call.write(Buffer.from('2'));
      assert.equal(String((await once(call, 'data'))[0]), '2');
      call.end();
    });

    it('are read again by themselves when they change, and by SIGHUP', async () => {
      const { path, swap } = secret('server');
      const names = ['server', 'renewed', 'b'];
      const scratch = scratchFolder();
      defer(() => scratch.remove());
      const { port } = await replica();
      const process = new PillionProcess(['-V', '-f', scratch.file('p.cfg', await onFreePort(port, `ssl crt ${path}/tls.pem`))]);
      defer(() => process.kill());
      const at = await process.port();
      assert.equal(await certificateFor(at, 'localhost', names), 'server');
      swap('broken');
      process.child.kill('SIGHUP');
      const refused = await process.line(({ level }) => level === 'err' || level === 'error');
      assert.match(String(refused['msg']), /^certificates cannot be used, the old ones stay: .*tls\.pem: no certificate in PEM format/);
      swap('renewed');
      await process.line(({ msg }) => msg === 'certificates were read again');
      assert.equal(await certificateFor(at, 'localhost', names), 'renewed');
    }).timeout(20_000);

    it('are checked by -c, with place, reason and remedy', async () => {
      const scratch = scratchFolder();
      defer(() => scratch.remove());
      const bare = scratch.file('bare.pem', pem('server').toString().replace(/-----BEGIN PRIVATE[\s\S]*/, ''));
      const check = async (setting: Setting): Promise<{ readonly code: number | null; readonly stderr: string }> =>
        await new PillionProcess(['-c', '-f', scratch.file('p.cfg', configuration(1, setting))]).exited;
      const missing = await check({ bind: `ssl crt ${bare}` });
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /p\.cfg:\d+/);
      assert.match(missing.stderr, /bare\.pem: no private key, and no .*bare\.pem\.key/);
      assert.match(missing.stderr, /put the key into the same file/);
      const expired = await check({ bind: 'ssl crt expired.pem', server: 'ssl ca-file ca.pem' });
      assert.equal(expired.code, 0);
      assert.match(expired.stderr, /expired\.pem: the certificate has expired on 2021-01-01/);
      const authority = await check({ server: 'ssl ca-file none.pem' });
      assert.match(authority.stderr, /none\.pem: no such file or directory/);
      rmSync(bare);
    }).timeout(20_000);

    it('that cannot be used keep it from starting', async () => {
      await assert.rejects(startPillion(configuration(1, { bind: 'ssl crt none.pem' })), /^Error: frontend clients, test\.cfg:\d+: .*none\.pem: no such file or directory$/);
      await assert.rejects(startPillion(configuration(1, { bind: 'ssl crt server.pem ciphers NONSENSE' })), /OpenSSL knows none of them/);
    });
  });
});
