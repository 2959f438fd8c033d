import assert from 'node:assert/strict';
import { FrameReader } from '../../../src/h2/frame-reader.ts';
import { serverOptions, type Http2Options } from '../../../src/h2/options.ts';
import { CLIENT_PREFACE, frame, ping, PING, RST_STREAM, rstStream } from '../../support/frames.ts';

function options(maxFramesAtOnce: number, maxRstAtOnce: number): Http2Options {
  return serverOptions({
    initialWindowSize: 65_535, rxbuf: 0, maxConcurrentStreams: 100, maxFrameSize: 16_384, headerTableSize: 4096, glitchesThreshold: 0, maxTotalStreams: 0,
    maxFramesAtOnce, maxRstAtOnce,
  });
}

const NOTHING = new Uint8Array(0);

describe('h2/frame-reader', () => {
  function reader(maxFramesAtOnce: number, maxRstAtOnce: number): { readonly frames: string[]; readonly one: FrameReader } {
    const frames: string[] = [];
    const one: FrameReader = new FrameReader(options(maxFramesAtOnce, maxRstAtOnce), (bytes, at, length, type, _flags, id) => {
      if (type === RST_STREAM) one.resetRead();
      frames.push(`${type} ${id} ${Buffer.from(bytes.subarray(at, at + length)).toString('latin1')}`);
    });
    one.read(CLIENT_PREFACE, 0, CLIENT_PREFACE.length);
    return { frames, one };
  }

  it('gives the same frames however they are cut', () => {
    const octets = Buffer.concat([ping('12345678'), frame(0x99, 0, 5, Buffer.from('a longer payload')), frame(1, 0, 3), ping('abcdefgh')]);
    const whole = reader(0, 0);
    whole.one.read(octets, 0, octets.length);
    for (let size = 1; size < octets.length; size++) {
      const { frames, one } = reader(0, 0);
      for (let at = 0; at < octets.length; at += size) one.read(octets, at, Math.min(at + size, octets.length));
      assert.deepEqual(frames, whole.frames);
    }
  });

  it('handles so many frames in one go, and the others when it is asked to go on', () => {
    const { frames, one } = reader(2, 0);
    const octets = Buffer.concat(Array.from({ length: 5 }, (_, index) => ping(`number ${index}`)));
    one.read(octets, 0, octets.length - 3);
    assert.deepEqual([frames.length, one.holds], [2, true]);
    // What was under way already is held, too.
    one.read(octets, octets.length - 3, octets.length);
    assert.equal(frames.length, 2);
    one.read(NOTHING, 0, 0);
    assert.deepEqual([frames.length, one.holds], [4, true]);
    one.read(NOTHING, 0, 0);
    assert.deepEqual([frames.length, one.holds], [5, false]);
    assert.equal(frames[4], `${PING} 0 number 4`);
  });

  it('handles so many RST_STREAM in one go, between any number of others', () => {
    const { frames, one } = reader(0, 2);
    const octets = Buffer.concat([rstStream(1, 8), ping(), ping(), rstStream(3, 8), ping(), rstStream(5, 8), ping()]);
    one.read(octets, 0, octets.length);
    assert.deepEqual([frames.length, one.holds], [4, true]);
    one.read(NOTHING, 0, 0);
    assert.deepEqual([frames.length, one.holds], [7, false]);
  });
});
