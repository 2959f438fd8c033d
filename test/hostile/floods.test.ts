/** Floods from clients: the connection that sends them ends within a bounded number of frames, and nobody else notices. */
import assert from 'node:assert/strict';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import {
  ACK, block, CONTINUATION, data, END_STREAM, frame, GET_REQUEST, goAway, GOAWAY, HEADERS, headers, PADDED, ping, PRIORITY, rstStream, settings,
  settingsAck, uint32, windowUpdate, WINDOW_UPDATE, type Fields,
} from '../support/frames.ts';
import { flood, linesOf, scene, unharmed } from '../support/hostile.ts';
import { connectRaw, type RawPeer } from '../support/raw-peer.ts';

const ENHANCE_YOUR_CALM = 11;
const CANCEL = 8;
const POST: Fields = GET_REQUEST.map(([name, value]) => [name, name === ':method' ? 'POST' : value]);

interface Attack {
  readonly name: string;
  /** Sent once, before. */
  readonly first?: readonly Uint8Array[];
  readonly frame: (index: number) => Uint8Array;
  /** Frames, or streams, after which the connection must have ended. */
  readonly most: number;
  /** How the log calls it. */
  readonly cause: RegExp;
}

const id = (index: number): number => 2 * index + 1;
/** One glitch each, of 1000, and what is under way when the connection ends. */
const MOST_GLITCHES = 3000;

const ATTACKS: readonly Attack[] = [
  { name: 'rapid reset (CVE-2023-44487)', frame: (index) => Buffer.concat([headers(id(index), GET_REQUEST, END_STREAM), rstStream(id(index), CANCEL)]), most: 15_000, cause: /glitches.*RST_STREAM/ },
  { name: 'MadeYouReset by WINDOW_UPDATE of 0 (CVE-2025-8671)', frame: (index) => Buffer.concat([headers(id(index), GET_REQUEST, END_STREAM), windowUpdate(id(index), 0)]), most: MOST_GLITCHES, cause: /WINDOW_UPDATE of 0/ },
  { name: 'MadeYouReset by a window that overflows', frame: (index) => Buffer.concat([headers(id(index), POST), windowUpdate(id(index), 0x7fff_ffff)]), most: MOST_GLITCHES, cause: /stream window above/ },
  { name: 'MadeYouReset by DATA after the end', frame: (index) => Buffer.concat([headers(id(index), GET_REQUEST, END_STREAM), data(id(index), 'x')]), most: MOST_GLITCHES, cause: /DATA after END_STREAM/ },
  { name: 'MadeYouReset by PRIORITY of a wrong size', frame: (index) => Buffer.concat([headers(id(index), POST), frame(PRIORITY, 0, id(index), Buffer.alloc(4))]), most: MOST_GLITCHES, cause: /PRIORITY/ },
  { name: 'MadeYouReset by malformed requests', frame: (index) => headers(id(index), [...GET_REQUEST, ['upgrade', 'h2c']], END_STREAM), most: MOST_GLITCHES, cause: /connection-specific/ },
  { name: 'streams beyond SETTINGS_MAX_CONCURRENT_STREAMS', frame: (index) => headers(id(index), POST), most: 15_000, cause: /more concurrent streams/ },
  { name: 'CONTINUATION (CVE-2024-27316)', first: [frame(HEADERS, 0, 1, block(GET_REQUEST))], frame: () => frame(CONTINUATION, 0, 1, Buffer.alloc(16_384)), most: 1000, cause: /header block beyond/ },
  { name: 'CONTINUATION of nothing', first: [frame(HEADERS, 0, 1, block(GET_REQUEST))], frame: () => frame(CONTINUATION, 0, 1), most: 1000, cause: /header block beyond/ },
  { name: 'SETTINGS', frame: () => settings([3, 100]), most: MOST_GLITCHES, cause: /glitches.*SETTINGS/ },
  { name: 'SETTINGS that change the windows of streams', first: Array.from({ length: 100 }, (_, index) => headers(id(index), POST)), frame: (index) => settings([4, index % 2 === 0 ? 1 : 65_535]), most: MOST_GLITCHES, cause: /glitches.*SETTINGS/ },
  { name: 'SETTINGS that change the header table', frame: (index) => settings([1, index % 2 === 0 ? 0 : 0xffff_ffff]), most: MOST_GLITCHES, cause: /glitches.*SETTINGS/ },
  { name: 'SETTINGS ACK', frame: () => settingsAck(), most: MOST_GLITCHES, cause: /glitches.*SETTINGS ACK/ },
  { name: 'PING', frame: () => ping(), most: MOST_GLITCHES, cause: /glitches.*PING/ },
  { name: 'PING ACK', frame: () => ping('whatever', ACK), most: MOST_GLITCHES, cause: /glitches.*PING/ },
  { name: 'empty DATA', first: [headers(1, POST)], frame: () => data(1, ''), most: MOST_GLITCHES, cause: /glitches.*empty DATA/ },
  { name: 'DATA that is all padding', first: [headers(1, POST)], frame: () => frame(0, PADDED, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(255)])), most: 12_000, cause: /glitches.*empty DATA/ },
  { name: 'DATA on closed streams', first: [headers(1, [...POST, ['upgrade', 'x']])], frame: () => data(1, 'x'), most: MOST_GLITCHES, cause: /glitches.*DATA on closed/ },
  { name: 'WINDOW_UPDATE of the connection', frame: () => windowUpdate(0, 1), most: MOST_GLITCHES, cause: /glitches.*WINDOW_UPDATE/ },
  { name: 'WINDOW_UPDATE of a stream', first: [headers(1, POST)], frame: () => windowUpdate(1, 1), most: MOST_GLITCHES, cause: /glitches.*WINDOW_UPDATE/ },
  { name: 'PRIORITY', frame: (index) => frame(PRIORITY, 0, id(index % 1000), uint32(0, 0).subarray(0, 5)), most: MOST_GLITCHES, cause: /glitches.*PRIORITY/ },
  { name: 'RST_STREAM on a closed stream', first: [headers(1, POST)], frame: () => rstStream(1, CANCEL), most: MOST_GLITCHES, cause: /glitches.*RST_STREAM/ },
  { name: 'GOAWAY', frame: () => goAway(0, 0), most: MOST_GLITCHES, cause: /glitches.*GOAWAY/ },
  { name: 'frames of unknown types', frame: () => frame(0x42, 0, 0), most: MOST_GLITCHES, cause: /glitches.*unknown type/ },
];

