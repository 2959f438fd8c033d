import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FieldList, NO_FIELDS } from '../../../../src/model/fields.ts';
import { HpackDecoder } from '../../../../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../../../../src/h2/hpack/encoder.ts';

const out = Buffer.alloc(131072);

function encode(encoder: HpackEncoder, list: FieldList, extra: FieldList | null = null): string {
  return out.toString('hex', 0, encoder.encode(list, extra, out, 0));
}

/** An encoder with a decoder that follows it. */
class Pair {
  readonly encoder: HpackEncoder = new HpackEncoder(65536);
  readonly decoder: HpackDecoder = new HpackDecoder(65536, 1 << 20);

  /** Sends a list across and returns the block's length. */
  send(list: FieldList, extra: FieldList = NO_FIELDS): number {
    const end = this.encoder.encode(list, extra, out, 0);
    assert.deepEqual(this.decoder.decode(out, 0, end)?.fields, [...list.fields, ...extra.fields]);
    return end;
  }
}

const CALL = FieldList.of([':method', 'POST'], [':path', '/a.B/C'], ['user-agent', 'x/1'], ['te', 'trailers']);

describe('h2/hpack/encoder', () => {
  it('writes known fields as one octet each from the second time on, at any offset', () => {
    const pair = new Pair();
    assert.ok(pair.send(CALL) > 4);
    for (let i = 0; i < 4; i++) assert.equal(pair.send(CALL), 4);
    const hex = encode(pair.encoder, CALL);
    out.fill(0);
    assert.equal(pair.encoder.encode(CALL, null, out, 1000), 1004);
    assert.equal(out.toString('hex', 1000, 1004), hex);
    assert.equal(out[999], 0);
    assert.equal(pair.send(FieldList.of(...CALL.fields.map(({ name, value }) => [name, value] as const))), 4);
  });

  it('forgets what it remembered when the table changes', () => {
    const pair = new Pair();
    for (let i = 0; i < 30; i++) {
      pair.send(CALL);
      pair.send(CALL);
      pair.send(FieldList.of(['x-new', `${i % 7}`]));
    }
  });

  it('keeps apart what several encoders did with one list', () => {
    const pairs = [new Pair(), new Pair(), new Pair()];
    pairs[1]?.send(FieldList.of(['x-other', 'entry']));
    pairs[2]?.encoder.setMaxTableSize(0);
    for (let i = 0; i < 5; i++) for (const pair of pairs) pair.send(CALL);
  });

  it('survives more lists than it remembers', () => {
    const pair = new Pair();
    const lists = Array.from({ length: 300 }, (_, i) => FieldList.of([':method', 'GET'], ['te', 'trailers'], ['grpc-timeout', `${i}m`]));
    for (let round = 0; round < 3; round++) for (const list of lists) pair.send(list);
  });

  it('puts extra fields after the list and never into the table', () => {
    const pair = new Pair();
    pair.send(CALL);
    const extra = FieldList.of(['traceparent', '00-1'], ['x-extra', 'v']);
    const length = pair.send(CALL, extra);
    assert.equal(pair.send(CALL, extra), length);
    assert.equal(pair.send(CALL), 4);
  });

  it('does not index what varies', () => {
    const pair = new Pair();
    for (const [name, value] of [
      ['content-length', '5'], ['grpc-timeout', '1S'], ['traceparent', '00-1'], ['tracestate', 'a=b'], ['x-request-id', '1'], ['date', 'now'],
      [':path', '/a?b'],
    ] as const) {
      const length = pair.send(FieldList.of([name, value]));
      assert.ok(length > 1);
      assert.equal(pair.send(FieldList.of([name, value])), length, name);
    }
    assert.ok(pair.send(FieldList.of([':path', '/a'])) > 1);
    assert.equal(pair.send(FieldList.of([':path', '/a'])), 1);
  });

  it('indexes no field that takes more than a quarter of the table', () => {
    const pair = new Pair();
    for (const [length, indexed] of [[4096 / 4 - 32 - 3, true], [4096 / 4 - 32 - 2, false]] as const) {
      const list = FieldList.of(['x-a', 'v'.repeat(length)]);
      pair.send(list);
      assert.equal(pair.send(list) === 1, indexed);
    }
  });

  it('gives up indexing a name whose values never come back, until one does', () => {
    const pair = new Pair();
    pair.send(CALL);
    for (let i = 0; i < 1000; i++) {
      assert.ok(pair.send(FieldList.of(['x-unique', `${i}`.padStart(36, '0')])) > 1);
      if (i > 20) assert.equal(pair.send(CALL), 4);
    }
    const steady = FieldList.of(['x-unique', 'steady']);
    pair.send(steady);
    pair.send(steady);
    assert.equal(pair.send(steady), 1);
  });

  it('uses the name of an entry whose value differs', () => {
    const pair = new Pair();
    pair.send(FieldList.of(['x-rather-long-name', '1']));
    assert.equal(encode(pair.encoder, FieldList.of(['x-rather-long-name', '2'])), '7e0132');
  });

  it('tells fields with one value under several names apart', () => {
    const pair = new Pair();
    const names = Array.from({ length: 40 }, (_, i) => `x-${i}`);
    for (let round = 0; round < 3; round++) {
      for (const name of names) assert.equal(pair.send(FieldList.of([name, 'same'])) === 1, round > 0);
    }
  });

  it('finds a field while another with its value leaves the table', () => {
    const pair = new Pair();
    pair.encoder.setMaxTableSize(1000);
    const list = FieldList.of(['x-second', 'same']);
    pair.send(FieldList.of(['x-first', 'same']));
    pair.send(list);
    // 43 and 44 bytes are in the table; five times 190 push out the first of them.
    for (let i = 0; i < 4; i++) pair.send(FieldList.of([`x-${i}`, 'v'.repeat(190 - 32 - 3)]));
    assert.equal(pair.send(list), 1);
    pair.send(FieldList.of(['x-4', 'v'.repeat(190 - 32 - 3)]));
    assert.equal(pair.send(list), 1);
    pair.send(FieldList.of(['x-5', 'v'.repeat(190 - 32 - 3)]));
    assert.ok(pair.send(list) > 1);
  });

  it('holds on to no names, values or lists for ever', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const pair = new Pair();
    const flood = (from: number, to: number): number => {
      for (let i = from; i < to; i++) {
        pair.send(FieldList.of([`x-${i}-${'n'.repeat(100)}`, `${i}-${'v'.repeat(300)}`], ['te', 'trailers'], ['content-length', `${i}`]));
      }
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = flood(0, 2000);
    assert.ok(flood(2000, 12_000) - before < 1_000_000);
  });

  it('codes strings on both sides of where their length takes two octets', () => {
    const pair = new Pair();
    // 'X' takes eight bits, 'a' five.
    for (let length = 110; length < 160; length++) {
      for (const short of [0, 3, 10, 60]) pair.send(FieldList.of(['x', 'X'.repeat(length - short) + 'a'.repeat(short)]));
    }
  });

  describe('table size', () => {
    it('is announced when it is not 4096', () => {
      assert.equal(encode(new HpackEncoder(256), FieldList.of([':method', 'GET'])), '3fe10182');
      assert.equal(encode(new HpackEncoder(65536), FieldList.of([':method', 'GET'])), '82');
    });

    it('follows the peer up to our own limit', () => {
      const encoder = new HpackEncoder(8192);
      encoder.setMaxTableSize(65536);
      const get = FieldList.of([':method', 'GET']);
      assert.equal(encode(encoder, get), '3fe13f82');
      assert.equal(encode(encoder, get), '82');
      encoder.setMaxTableSize(10000);
      assert.equal(encode(encoder, get), '82');
    });

    it('is announced with the smallest in between first', () => {
      const pair = new Pair();
      pair.send(CALL);
      pair.send(CALL);
      pair.encoder.setMaxTableSize(0);
      pair.encoder.setMaxTableSize(100);
      pair.encoder.setMaxTableSize(4096);
      const hex = encode(pair.encoder, CALL);
      assert.ok(hex.startsWith('203fe11f83'), hex);
      const block = Buffer.from(hex, 'hex');
      assert.deepEqual(pair.decoder.decode(block, 0, block.length)?.fields, CALL.fields);
      assert.equal(pair.send(CALL), 4);
    });

    it('of zero makes every block literal', () => {
      const encoder = new HpackEncoder(0);
      const first = encode(encoder, CALL);
      assert.equal(first.slice(0, 2), '20');
      for (let i = 0; i < 3; i++) assert.equal(encode(encoder, CALL), first.slice(2));
    });
  });

  it('writes no more than it said, whatever the octets', () => {
    for (const octet of ['a', '\x00', '\xff', '{']) {
      for (const length of [0, 1, 5, 120, 126, 127, 128, 129, 200, 20000]) {
        const list = FieldList.of(['x', octet.repeat(length)], [octet.repeat(length), octet]);
        const pair = new Pair();
        const bound = pair.encoder.maxEncodedLength(list, list);
        assert.ok(pair.send(list, list) <= bound);
        out.fill(0xa5, 0, bound + 8);
        pair.encoder.encode(list, list, out, 0);
        assert.equal(out.toString('hex', bound, bound + 8), 'a5'.repeat(8));
      }
    }
  });
});
