/** `retry-on`, `retries`, `option redispatch`, `retry-budget` (HAProxy manual 4.2), with gRPC servers and scripted ones. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { status, type sendUnaryData } from '@grpc/grpc-js';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import {
  data, DATA, END_STREAM, field, frame, GET_REQUEST, GRPC_RESPONSE, HEADERS, headers, message, rstStream, windowUpdate,
} from '../support/frames.ts';
import { EchoClient, startReplica, type Replica } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { connectRaw, RawServer, type RawPeer } from '../support/raw-peer.ts';

const INTERNAL_ERROR = 2;
const OK = [['grpc-status', '0']] as const;
/** Nobody listens there, and nobody is given it while a test runs, as could be with one that was free a moment ago. */
const DEAD_PORT = 1;

describe('retry-on', () => {
  const defer = cleanUpAfterEach();

  async function pillionFor(ports: readonly number[], lines: readonly string[], global: readonly string[] = []): Promise<Pillion> {
    const text = grpcConfiguration(['balance first', ...ports.map((port, index) => `server s${index} 127.0.0.1:${port}`), ...lines]);
    const pillion = await startPillion(['global', ...global.map((line) => `  ${line}`), text].join('\n'));
    defer(() => pillion.stop());
    return pillion;
  }

  function clientOf(pillion: Pillion): EchoClient {
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return client;
  }

  /** A gRPC server that fails the first `times` calls with `code`. */
  async function failing(times: number, code: status): Promise<Replica> {
    let left = times;
    const replica = await startReplica({
      unary: (call, callback: sendUnaryData<Buffer>) => (left-- > 0 ? callback({ code, details: 'not yet' }) : callback(null, call.request)),
    });
    defer(() => replica.kill());
    return replica;
  }

  async function rawServer(script: (peer: RawPeer) => Promise<void>): Promise<number> {
    const server = new RawServer();
    server.onPeer(script);
    defer(() => server.close());
    return await server.listen();
  }

  /** A scripted server that does the same to every request. */
  const answering = (act: (peer: RawPeer, id: number) => void): Promise<number> => rawServer(async (peer) => {
    for (;;) act(peer, (await peer.take(HEADERS)).id);
  });

  const echo = async (): Promise<number> => (await failing(0, status.OK)).port;

  it('sends a call again whose answer is a status that it names, on another server', async () => {
    const [one, two] = [await failing(99, status.UNAVAILABLE), await failing(1, status.RESOURCE_EXHAUSTED)];
    const pillion = await pillionFor([one.port, two.port], ['retries 3', 'retry-on unavailable resource-exhausted']);
    const client = clientOf(pillion);
    assert.equal((await client.unary('again')).response.toString(), 'again');
    const { retries, redispatches } = pillion.backend().counters;
    // Turn and turn about: the second server's second answer is good.
    assert.deepEqual([one.calls, two.calls, retries, redispatches], [2, 2, 3, 3]);
  });

  it('leaves other statuses to the client, and the last answer when there are no tries left', async () => {
    const replica = await failing(99, status.UNAVAILABLE);
    const client = clientOf(await pillionFor([replica.port], ['retries 2', 'retry-on unavailable']));
    await assert.rejects(client.unary('x'), { code: status.UNAVAILABLE, details: 'not yet' });
    assert.equal(replica.calls, 3);
    const other = await failing(99, status.INTERNAL);
    await assert.rejects(clientOf(await pillionFor([other.port], ['retry-on unavailable'])).unary('x'), { code: status.INTERNAL, details: 'not yet' });
    assert.equal(other.calls, 1);
  });

  it('does nothing of the kind without being asked', async () => {
    const replica = await failing(1, status.UNAVAILABLE);
    await assert.rejects(clientOf(await pillionFor([replica.port], [])).unary('x'), { code: status.UNAVAILABLE });
    assert.equal(replica.calls, 1);
  });

  it('counts a status that comes right behind the header, before any message', async () => {
    const late = await answering((peer, id) => peer.send(headers(id, GRPC_RESPONSE), headers(id, [['grpc-status', '14']], END_STREAM)));
    const pillion = await pillionFor([late, await echo()], ['retry-on unavailable']);
    assert.equal((await clientOf(pillion).unary('x')).response.toString(), 'x');
    assert.equal(pillion.backend().counters.retries, 1);
  });

  it('lets a status pass that comes behind a message', async () => {
    const late = await answering((peer, id) => {
      peer.send(headers(id, GRPC_RESPONSE), data(id, message('partly')), headers(id, [['grpc-status', '14'], ['grpc-message', 'then lost']], END_STREAM));
    });
    const client = clientOf(await pillionFor([late, await echo()], ['retry-on unavailable']));
    const call = client.serverStream('x');
    const seen: string[] = [];
    call.on('data', (octets: Buffer) => seen.push(octets.toString()));
    const [error] = await once(call, 'error');
    assert.deepEqual([seen, (error as { code: number }).code], [['partly'], status.UNAVAILABLE]);
  });

  it('sends the header of a stream on at once when nothing follows it', async () => {
    const slow = await rawServer(async (peer) => {
      const { id } = await peer.take(HEADERS);
      peer.send(headers(id, [...GRPC_RESPONSE, ['early', 'yes']]));
      await peer.take(DATA, id);
      peer.send(data(id, message('pong')), headers(id, OK, END_STREAM));
    });
    const call = clientOf(await pillionFor([slow], ['retry-on unavailable'])).bidi();
    const [metadata] = await once(call, 'metadata');
    assert.deepEqual((metadata as { get(name: string): string[] }).get('early'), ['yes']);
    call.write(Buffer.from('ping'));
    assert.equal(String((await once(call, 'data'))[0]), 'pong');
    call.end();
  });

  it('sends HTTP again by status, with its whole body', async () => {
    const busy = await rawServer(async (peer) => {
      for (;;) {
        const { id, flags } = await peer.take(DATA);
        if ((flags & END_STREAM) !== 0) peer.send(headers(id, [[':status', '503'], ['retry-after', '1']], END_STREAM));
      }
    });
    const received: string[] = [];
    const good = await rawServer(async (peer) => {
      const { id } = await peer.take(HEADERS);
      for (let ended = false; !ended;) {
        const part = await peer.take(DATA, id);
        received.push(part.payload.toString());
        ended = (part.flags & END_STREAM) !== 0;
      }
      peer.send(headers(id, [[':status', '204']], END_STREAM));
    });
    const pillion = await pillionFor([busy, good], ['retry-on 503']);
    const peer = await connectRaw(pillion.port);
    defer(() => peer.destroy());
    peer.send(headers(1, [[':method', 'PUT'], ...GET_REQUEST.slice(1)]), data(1, 'one '), data(1, 'two', END_STREAM));
    assert.equal(field(await peer.take(HEADERS, 1), ':status'), '204');
    assert.equal(received.join(''), 'one two');
  });

  for (const [name, act] of [
    ['that is reset', (peer, id) => peer.send(rstStream(id, INTERNAL_ERROR))],
    ['whose connection is closed', (peer) => peer.socket.end()],
  ] as const satisfies readonly (readonly [string, (peer: RawPeer, id: number) => void])[]) {
    it(`takes a stream ${name} before a response for an empty-response`, async () => {
      const bad = await answering(act);
      const pillion = await pillionFor([bad, await echo()], ['retry-on empty-response']);
      assert.equal((await clientOf(pillion).unary('x')).response.toString(), 'x');
      assert.ok((await clientOf(await pillionFor([bad, await echo()], ['retry-on junk-response'])).unary('x').catch(({ code }: { code: number }) => code)) !== status.OK);
    });
  }

  for (const [name, act] of [
    ['a stream', (peer, id) => peer.send(headers(id, [[':status', '200'], ['Upper', 'case']], END_STREAM))],
    ['the connection', (peer) => peer.send(frame(DATA, 0, 0, Buffer.from('garbage')))],
  ] as const satisfies readonly (readonly [string, (peer: RawPeer, id: number) => void])[]) {
    it(`takes a broken rule on ${name} before a response for a junk-response`, async () => {
      const bad = await answering(act);
      const pillion = await pillionFor([bad, await echo()], ['retry-on junk-response']);
      assert.equal((await clientOf(pillion).unary('x')).response.toString(), 'x');
      await assert.rejects(clientOf(await pillionFor([bad, await echo()], ['retry-on empty-response'])).unary('x'));
    });
  }

  it('does not send again what is no longer held whole, and holds what tune.bufsize says', async () => {
    const busy = await rawServer(async (peer) => {
      let received = 0;
      for (;;) {
        const { id, payload, flags } = await peer.take(DATA);
        received += payload.length;
        peer.send(windowUpdate(0, payload.length));
        if ((flags & END_STREAM) === 0) peer.send(windowUpdate(id, payload.length));
        else peer.send(headers(id, [...GRPC_RESPONSE, ['grpc-status', '14'], ['grpc-message', `took ${received}`]], END_STREAM));
      }
    });
    const large = Buffer.alloc(200_000, 'large ');
    const lines = ['retry-on unavailable'];
    await assert.rejects(clientOf(await pillionFor([busy, await echo()], lines)).unary(large), { code: status.UNAVAILABLE, details: 'took 200005' });
    const roomy = await pillionFor([busy, await echo()], lines, ['tune.bufsize 256k']);
    assert.ok((await clientOf(roomy).unary(large)).response.equals(large));
  });

  it('spends no more than the budget, and says what it did not do', async () => {
    const replica = await failing(1000, status.UNAVAILABLE);
    const pillion = await pillionFor([replica.port], ['retries 3', 'retry-on unavailable', 'retry-budget 20 min 0']);
    const client = clientOf(pillion);
    for (let index = 0; index < 50; index++) await assert.rejects(client.unary('x'), { code: status.UNAVAILABLE });
    const { retries, retriesRefused } = pillion.backend().counters;
    assert.equal(replica.calls, 50 + retries);
    assert.ok(retries >= 5 && retries <= 10, `${retries} retries`);
    assert.ok(retriesRefused >= 40, `${retriesRefused} refused`);
  });

  it('has no limit without a budget', async () => {
    const replica = await failing(1000, status.UNAVAILABLE);
    const pillion = await pillionFor([replica.port], ['retries 2', 'retry-on unavailable', 'no retry-budget']);
    for (let index = 0; index < 20; index++) await assert.rejects(clientOf(pillion).unary('x'), { code: status.UNAVAILABLE });
    assert.deepEqual([replica.calls, pillion.backend().counters.retriesRefused], [60, 0]);
  });

  it('gives a server that keeps an HTTP request waiting the time of timeout server, then tries another', async () => {
    const silent = await rawServer((peer) => peer.end());
    const good = await answering((peer, id) => peer.send(headers(id, [[':status', '204']], END_STREAM)));
    const pillion = await pillionFor([silent, good], ['timeout server 80ms', 'retry-on response-timeout']);
    const peer = await connectRaw(pillion.port);
    defer(() => peer.destroy());
    peer.send(headers(1, GET_REQUEST, END_STREAM));
    assert.equal(field(await peer.take(HEADERS, 1), ':status'), '204');
  });

  describe('with servers that cannot be reached', () => {
    it('stays with the server without option redispatch', async () => {
      const pillion = await pillionFor([DEAD_PORT, await echo()], ['no option redispatch', 'retries 2', 'timeout connect 200ms']);
      await assert.rejects(clientOf(pillion).unary('x'), { code: status.UNAVAILABLE });
      const { retries, redispatches } = pillion.backend().counters;
      assert.deepEqual([retries, redispatches, pillion.server('s1').counters.streamsTotal], [2, 0, 0]);
    });

    it('leaves it at once by option redispatch n where it was nobody\'s choice', async () => {
      for (const interval of ['', '3', '-1']) {
        const pillion = await pillionFor([DEAD_PORT, await echo()], [`option redispatch ${interval}`, 'retries 3']);
        assert.equal((await clientOf(pillion).unary('x')).response.toString(), 'x');
        assert.deepEqual([pillion.backend().counters.retries, pillion.server('s0').counters.streamsTotal], [1, 1]);
      }
    });

    // A hash leads to the first or to the second server, so that in one of both orders it is the dead one.
    for (const [interval, retries] of [['', 3], ['-1', 3], ['2', 2], ['-3', 1]] as const) {
      it(`leaves the choice of a hash with retry ${retries} of 3 by option redispatch ${interval}`, async () => {
        const [dead, live] = [DEAD_PORT, await echo()];
        const tries: number[] = [];
        for (const ports of [[dead, live], [live, dead]]) {
          const pillion = await pillionFor(ports, ['balance source', `option redispatch ${interval}`, 'retries 3', 'timeout connect 200ms']);
          assert.equal((await clientOf(pillion).unary('x')).response.toString(), 'x');
          const { counters } = pillion.backend();
          if (counters.retries > 0) tries.push(counters.retries, counters.redispatches);
        }
        assert.deepEqual(tries, [retries, 1]);
      });
    }

    it('does not try again by retry-on none', async () => {
      const pillion = await pillionFor([DEAD_PORT, await echo()], ['retry-on none']);
      await assert.rejects(clientOf(pillion).unary('x'), { code: status.UNAVAILABLE });
      assert.equal(pillion.backend().counters.retries, 0);
    });
  });
});
