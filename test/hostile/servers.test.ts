/** Servers that break the protocol: their streams fail and say so, their connection ends, and everything else goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import {
  ACK, block, CONTINUATION, data, END_STREAM, field, frame, GET_REQUEST, goAway, GRPC_REQUEST, HEADERS, headers, ping, PUSH_PROMISE, rstStream, settings, settingsAck,
  uint32, windowUpdate,
} from '../support/frames.ts';
import { flood, linesOf, scene, unharmed, type Scene } from '../support/hostile.ts';
import { connectRaw, type RawPeer } from '../support/raw-peer.ts';

const ENHANCE_YOUR_CALM = 11;
const INTERNAL_ERROR = 2;
const OK = [[':status', '200']] as const;

interface Misdeed {
  readonly name: string;
  /** What the server does with its connection once the request on stream 1 has come. */
  readonly does: (peer: RawPeer) => void;
  /** What the client gets: the status of the response, and the code of RST_STREAM where the response had begun. */
  readonly status: string;
  readonly reset?: number;
}

const MISDEEDS: readonly Misdeed[] = [
  { name: 'garbage', does: (peer) => peer.send(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello, this is another protocol')), status: '502' },
  { name: 'random octets', does: (peer) => peer.send(Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919 + 13) % 251))), status: '502' },
  { name: 'a close in the middle of a frame header', does: (peer) => peer.socket.end(headers(1, OK).subarray(0, 5)), status: '502' },
  { name: 'a close in the middle of HEADERS', does: (peer) => peer.socket.end(headers(1, OK).subarray(0, 12)), status: '502' },
  { name: 'a close in the middle of DATA', does: (peer) => peer.socket.end(Buffer.concat([headers(1, OK), data(1, 'hello').subarray(0, 11)])), status: '200', reset: INTERNAL_ERROR },
  { name: 'a reset of the connection', does: (peer) => peer.socket.resetAndDestroy(), status: '502' },
  { name: 'RST_STREAM after HEADERS', does: (peer) => peer.send(headers(1, OK), rstStream(1, 11)), status: '200', reset: 11 },
  { name: 'an answer to a request that was not sent', does: (peer) => peer.send(headers(3, OK, END_STREAM)), status: '502' },
  { name: 'PUSH_PROMISE', does: (peer) => peer.send(frame(PUSH_PROMISE, 4, 1, Buffer.concat([uint32(2), block(GET_REQUEST)]))), status: '502' },
  { name: 'DATA without HEADERS', does: (peer) => peer.send(data(1, 'x')), status: '502' },
  { name: 'two responses', does: (peer) => peer.send(headers(1, OK), headers(1, OK, END_STREAM)), status: '200', reset: INTERNAL_ERROR },
  { name: 'CR and LF in a value', does: (peer) => peer.send(headers(1, [...OK, ['x', 'y\r\nz: z']], END_STREAM)), status: '502' },
  { name: 'a header list without end', does: (peer) => peer.send(frame(HEADERS, 0, 1, block(OK)), ...Array.from({ length: 40 }, () => frame(CONTINUATION, 0, 1, block([['x', 'y'.repeat(16_000)]])))), status: '502' },
  { name: 'GOAWAY with an error', does: (peer) => peer.send(goAway(1, 2), rstStream(1, 2)), status: '', reset: INTERNAL_ERROR },
];

interface Flood {
  readonly name: string;
  readonly first?: readonly Uint8Array[];
  readonly frame: (index: number) => Uint8Array;
  readonly cause: RegExp;
}

const FLOODS: readonly Flood[] = [
  { name: 'PING', frame: () => ping(), cause: /PING/ },
  { name: 'SETTINGS', frame: () => settings([3, 100]), cause: /SETTINGS/ },
  { name: 'SETTINGS ACK', frame: () => settingsAck(), cause: /SETTINGS ACK/ },
  { name: 'WINDOW_UPDATE', frame: () => windowUpdate(1, 1), cause: /WINDOW_UPDATE/ },
  { name: 'empty DATA', first: [headers(1, OK)], frame: () => data(1, ''), cause: /empty DATA/ },
  { name: 'informational responses', frame: () => headers(1, [[':status', '103']]), cause: /informational/ },
  { name: 'GOAWAY', frame: () => goAway(1, 0), cause: /GOAWAY/ },
  { name: 'PING ACK', frame: () => ping('unwanted', ACK), cause: /PING/ },
];

