import assert from 'node:assert/strict';
import { HpackError } from '../../../../src/h2/hpack/error.ts';
import { decodeHuffman, encodeHuffman, huffmanLength } from '../../../../src/h2/hpack/huffman.ts';
import { seeded } from './random-lists.ts';

function decode(hex: string): string {
  const source = Buffer.from(hex, 'hex');
  const target = Buffer.alloc(1024);
  return target.toString('latin1', 0, decodeHuffman(source, 0, source.length, target));
}

describe('h2/hpack/huffman', () => {
  it('codes as in RFC 7541 Appendix C', () => {
    const out = Buffer.alloc(64);
    for (const [text, hex] of [
      ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'], ['no-cache', 'a8eb10649cbf'], ['302', '6402'],
      ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ] as const) {
      assert.equal(out.toString('hex', 0, encodeHuffman(text, out, 0)), hex);
      assert.equal(huffmanLength(text), hex.length / 2);
      assert.equal(decode(hex), text);
    }
  });

  it('brings every octet back, beside short codes that make room', () => {
    const out = Buffer.alloc(256);
    const back = Buffer.alloc(256);
    for (let octet = 0; octet < 256; octet++) {
      for (const text of [`aaaaaaaa${String.fromCharCode(octet)}aaaaa`, `0${String.fromCharCode(octet, octet)}${'e'.repeat(20)}`]) {
        const end = encodeHuffman(text, out, 0);
        assert.equal(end, huffmanLength(text));
        assert.equal(back.toString('latin1', 0, decodeHuffman(out, 0, end, back)), text);
      }
    }
  });

  it('declines when the code is not shorter, and writes at most four octets beyond the text', () => {
    const random = seeded(7);
    for (let i = 0; i < 2000; i++) {
      const length = Math.floor(random() * 40);
      const text = Array.from({ length }, () => String.fromCharCode(random() < 0.8 ? 97 + random() * 26 : random() * 256)).join('');
      const out = Buffer.alloc(length + 16, 0xa5);
      const end = encodeHuffman(text, out, 0);
      const coded = huffmanLength(text);
      assert.equal(end, coded < length ? coded : -1, JSON.stringify(text));
      assert.ok(out.subarray(length + 4).every((octet) => octet === 0xa5));
    }
  });

  it('counts what has no room and drops it', () => {
    const target = Buffer.alloc(4);
    const source = Buffer.from('f1e3c2e5f23a6ba0ab90f4ff', 'hex');
    assert.equal(decodeHuffman(source, 0, source.length, target), 15);
    assert.equal(target.toString('latin1'), 'www.');
  });

  it('refuses EOS and bad padding', () => {
    assert.equal(decode(''), '');
    assert.equal(decode('1f'), 'a');
    for (const [hex, why] of [
      ['ffffffff', /EOS/], ['ffffffff1f', /EOS/], ['1ffffffffc', /EOS/],
      ['ff', /padding/], ['1fff', /padding/], ['18', /padding/], ['1e', /padding/], ['00', /padding/], ['fffffff0', /padding/],
    ] as const) {
      assert.throws(() => decode(hex), (error) => error instanceof HpackError && why.test(error.message) && /§5\.2/.test(error.message), hex);
    }
  });
});
