/** Clients that are slow, that lie, or that want to be held in memory: each ends by the timer or the limit that the log names. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import {
  block, CLIENT_PREFACE, CONTINUATION, data, DATA, END_HEADERS, END_STREAM, field, frame, GET_REQUEST, GOAWAY, GRPC_REQUEST, HEADERS, headers, RST_STREAM, settings,
  type Fields,
} from '../support/frames.ts';
import { linesOf, scene, unharmed } from '../support/hostile.ts';
import { connectRaw, RawPeer } from '../support/raw-peer.ts';

const PROTOCOL_ERROR = 1;
const SETTINGS_TIMEOUT = 4;
const ENHANCE_YOUR_CALM = 11;
const INITIAL_WINDOW_SIZE = 4;
const POST: Fields = GET_REQUEST.map(([name, value]) => [name, name === ':method' ? 'POST' : value]);

describe('slow and odd clients', () => {
  const defer = cleanUpAfterEach();

  for (const octets of [Buffer.alloc(0), CLIENT_PREFACE.subarray(0, 10)]) {
    it(`slow preface: ${octets.length} octets are waited upon for timeout http-request`, async () => {
      const set = await scene(defer, { front: ['timeout http-request 100ms'] });
      await unharmed(set, async () => {
        const socket = connect(set.pillion.port, '127.0.0.1');
        defer(() => socket.destroy());
        socket.write(octets);
        socket.resume();
        await once(socket, 'end');
      });
      const lines = await linesOf(set);
      assert.equal(lines.length, 1);
      assert.match(String(lines[0]?.['cause']), /100 ms \(timeout http-request\)/);
      assert.equal(set.counters.protocolErrors, 1);
    });
  }

  it('slow headers: a header block that does not end is waited for until timeout http-request', async () => {
    const set = await scene(defer, { front: ['timeout http-request 100ms'] });
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    await unharmed(set, async () => {
      peer.send(frame(HEADERS, 0, 1, block(GET_REQUEST)));
      await peer.end();
    });
    const lines = await linesOf(set);
    assert.equal(lines.length, 1);
    assert.match(String(lines[0]?.['cause']), /timeout http-request/);
  });

  it('slow headers: with other streams open, too', async () => {
    const set = await scene(defer, { front: ['timeout http-request 100ms'] });
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    await unharmed(set, async () => {
      peer.send(headers(1, GRPC_REQUEST));
      await (await set.server.accept()).take(HEADERS, 1);
      peer.send(frame(HEADERS, 0, 3, block(GET_REQUEST)));
      assert.equal((await peer.goAway()).code, ENHANCE_YOUR_CALM);
      await peer.end();
    });
    const lines = await linesOf(set);
    assert.equal(lines.length, 1);
    assert.match(String(lines[0]?.['cause']), /header block is not complete after 100 ms \(timeout http-request\)/);
    assert.equal(set.pillion.server('raw').counters.streamsCurrent, 0);
  });

  it('slow body: the rest of a request, or of a gRPC message, is waited for until timeout client', async () => {
    const set = await scene(defer, { front: ['timeout client 150ms', 'log global'] });
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    await unharmed(set, async () => {
      peer.send(headers(1, POST), data(1, 'beg'), headers(3, GRPC_REQUEST), data(3, '\0\0\0\0\x05he'));
      const server = await set.server.accept();
      await server.take(DATA, 3);
      assert.deepEqual(await Promise.all([server.resetCode(1), server.resetCode(3)]), [8, 8]);
    });
    const lines = (await linesOf(set)).filter(({ msg }) => msg === 'stream');
    assert.equal(lines.length, 2);
    for (const line of lines) assert.match(String(line['cause']), /timeout client/);
    assert.equal(set.pillion.server('raw').counters.streamsCurrent, 0);
  });

  for (const window of [0, 1]) {
    it(`a reader with windows of ${window} holds no more than the window of each stream, and ends by timeout client`, async () => {
      const streams = 100;
      const set = await scene(defer, { front: ['timeout client 200ms', 'log global'] });
      const peer = await connectRaw(set.pillion.port, [INITIAL_WINDOW_SIZE, window]);
      defer(() => peer.destroy());
      set.server.onPeer(async (server) => {
        for (;;) {
          const { id } = await server.take(HEADERS);
          server.send(headers(id, [[':status', '200']]), data(id, Buffer.alloc(600)));
        }
      });
      await unharmed(set, async () => {
        for (let index = 0; index < streams; index++) peer.send(headers(2 * index + 1, GET_REQUEST, END_STREAM));
        for (let index = 0; index < streams; index++) await peer.resetCode(2 * index + 1);
      });
      const lines = (await linesOf(set)).filter(({ msg }) => msg === 'stream');
      assert.equal(lines.length, streams);
      for (const line of lines) assert.match(String(line['cause']), /timeout client: the client took nothing for 200 ms/);
      assert.equal(set.pillion.server('raw').counters.streamsCurrent, 0);
    });
  }

  it('a client that never acknowledges SETTINGS gets SETTINGS_TIMEOUT', async () => {
    const set = await scene(defer, { front: ['timeout http-request 100ms'] });
    const socket = connect(set.pillion.port, '127.0.0.1');
    const peer = new RawPeer(socket, false);
    defer(() => peer.destroy());
    await unharmed(set, async () => {
      peer.send(CLIENT_PREFACE, settings(), headers(1, POST));
      const { code } = await peer.goAway();
      assert.equal(code, SETTINGS_TIMEOUT);
      await peer.end();
    });
    const lines = await linesOf(set);
    assert.equal(lines.length, 1);
    assert.match(String(lines[0]?.['cause']), /SETTINGS not acknowledged within 100 ms \(timeout http-request/);
  });

  it('thousands of tiny frames are forwarded and held by nobody', async () => {
    const count = 20_000;
    const set = await scene(defer);
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    await unharmed(set, async () => {
      peer.send(headers(1, POST));
      const server = await set.server.accept();
      const { id } = await server.take(HEADERS);
      for (let sent = 0; sent < count; sent += 2000) peer.send(Buffer.concat(Array.from({ length: 2000 }, () => data(1, 'x'))));
      peer.send(data(1, '', END_STREAM));
      await server.sees((one) => one.type === DATA && one.id === id && (one.flags & END_STREAM) !== 0);
      assert.equal(server.seen.filter((one) => one.type === DATA).reduce((sum, one) => sum + one.payload.length, 0), count);
    });
    assert.equal(set.counters.bytesIn, count);
  });

  it('octets one at a time make the same frames', async () => {
    const set = await scene(defer);
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    await unharmed(set, async () => {
      for (const octet of Buffer.concat([headers(1, POST), data(1, 'abc'), data(1, 'def', END_STREAM)])) peer.socket.write(Buffer.of(octet));
      const server = await set.server.accept();
      await server.sees((one) => one.type === DATA && (one.flags & END_STREAM) !== 0);
      assert.equal(Buffer.concat(server.seen.filter((one) => one.type === DATA).map((one) => one.payload)).toString(), 'abcdef');
    });
  });

  it('names and values with NUL, CR and LF end their stream and reach no server', async () => {
    const set = await scene(defer);
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    const odd = ['\0', '\r', '\n', '\r\nx: y', '\r\n\r\nGET / HTTP/1.1'];
    await unharmed(set, async () => {
      let id = 1;
      for (const text of odd) {
        for (const one of [[`a${text}`, 'b'], ['a', `b${text}b`], [':path', `/${text}`], [':authority', `x${text}`]] as const) {
          const fields = one[0].startsWith(':') ? GET_REQUEST.map((own) => (own[0] === one[0] ? one : own)) : [...GET_REQUEST, one];
          peer.send(headers(id, fields, END_STREAM));
          assert.equal(await peer.resetCode(id), PROTOCOL_ERROR, JSON.stringify(one));
          id += 2;
        }
      }
    });
    assert.equal(set.server.peers.length, 0);
    assert.equal(set.counters.protocolErrors, odd.length * 4);
    assert.equal((await linesOf(set)).length, 1, 'the first is told, the others are counted');
  });

  it('an over-long header list gets 431, one beyond all bounds ends the connection', async () => {
    const set = await scene(defer);
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    const parts = (id: number, count: number): Uint8Array[] => [
      frame(HEADERS, END_STREAM, id, block(GET_REQUEST)),
      ...Array.from({ length: count }, (_, index) => frame(CONTINUATION, index === count - 1 ? END_HEADERS : 0, id, block([['x', 'y'.repeat(16_000)]]))),
    ];
    await unharmed(set, async () => {
      peer.send(...parts(1, 6));
      assert.equal(field(await peer.take(HEADERS, 1), ':status'), '431');
      await peer.settled();
      peer.send(...parts(3, 30));
      assert.equal((await peer.goAway()).code, ENHANCE_YOUR_CALM);
      await peer.end();
    });
    assert.equal(set.server.peers.length, 0);
    assert.equal(set.counters.floods, 1);
    assert.equal((await linesOf(set)).length, 1);
  });

  it('an HPACK bomb, kilobytes named by an octet each, gets 431 and is not unpacked', async () => {
    const set = await scene(defer);
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    // Entry 62 is a field of 4,000 octets; each octet 0xbe names it once more: 64 MiB in a frame.
    const bomb = Buffer.concat([block(GET_REQUEST), Buffer.from('400178', 'hex'), Buffer.of(127, 0xa1, 0x1e), Buffer.alloc(4000, 0x61), Buffer.alloc(12_000, 0xbe)]);
    await unharmed(set, async () => {
      for (let id = 1; id < 400; id += 2) peer.send(frame(HEADERS, END_HEADERS | END_STREAM, id, bomb));
      assert.equal(field(await peer.take(HEADERS, 1), ':status'), '431');
      assert.equal(field(await peer.take(HEADERS, 399), ':status'), '431');
    });
    assert.equal(set.server.peers.length, 0);
    assert.ok(set.counters.glitches >= 200);
  });

  it('table-size games: updates up and down empty the table and cost no memory, one above the limit ends the connection', async () => {
    const set = await scene(defer);
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    set.server.onPeer(async (server) => {
      for (;;) server.send(headers((await server.take(HEADERS)).id, [[':status', '200']], END_STREAM));
    });
    const entry = Buffer.concat([Buffer.from('400178', 'hex'), Buffer.of(127, 0xa1, 0x1e), Buffer.alloc(4000, 0x61)]);
    await unharmed(set, async () => {
      for (let id = 1; id < 400; id += 2) {
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, id, Buffer.concat([Buffer.of(0x20, 0x3f, 0xe1, 0x1f), block(GET_REQUEST), entry])));
      }
      assert.equal(field(await peer.take(HEADERS, 399), ':status'), '200');
      peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 401, Buffer.concat([Buffer.of(0x3f, 0xff, 0xff, 0xff, 0x07), block(GET_REQUEST)])));
      assert.equal((await peer.goAway()).code, 9);
    });
    assert.equal(set.counters.protocolErrors, 1);
    assert.equal((await linesOf(set)).length, 1);
  });

  it('stream identifiers: even, lower, used and the reserved one end only the connection that sends them', async () => {
    const set = await scene(defer);
    const tricks: readonly (readonly Uint8Array[])[] = [
      [headers(2, GET_REQUEST, END_STREAM)], [headers(0, GET_REQUEST, END_STREAM)], [headers(7, GET_REQUEST, END_STREAM), headers(5, GET_REQUEST, END_STREAM)],
      [headers(0x7fff_ffff, GET_REQUEST, END_STREAM), headers(0xffff_fffd, GET_REQUEST, END_STREAM)], [data(0x7fff_ffff, 'x')],
      [headers(1, POST), frame(RST_STREAM, 0, 1, Buffer.alloc(4)), headers(1, POST)],
    ];
    await unharmed(set, async () => {
      for (const trick of tricks) {
        const peer = await connectRaw(set.pillion.port);
        peer.send(...trick);
        assert.ok([1, 5].includes((await peer.goAway()).code));
        await peer.end();
        peer.destroy();
      }
    });
    assert.equal(set.counters.protocolErrors, tricks.length);
    assert.equal((await linesOf(set)).length, tricks.length);
  });

  it('a client that does not read holds windows, not bodies', async () => {
    const set = await scene(defer, { global: ['tune.h2.be.rxbuf 0'] });
    const peer = await connectRaw(set.pillion.port, [INITIAL_WINDOW_SIZE, 0x7fff_ffff]);
    defer(() => peer.destroy());
    peer.socket.pause();
    let sent = 0;
    set.server.onPeer(async (server) => {
      // As much as the window of the connection lets through, and no credit is waited for: what was not allowed breaks a rule.
      for (;;) {
        const { id } = await server.take(HEADERS);
        server.send(headers(id, [[':status', '200']]));
        for (let left = 65_535; left > 0; left -= 16_384) server.send(data(id, Buffer.alloc(Math.min(left, 16_384))));
        sent++;
      }
    });
    await unharmed(set, async () => {
      for (let index = 0; index < 200; index++) peer.send(headers(2 * index + 1, GET_REQUEST, END_STREAM));
      const server = await set.server.accept();
      while (sent < 200) await once(server, 'change');
      await server.settled();
      assert.deepEqual(server.seen.filter((one) => one.type === GOAWAY), []);
    });
    assert.equal(set.pillion.server('raw').counters.streamsCurrent, 200);
  });
});