describe('hostile servers', () => {
  const defer = cleanUpAfterEach();

  async function request(set: Scene): Promise<{ client: RawPeer; peer: RawPeer }> {
    const client = await connectRaw(set.pillion.port);
    defer(() => client.destroy());
    client.send(headers(1, GET_REQUEST, END_STREAM));
    const peer = await set.server.accept();
    await peer.take(HEADERS, 1);
    return { client, peer };
  }

  for (const { name, does, status, reset } of MISDEEDS) {
    it(`${name}: costs its stream, and the next request is served`, async () => {
      const set = await scene(defer);
      await unharmed(set, async () => {
        const { client, peer } = await request(set);
        does(peer);
        if (status !== '') assert.equal(field(await client.take(HEADERS, 1), ':status'), status);
        if (reset !== undefined) assert.equal(await client.resetCode(1), reset);
        client.send(headers(3, GET_REQUEST, END_STREAM));
        // On the same connection, or another where that is gone.
        for (;;) {
          const next = set.server.peers.find((one) => one.frames.some((frame_) => frame_.type === HEADERS));
          if (next === undefined) {
            await Promise.race(set.server.peers.filter((one) => !one.ended).map((one) => once(one, 'change')).concat([once(set.server, 'peer')]));
            continue;
          }
          next.send(headers((await next.take(HEADERS)).id, [[':status', '204']], END_STREAM));
          break;
        }
        assert.equal(field(await client.take(HEADERS, 3), ':status'), '204');
      });
      const { counters } = set.pillion.server('raw');
      assert.equal(counters.streamsCurrent, 0);
      assert.ok((await linesOf(set)).length <= 1);
    });
  }

  for (const { name, first = [], frame: frames, cause } of FLOODS) {
    it(`${name}: ends the server's connection`, async () => {
      const set = await scene(defer);
      await unharmed(set, async () => {
        const { client, peer } = await request(set);
        peer.send(...first);
        await flood(peer, 12_000, frames);
        if (first.length === 0 && name !== 'informational responses') assert.equal(field(await client.take(HEADERS, 1), ':status'), '502');
        const { code } = await peer.goAway();
        assert.ok(code === 0 || code === ENHANCE_YOUR_CALM);
      });
      const { counters } = set.pillion.server('raw');
      assert.ok(counters.glitches > 0 && counters.protocolErrors > 0);
      const lines = await linesOf(set);
      assert.ok(lines.length >= 1 && lines.length <= 2, JSON.stringify(lines));
      assert.ok(lines.some((line) => cause.test(String(line['cause']))), JSON.stringify(lines));
    });
  }

  it('a server that answers before it is asked, or with another protocol, or not at all, is not waited for', async () => {
    const greetings: readonly ((socket: Socket) => void)[] = [
      (socket) => void socket.write('220 mail.example ESMTP\r\n'),
      (socket) => void socket.write(Buffer.concat([settings(), headers(3, OK, END_STREAM)])),
      (socket) => void socket.end(),
      (socket) => void socket.resetAndDestroy(),
    ];
    for (const greet of greetings) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        greet(socket);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => server.close());
      const other = await scene(defer, { server: `127.0.0.1:${(server.address() as AddressInfo).port}` });
      const client = await connectRaw(other.pillion.port);
      defer(() => client.destroy());
      client.send(headers(1, GRPC_REQUEST, END_STREAM));
      assert.equal(field(await client.take(HEADERS, 1), 'grpc-status'), '14');
      assert.equal(other.pillion.server('raw').counters.streamsCurrent, 0);
    }
  });
});
