import assert from 'node:assert/strict';
import { FieldList } from '../../../../src/model/fields.ts';
import { HpackDecoder } from '../../../../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../../../../src/h2/hpack/encoder.ts';
import { writeInteger } from '../../../../src/h2/hpack/integer.ts';

type Pair = readonly [name: string, value: string];
interface Vector {
  readonly section: string;
  readonly tableSize: number;
  /** Consecutive blocks of one connection. */
  readonly blocks: readonly (readonly [hex: string, fields: readonly Pair[]])[];
  /** Whether our encoder's choices are those of the example. */
  readonly encodes: boolean;
}

const REQUEST: readonly Pair[] = [[':method', 'GET'], [':scheme', 'http'], [':path', '/'], [':authority', 'www.example.com']];
const SECURE: readonly Pair[] = [
  [':method', 'GET'], [':scheme', 'https'], [':path', '/index.html'], [':authority', 'www.example.com'], ['custom-key', 'custom-value'],
];
const LOCATION: Pair = ['location', 'https://www.example.com'];
const DATE: Pair = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const FOUND: readonly Pair[] = [[':status', '302'], ['cache-control', 'private'], DATE, LOCATION];
const TEMPORARY: readonly Pair[] = [[':status', '307'], ['cache-control', 'private'], DATE, LOCATION];
const OK: readonly Pair[] = [
  [':status', '200'], ['cache-control', 'private'], ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'], LOCATION, ['content-encoding', 'gzip'],
  ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
];

const VECTORS: readonly Vector[] = [
  {
    section: 'C.2.1', tableSize: 4096, encodes: false,
    blocks: [['400a637573746f6d2d6b65790d637573746f6d2d686561646572', [['custom-key', 'custom-header']]]],
  },
  { section: 'C.2.2', tableSize: 4096, encodes: false, blocks: [['040c2f73616d706c652f70617468', [[':path', '/sample/path']]]] },
  { section: 'C.2.3', tableSize: 4096, encodes: false, blocks: [['100870617373776f726406736563726574', [['password', 'secret']]]] },
  { section: 'C.2.4', tableSize: 4096, encodes: true, blocks: [['82', [[':method', 'GET']]]] },
  {
    section: 'C.3', tableSize: 4096, encodes: false,
    blocks: [
      ['828684410f7777772e6578616d706c652e636f6d', REQUEST],
      ['828684be58086e6f2d6361636865', [...REQUEST, ['cache-control', 'no-cache']]],
      ['828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565', SECURE],
    ],
  },
  {
    section: 'C.4', tableSize: 4096, encodes: true,
    blocks: [
      ['828684418cf1e3c2e5f23a6ba0ab90f4ff', REQUEST],
      ['828684be5886a8eb10649cbf', [...REQUEST, ['cache-control', 'no-cache']]],
      ['828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', SECURE],
    ],
  },
  {
    section: 'C.5', tableSize: 256, encodes: false,
    blocks: [
      [
        '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54'
          + '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        FOUND,
      ],
      ['4803333037c1c0bf', TEMPORARY],
      [
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157'
          + '454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
        OK,
      ],
    ],
  },
  {
    section: 'C.6', tableSize: 256, encodes: false,
    blocks: [
      ['488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3', FOUND],
      ['4883640effc1c0bf', TEMPORARY],
      [
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab27'
          + '0fb5291f9587316065c003ed4ee5b1063d5007',
        OK,
      ],
    ],
  },
];

describe('RFC 7541 Appendix C', () => {
  for (const { section, tableSize, blocks, encodes } of VECTORS) {
    it(`${section} decodes`, () => {
      const decoder = new HpackDecoder(tableSize, 65536);
      for (const [hex, pairs] of blocks) {
        const block = Buffer.from(hex, 'hex');
        const list = decoder.decode(block, 0, block.length);
        assert.ok(list);
        assert.deepEqual(list.fields.map((field) => [field.name, field.value]), pairs);
        assert.equal(list.size, FieldList.of(...pairs).size);
      }
    });
    if (!encodes) continue;
    it(`${section} encodes`, () => {
      const encoder = new HpackEncoder(tableSize);
      const out = Buffer.alloc(1024);
      for (const [hex, pairs] of blocks) {
        assert.equal(out.toString('hex', 0, encoder.encode(FieldList.of(...pairs), null, out, 0)), hex);
      }
    });
  }

  it('C.1 integers', () => {
    const out = Buffer.alloc(8);
    assert.equal(out.toString('hex', 0, writeInteger(out, 0, 0, 0x1f, 10)), '0a');
    assert.equal(out.toString('hex', 0, writeInteger(out, 0, 0, 0x1f, 1337)), '1f9a0a');
    assert.equal(out.toString('hex', 0, writeInteger(out, 0, 0, 0xff, 42)), '2a');
    assert.equal(out.toString('hex', 0, writeInteger(out, 0, 0, 0x7f, 0x7fffffff)), '7f80ffffff07');
  });

  it('C.2.3 keeps "never indexed" on the way through', () => {
    const block = Buffer.from('100870617373776f726406736563726574', 'hex');
    const list = new HpackDecoder(4096, 65536).decode(block, 0, block.length);
    assert.ok(list);
    assert.equal(list.fields[0]?.neverIndexed, true);
    const encoder = new HpackEncoder();
    const out = Buffer.alloc(1024);
    for (let i = 0; i < 3; i++) {
      const end = encoder.encode(list, null, out, 0);
      assert.equal((out[0] as number) & 0xf0, 0x10);
      const again = new HpackDecoder(4096, 65536).decode(out, 0, end);
      assert.deepEqual(again?.fields, [{ name: 'password', value: 'secret', neverIndexed: true }]);
    }
  });
});
