/** Timeouts of streams and connections (HAProxy manual 4.2), what the log says of them, and PING (RFC 9113 §6.7) where they do not apply. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import {
  ACK, data, END_STREAM, field, frame, GET_REQUEST, GRPC_REQUEST, GRPC_RESPONSE, HEADERS, headers, message, PING, RST_STREAM,
} from '../support/frames.ts';
import { EchoClient, HeldCalls, openCalls, startReplica } from '../support/grpc-replica.ts';
import { LogReceiver, type LogLine } from '../support/log-receiver.ts';
import { startPillion, type Pillion } from '../support/pillion.ts';
import { connectRaw, RawServer, type RawPeer } from '../support/raw-peer.ts';

const CANCEL = 8;
const SETTINGS_INITIAL_WINDOW_SIZE = 4;
const PUT_REQUEST = [[':method', 'PUT'] as const, ...GET_REQUEST.slice(1)];

describe('timeouts', () => {
  const defer = cleanUpAfterEach();
  let log: LogReceiver;

  beforeEach(() => {
    log = new LogReceiver();
    defer(() => log.close());
  });

  interface Options {
    readonly mode?: 'auto' | 'tcp';
    readonly front?: readonly string[];
    readonly bind?: string;
    readonly back?: readonly string[];
    readonly server?: string;
  }

  async function pillionFor(port: number, { mode = 'auto', front = [], bind = '', back = [], server = '' }: Options): Promise<Pillion> {
    const pillion = await startPillion([
      'defaults', `  mode ${mode}`, '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
      'frontend clients', `  ${await log.listen()}`, `  bind 127.0.0.1:1 ${bind}`, ...front.map((line) => `  ${line}`), '  default_backend app',
      'backend app', `  server a 127.0.0.1:${port} ${server}`, ...back.map((line) => `  ${line}`), '',
    ].join('\n'));
    defer(() => pillion.stop());
    return pillion;
  }

  async function rawServer(script: (peer: RawPeer) => Promise<void>): Promise<number> {
    const server = new RawServer();
    server.onPeer(script);
    defer(() => server.close());
    return await server.listen();
  }

  async function rawClient(pillion: Pillion, ...settings: readonly (readonly [number, number])[]): Promise<RawPeer> {
    const peer = await connectRaw(pillion.port, ...settings);
    defer(() => peer.destroy());
    return peer;
  }

  function clientOf(pillion: Pillion): EchoClient {
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return client;
  }

  async function held(): Promise<number> {
    const replica = await startReplica(new HeldCalls().handlers);
    defer(() => replica.kill());
    return replica.port;
  }

  /** A server that takes requests and says nothing; resets of theirs are told to `onReset`. */
  const silent = (onReset: (code: number) => void = () => {}): Promise<number> => rawServer(async (peer) => onReset(await peer.resetCode((await peer.take(HEADERS)).id)));

  const verdict = ({ termination, cause }: LogLine): unknown[] => [termination, cause];

  /** A call of another client that comes to its deadline: so much time has passed then. */
  async function otherCall(pillion: Pillion, ms: number): Promise<void> {
    const call = clientOf(pillion).bidi({ deadline: Date.now() + ms });
    await assert.rejects(once(call.resume(), 'status'), { code: status.DEADLINE_EXCEEDED });
  }

  /** Answers the next PING. */
  async function answerPing(peer: RawPeer): Promise<void> {
    const { payload, flags } = await peer.take(PING);
    assert.equal(flags & ACK, 0);
    peer.send(frame(PING, ACK, 0, payload));
  }

  describe('of HTTP streams', () => {
    it('timeout server: 504 and sH when no response comes; the server is told CANCEL', async () => {
      const reset = Promise.withResolvers<number>();
      const pillion = await pillionFor(await silent(reset.resolve), { back: ['timeout server 60ms'] });
      const peer = await rawClient(pillion);
      peer.send(headers(1, GET_REQUEST, END_STREAM));
      assert.equal(field(await peer.take(HEADERS, 1), ':status'), '504');
      assert.deepEqual(verdict(await log.stream()), ['sH', 'timeout server: nothing from server app/a for 60 ms']);
      assert.equal(await reset.promise, CANCEL);
    });

    it('timeout server: sD when the response stops half-way', async () => {
      const port = await rawServer(async (peer) => {
        const { id } = await peer.take(HEADERS);
        peer.send(headers(id, [[':status', '200']]), data(id, 'half'));
        await peer.end();
      });
      const peer = await rawClient(await pillionFor(port, { back: ['timeout server 60ms'] }));
      peer.send(headers(1, GET_REQUEST, END_STREAM));
      await peer.take(RST_STREAM, 1);
      assert.deepEqual(verdict(await log.stream()), ['sD', 'timeout server: nothing from server app/a for 60 ms']);
    });

    it('timeout client: 408 and cH when the request stops half-way, for which no server is blamed', async () => {
      const peer = await rawClient(await pillionFor(await silent(), { front: ['timeout client 60ms'], back: ['timeout server 20ms'] }));
      peer.send(headers(1, PUT_REQUEST), data(1, 'half'));
      assert.equal(field(await peer.take(HEADERS, 1), ':status'), '408');
      assert.deepEqual(verdict(await log.stream()), ['cH', 'timeout client: nothing from the client for 60 ms']);
    });

    it('timeout server: sH when the server does not take the request', async () => {
      const server = new RawServer([SETTINGS_INITIAL_WINDOW_SIZE, 10]);
      defer(() => server.close());
      const peer = await rawClient(await pillionFor(await server.listen(), { back: ['timeout server 60ms'] }));
      peer.send(headers(1, PUT_REQUEST), data(1, 'more than ten octets', END_STREAM));
      assert.equal(field(await peer.take(HEADERS, 1), ':status'), '504');
      assert.deepEqual(verdict(await log.stream()), ['sH', 'timeout server: server app/a took nothing for 60 ms']);
    });
  });

  describe('of gRPC streams', () => {
    it('none for a quiet stream, whatever timeout client and timeout server say', async () => {
      const pillion = await pillionFor(await held(), { front: ['timeout client 40ms'], back: ['timeout server 40ms'] });
      const [call] = await openCalls(clientOf(pillion), 1);
      await otherCall(pillion, 200);
      call?.end();
      assert.equal((await once(call as NonNullable<typeof call>, 'status'))[0].code, status.OK);
    });

    it('timeout client when the client\'s window stays shut: cD', async () => {
      const reset = Promise.withResolvers<number>();
      const port = await rawServer(async (peer) => {
        const { id } = await peer.take(HEADERS);
        peer.send(headers(id, GRPC_RESPONSE), data(id, message('for nobody')));
        reset.resolve(await peer.resetCode(id));
      });
      const peer = await rawClient(await pillionFor(port, { front: ['timeout client 60ms'] }), [SETTINGS_INITIAL_WINDOW_SIZE, 0]);
      peer.send(headers(1, GRPC_REQUEST), data(1, message('x'), END_STREAM));
      assert.equal(await peer.resetCode(1), CANCEL);
      assert.equal(await reset.promise, CANCEL);
      assert.deepEqual(verdict(await log.stream()), ['cD', 'timeout client: the client took nothing for 60 ms']);
    });

    it('timeout client also before a longer deadline', async () => {
      const port = await rawServer(async (peer) => {
        const { id } = await peer.take(HEADERS);
        peer.send(headers(id, GRPC_RESPONSE), data(id, message('for nobody')));
      });
      const peer = await rawClient(await pillionFor(port, { front: ['timeout client 60ms'] }), [SETTINGS_INITIAL_WINDOW_SIZE, 0]);
      peer.send(headers(1, [...GRPC_REQUEST, ['grpc-timeout', '1H']]), data(1, message('x'), END_STREAM));
      assert.equal(await peer.resetCode(1), CANCEL);
    });

    it('timeout client when a message stops half-way: CANCELLED and cH', async () => {
      const peer = await rawClient(await pillionFor(await silent(), { front: ['timeout client 60ms'] }));
      peer.send(headers(1, GRPC_REQUEST), data(1, message('whole message').subarray(0, 9)));
      assert.equal(field(await peer.take(HEADERS, 1), 'grpc-status'), String(status.CANCELLED));
      assert.deepEqual(verdict(await log.stream()), ['cH', 'timeout client: nothing from the client for 60 ms']);
    });

    it('timeout server when a message stops half-way: UNAVAILABLE and sD', async () => {
      const port = await rawServer(async (peer) => {
        const { id } = await peer.take(HEADERS);
        peer.send(headers(id, GRPC_RESPONSE), data(id, message('whole message').subarray(0, 9)));
        await peer.end();
      });
      const peer = await rawClient(await pillionFor(port, { back: ['timeout server 60ms'] }));
      peer.send(headers(1, GRPC_REQUEST), data(1, message('x'), END_STREAM));
      const trailers = await peer.sees((one) => field(one, 'grpc-status') !== undefined);
      assert.equal(field(trailers, 'grpc-status'), String(status.UNAVAILABLE));
      assert.deepEqual(verdict(await log.stream()), ['sD', 'timeout server: nothing from server app/a for 60 ms']);
    });

    it('grpc-timeout: DEADLINE_EXCEEDED for the client, CANCEL for the server', async () => {
      const reset = Promise.withResolvers<number>();
      const peer = await rawClient(await pillionFor(await silent(reset.resolve), {}));
      peer.send(headers(1, [...GRPC_REQUEST, ['grpc-timeout', '400m']]), data(1, message('x'), END_STREAM));
      assert.equal(field(await peer.take(HEADERS, 1), 'grpc-status'), String(status.DEADLINE_EXCEEDED));
      assert.equal(await reset.promise, CANCEL);
      assert.deepEqual(verdict(await log.stream()), ['sH', 'deadline of 400 ms exceeded on server app/a']);
    });
  });

  describe('PING', () => {
    it('asks a quiet server with streams, and gives it up when it does not answer', async () => {
      // As good as behind a network that swallows everything.
      const server = new RawServer();
      server.onPeer(async (peer) => {
        await peer.take(HEADERS);
        peer.socket.pause();
      });
      defer(() => server.close());
      const pillion = await pillionFor(await server.listen(), { server: 'idle-ping 60ms idle-ping-timeout 60ms' });
      await assert.rejects(clientOf(pillion).unary('x'), { code: status.UNAVAILABLE });
      assert.deepEqual(verdict(await log.stream()), ['SH', 'connection to server app/a was lost']);
    });

    it('leaves a server alone that answers', async () => {
      const pillion = await pillionFor(await held(), { server: 'idle-ping 30ms idle-ping-timeout 2s' });
      const [call] = await openCalls(clientOf(pillion), 1);
      await otherCall(pillion, 300);
      call?.end();
      assert.equal((await once(call as NonNullable<typeof call>, 'status'))[0].code, status.OK);
    });

    it('asks a quiet client with streams, and frees the server when it does not answer', async () => {
      const reset = Promise.withResolvers<number>();
      const pillion = await pillionFor(await silent(reset.resolve), { bind: 'idle-ping 200ms idle-ping-timeout 200ms' });
      const peer = await rawClient(pillion);
      peer.send(headers(1, GRPC_REQUEST));
      await peer.take(PING);
      assert.equal(await reset.promise, CANCEL);
      const { cause } = await log.take(({ msg }) => msg === 'connection');
      assert.equal(cause, 'idle-ping: no answer to PING within 200 ms');
    });

    it('keeps a client that answers', async () => {
      const peer = await rawClient(await pillionFor(await silent(), { bind: 'idle-ping 30ms idle-ping-timeout 2s' }));
      peer.send(headers(1, GRPC_REQUEST));
      for (let asked = 0; asked < 3; asked++) await answerPing(peer);
      assert.equal(peer.ended, false);
      assert.equal(peer.seen.some(({ type }) => type === RST_STREAM), false);
    });
  });

  describe('of connections', () => {
    it('timeout http-keep-alive: between streams, told by GOAWAY', async () => {
      const port = await rawServer(async (peer) => peer.send(headers((await peer.take(HEADERS)).id, [[':status', '204']], END_STREAM)));
      const peer = await rawClient(await pillionFor(port, { front: ['timeout http-keep-alive 60ms'] }));
      peer.send(headers(1, GET_REQUEST, END_STREAM));
      await peer.take(HEADERS, 1);
      assert.equal((await peer.goAway()).code, 0);
      await answerPing(peer);
      await peer.end();
      const { cause } = await log.take(({ msg }) => msg === 'connection');
      assert.equal(cause, 'timeout http-keep-alive: no stream for 60 ms');
    });

    it('timeout http-request: before the first stream', async () => {
      const peer = await rawClient(await pillionFor(1, { front: ['timeout http-request 60ms'] }));
      await answerPing(peer);
      await peer.end();
      const { cause } = await log.take(({ msg }) => msg === 'connection');
      assert.equal(cause, 'timeout http-request: no stream for 60 ms');
    });
  });

  describe('of raw TCP', () => {
    async function tcpServer(take: (socket: Socket) => void): Promise<number> {
      const server: Server = createServer({ allowHalfOpen: true }, (socket) => take(socket.on('error', () => {}).resume()));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => server.close());
      return (server.address() as AddressInfo).port;
    }

    async function tcpClient(pillion: Pillion): Promise<Socket> {
      const socket = connect({ port: pillion.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
      await once(socket, 'connect');
      defer(() => socket.destroy());
      return socket.resume();
    }

    for (const [name, back, front, act, expected] of [
      ['timeout client', [], ['timeout client 60ms'], () => {}, ['cD', 'timeout client: nothing from the client for 60 ms']],
      ['timeout server', ['timeout server 60ms'], [], () => {}, ['sD', 'timeout server: nothing from the server for 60 ms']],
      ['timeout server-fin', ['timeout server-fin 60ms', 'timeout tunnel 1h'], [], (socket: Socket) => void socket.end(), ['sD', 'timeout server-fin: nothing from the server for 60 ms']],
    ] as const) {
      it(`${name}: ${expected[0]}`, async () => {
        const socket = await tcpClient(await pillionFor(await tcpServer(() => {}), { mode: 'tcp', back, front }));
        act(socket);
        assert.deepEqual(verdict(await log.stream()), expected);
      });
    }

    it('timeout client-fin: cD', async () => {
      const port = await tcpServer((socket) => socket.end());
      await tcpClient(await pillionFor(port, { mode: 'tcp', front: ['timeout client-fin 60ms'], back: ['timeout tunnel 1h'] }));
      assert.deepEqual(verdict(await log.stream()), ['cD', 'timeout client-fin: nothing from the client for 60 ms']);
    });

    it('timeout tunnel: in place of timeout client and server', async () => {
      const port = await tcpServer(() => {});
      await tcpClient(await pillionFor(port, { mode: 'tcp', front: ['timeout client 20ms'], back: ['timeout server 20ms', 'timeout tunnel 90ms'] }));
      assert.match(String((await log.stream())['cause']), /^timeout tunnel: nothing from the (client|server) for 90 ms$/);
    });
  });
});