describe('floods from a client', () => {
  const defer = cleanUpAfterEach();

  for (const { name, first = [], frame: frames, most, cause } of ATTACKS) {
    it(`${name}: ends after a bounded number`, async () => {
      const set = await scene(defer);
      const peer: RawPeer = await connectRaw(set.pillion.port);
      defer(() => peer.destroy());
      await unharmed(set, async () => {
        peer.send(...first);
        await flood(peer, most, frames);
      });
      const told = peer.seen.filter((one) => one.type === GOAWAY).map((one) => one.payload.readUInt32BE(4));
      assert.ok(told.length > 0 && told.every((code) => code === 0 || code === ENHANCE_YOUR_CALM), `GOAWAY ${told.join()}`);
      const { counters } = set;
      assert.ok(counters.glitches + counters.protocolErrors > 0);
      assert.ok(counters.floods >= 1, 'counted as a flood');
      const lines = await linesOf(set);
      assert.ok(lines.length >= 1 && lines.length <= 2, `${lines.length} lines`);
      assert.ok(lines.some((line) => cause.test(String(line['cause']))), JSON.stringify(lines));
      assert.equal(set.pillion.server('raw').counters.streamsCurrent, 0, 'no stream is left');
    });
  }

  it('answers no faster than it is read: PING and requests from a client that does not read', async () => {
    const set = await scene(defer, { global: ['tune.h2.fe.glitches-threshold 0'] });
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    await unharmed(set, async () => {
      peer.socket.pause();
      // 4 MiB of answers may wait in Pillion, and what the kernel takes before it.
      for (let sent = 0; set.counters.floods === 0; sent += 4000) {
        assert.ok(sent < 2_000_000, `${sent} PING frames and the connection goes on`);
        peer.send(...Array.from({ length: 4000 }, () => ping()));
        if (peer.socket.writableNeedDrain) await Promise.race([new Promise((resolve) => peer.socket.once('drain', resolve)), new Promise((resolve) => setImmediate(resolve))]);
        else await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const lines = await linesOf(set);
    assert.deepEqual(lines.map((line) => /does not read/.test(String(line['cause']))), [true], JSON.stringify(lines));
    assert.equal(set.counters.floods, 1);
  });

  it('lets other connections have their turn: tune.h2.fe.max-rst-at-once', async () => {
    const set = await scene(defer, { global: ['tune.h2.fe.max-rst-at-once 2', 'tune.h2.fe.max-frames-at-once 7'] });
    const peer = await connectRaw(set.pillion.port);
    defer(() => peer.destroy());
    const streams = 200;
    await unharmed(set, async () => {
      peer.send(...Array.from({ length: streams }, (_, index) => Buffer.concat([headers(id(index), GET_REQUEST, END_STREAM), rstStream(id(index), CANCEL)])));
      peer.send(...Array.from({ length: 50 }, () => frame(WINDOW_UPDATE, 0, 0, uint32(1))));
      await peer.settled();
    });
    assert.equal(set.counters.streamsTotal, streams, 'every frame was handled in the end');
  });
});
