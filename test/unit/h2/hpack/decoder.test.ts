import assert from 'node:assert/strict';
import type { FieldList } from '../../../../src/model/fields.ts';
import { NO_FIELDS } from '../../../../src/model/fields.ts';
import { HpackDecoder } from '../../../../src/h2/hpack/decoder.ts';
import { HpackError } from '../../../../src/h2/hpack/error.ts';

const LIMIT = 65536;
/** `x-a: 1` inserted into the table. */
const INSERT_A = '4003782d610131';
const INSERT_B = '4003782d620132';

function decode(decoder: HpackDecoder, hex: string): FieldList | null {
  const block = Buffer.from(hex, 'hex');
  return decoder.decode(block, 0, block.length);
}

function text(list: FieldList | null): string | undefined {
  return list?.fields.map(({ name, value }) => `${name}=${value}`).join(' ');
}

function refuses(decoder: HpackDecoder, hex: string, message: RegExp): void {
  assert.throws(() => decode(decoder, hex), (error) => error instanceof HpackError && message.test(error.message), hex);
}

describe('h2/hpack/decoder', () => {
  describe('gives the same list again', () => {
    it('for the same octets, wherever they lie', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      decode(decoder, INSERT_A);
      const list = decode(decoder, '8386be');
      assert.equal(text(list), ':method=POST :scheme=http x-a=1');
      assert.equal(decode(decoder, '8386be'), list);
      const shifted = new Uint8Array([0, 0, 0x83, 0x86, 0xbe, 0]);
      assert.equal(decoder.decode(shifted, 2, 5), list);
      assert.notEqual(decode(decoder, '8387be'), list);
      assert.equal(decode(decoder, '8386be'), list);
    });

    it('also when a literal is in it that is not indexed', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      const list = decode(decoder, '830403612f62');
      assert.equal(text(list), ':method=POST :path=a/b');
      assert.equal(decode(decoder, '830403612f62'), list);
    });

    it('until the table changes', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      decode(decoder, INSERT_A);
      const before = decode(decoder, 'be');
      assert.equal(text(before), 'x-a=1');
      decode(decoder, INSERT_B);
      assert.equal(text(decode(decoder, 'be')), 'x-b=2');
      assert.equal(text(decode(decoder, 'bf')), 'x-a=1');
      decode(decoder, '20');
      refuses(decoder, 'be', /index 62 .*§2\.3\.3/);
    });

    it('but not for a block that inserts', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      assert.notEqual(decode(decoder, INSERT_A), decode(decoder, INSERT_A));
      assert.equal(text(decode(decoder, 'bebf')), 'x-a=1 x-a=1');
    });

    it('though hundreds of blocks that differ come between', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      const list = decode(decoder, '8386');
      for (let i = 0; i < 400; i++) {
        assert.equal(decode(decoder, `830402${(0x2f00 + i).toString(16)}`)?.fields.length, 2);
        assert.equal(decode(decoder, '8386'), list);
      }
    });

    it('in a place that another block held, once it is seen again and again', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      for (let i = 0; i < 100; i++) {
        const hex = `830402${(0x2f00 + i).toString(16)}`;
        for (let times = 0; times < 3; times++) decode(decoder, hex);
        assert.equal(decode(decoder, hex), decode(decoder, hex));
      }
    });

    it('for long blocks not at all, but right', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      const hex = '82'.repeat(300);
      assert.deepEqual(decode(decoder, hex), decode(decoder, hex));
      assert.equal(decode(decoder, hex)?.fields.length, 300);
    });
  });

  it('shares the table\'s field objects between lists', () => {
    const decoder = new HpackDecoder(4096, LIMIT);
    const field = decode(decoder, INSERT_A)?.fields[0];
    assert.equal(decode(decoder, '82be')?.fields[1], field);
    assert.equal(decode(decoder, '83be')?.fields[1], field);
  });

  it('takes an empty block for an empty list', () => {
    assert.equal(decode(new HpackDecoder(4096, LIMIT), ''), NO_FIELDS);
  });

  it('carries octets as latin1', () => {
    assert.equal(text(decode(new HpackDecoder(4096, LIMIT), '0001ff0300807f')), '\xff=\x00\x80\x7f');
  });

  describe('list limit', () => {
    it('counts 32 octets per field besides name and value', () => {
      assert.equal(decode(new HpackDecoder(4096, 42), '82')?.size, 42);
      assert.equal(decode(new HpackDecoder(4096, 41), '82'), null);
    });

    it('gives null and keeps the table right', () => {
      const decoder = new HpackDecoder(4096, 80);
      assert.equal(decode(decoder, `8282${INSERT_A}`), null);
      assert.equal(text(decode(decoder, 'be')), 'x-a=1');
      assert.equal(decode(decoder, 'bebebe'), null);
      assert.equal(decode(decoder, 'bebebe'), null);
      assert.equal(text(decode(decoder, 'be')), 'x-a=1');
    });

    it('does not unpack a string that is over every limit, and empties the table as its size demands', () => {
      const decoder = new HpackDecoder(100, 200);
      decode(decoder, INSERT_A);
      // 'a' is 00011: eight of them in five octets, 256 in 160.
      assert.equal(decode(decoder, `4003782d62ff21${'18c6318c63'.repeat(32)}`), null);
      refuses(decoder, 'be', /index 62/);
    });
  });

  describe('table', () => {
    it('evicts the oldest entries', () => {
      const decoder = new HpackDecoder(72, LIMIT);
      decode(decoder, INSERT_A + INSERT_B);
      assert.equal(text(decode(decoder, 'bebf')), 'x-b=2 x-a=1');
      decode(decoder, INSERT_A);
      assert.equal(text(decode(decoder, 'bebf')), 'x-a=1 x-b=2');
      refuses(decoder, 'c0', /index 64/);
    });

    it('starts at no more than 4096 and grows on an update', () => {
      const decoder = new HpackDecoder(65536, LIMIT);
      for (let i = 0; i < 200; i++) decode(decoder, INSERT_A);
      // 113 entries of 36 bytes fit: indexes 62 to 174.
      assert.equal(text(decode(decoder, 'ff2f')), 'x-a=1');
      assert.throws(() => decode(decoder, 'ff30'), HpackError);
      const larger = new HpackDecoder(65536, LIMIT);
      decode(larger, '3fe1ff03');
      for (let i = 0; i < 2000; i++) decode(larger, INSERT_A);
      // 1820 entries fit: indexes 62 to 1881.
      assert.equal(text(decode(larger, 'ffda0d')), 'x-a=1');
      assert.throws(() => decode(larger, 'ffdb0d'), HpackError);
    });

    it('survives the eviction of the entry that lends its name', () => {
      const decoder = new HpackDecoder(40, LIMIT);
      decode(decoder, INSERT_A);
      assert.equal(text(decode(decoder, '7e0133')), 'x-a=3');
      assert.equal(text(decode(decoder, 'be')), 'x-a=3');
    });
  });

  describe('table size updates', () => {
    it('up to the limit, several, at the start only', () => {
      assert.equal(text(decode(new HpackDecoder(4096, LIMIT), '203fe11f82')), ':method=GET');
      refuses(new HpackDecoder(4096, LIMIT), '3fe21f82', /4097 .*4096.*§6\.3/);
      refuses(new HpackDecoder(4096, LIMIT), '8220', /after the first field .*§4\.2/);
    });

    it('are required after a reduction, at or below the smallest limit', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      assert.equal(text(decode(decoder, '82')), ':method=GET');
      decoder.setMaxTableSize(100);
      decoder.setMaxTableSize(4096);
      refuses(decoder, '82', /no table size update to 100 .*§4\.2/);
      const other = new HpackDecoder(4096, LIMIT);
      other.setMaxTableSize(100);
      refuses(other, '3f4682', /limit of 100/);
      const obedient = new HpackDecoder(4096, LIMIT);
      obedient.setMaxTableSize(0);
      obedient.setMaxTableSize(4096);
      assert.equal(text(decode(obedient, '203fe11f82')), ':method=GET');
      assert.equal(text(decode(obedient, '82')), ':method=GET');
      const late = new HpackDecoder(4096, LIMIT);
      late.setMaxTableSize(50);
      refuses(late, '', /no table size update/);
    });

    it('are not required when the peer uses no more than the new limit', () => {
      const decoder = new HpackDecoder(4096, LIMIT);
      decode(decoder, '3e');
      decoder.setMaxTableSize(100);
      assert.equal(text(decode(decoder, '82')), ':method=GET');
    });
  });

  it('refuses what is malformed, naming the section', () => {
    for (const [hex, message] of [
      ['80', /index 0 .*§6\.1/], ['be', /index 62 .*§2\.3\.3/], ['ff80ffffff07', /index 2147483647 is beyond the tables/],
      ['ff81ffffff07', /too large .*§5\.1/], ['ffffffffff7f', /too large/], ['ff808080808000', /too large .*§5\.1/], ['ff80808080808000', /too large/],
      ['ff', /within an integer .*§5\.1/], ['ff80', /within an integer/], ['3f', /within an integer/],
      ['7e0131', /index 62/], ['0f80', /within an integer/], ['04', /before a string .*§5\.2/], ['00', /before a string/],
      ['0001', /string of 1 octets .* 0 left .*§5\.2/], ['000161', /before a string/], ['00016105', /string of 5/],
      ['007f80ffffff07', /string of 2147483647/], ['0481ff', /padding/], ['0484ffffffff', /EOS/],
    ] as const) {
      refuses(new HpackDecoder(4096, LIMIT), hex, message);
    }
  });
});
