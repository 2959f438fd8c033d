import assert from 'node:assert/strict';
import { ReceiveWindows } from '../../../src/h2/receive-windows.ts';
import { Output } from '../../../src/transport/output.ts';

const RXBUF = 1_000_000;
const INITIAL = 65_535;

/** A stream as ReceiveWindows sees it. */
class Stream {
  granted = 0;
  readonly #windows: ReceiveWindows;

  constructor(windows: ReceiveWindows) {
    this.#windows = windows;
  }

  /** Its reader has taken what came; or not all of it. */
  turn(keepsUp = true): void {
    this.granted += this.#windows.adjust(this.granted, keepsUp ? INITIAL + this.granted : 0);
    assert.ok(this.granted >= 0);
  }
}

describe('receive windows', () => {
  const make = (): ReceiveWindows =>
    new ReceiveWindows(new Output({ write: () => {}, cork: () => {}, uncork: () => {} }, 1 << 20, () => {}), INITIAL, 16 << 20, RXBUF);

  it('lets one stream that keeps up have half of what there is', () => {
    const one = new Stream(make());
    for (let turn = 0; turn < 20; turn++) one.turn();
    assert.ok(Math.abs(one.granted - RXBUF / 2) < 10, String(one.granted));
  });

  for (const count of [2, 10, 99]) {
    it(`shares it evenly between ${count} that came one after the other`, () => {
      const windows = make();
      const streams: Stream[] = [];
      for (let index = 0; index < count; index++) {
        streams.push(new Stream(windows));
        for (const stream of streams) stream.turn();
      }
      for (let turn = 0; turn < 20; turn++) for (const stream of streams) stream.turn();
      const granted = streams.map((stream) => stream.granted);
      assert.ok(granted.reduce((sum, each) => sum + each, 0) <= RXBUF);
      assert.ok(INITIAL + Math.max(...granted) < 1.5 * (INITIAL + Math.min(...granted)), granted.join(' '));
    });
  }

  it('takes back from a stream whose reader falls behind, for one that keeps up', () => {
    const windows = make();
    const [slow, fast] = [new Stream(windows), new Stream(windows)];
    for (let turn = 0; turn < 20; turn++) slow.turn();
    for (let turn = 0; turn < 20; turn++) {
      slow.turn(false);
      fast.turn();
    }
    assert.ok(slow.granted <= 1, String(slow.granted));
    assert.ok(fast.granted > RXBUF * 0.49, String(fast.granted));
  });

  it('has all again when the streams have ended', () => {
    const windows = make();
    for (let index = 0; index < 50; index++) {
      const stream = new Stream(windows);
      for (let turn = 0; turn < 20; turn++) stream.turn();
      windows.shrink(stream.granted);
    }
    const last = new Stream(windows);
    for (let turn = 0; turn < 20; turn++) last.turn();
    assert.ok(last.granted > RXBUF * 0.49);
  });
});
