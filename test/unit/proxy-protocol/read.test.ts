import assert from 'node:assert/strict';
import { readProxyHeader, type ReadResult } from '../../../src/proxy-protocol/read.ts';
import { crc32c } from '../../../src/proxy-protocol/crc32c.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function v1(line: string): Buffer {
  return Buffer.from(line, 'latin1');
}

const IPV4 = hex(`${SIGNATURE} 21 11 000c c0000201 c6336402 dc04 01bb`);
const IPV6 = hex(`${SIGNATURE} 21 21 0024 20010db8000000000000000000000001 20010db8000000010000000000000002 dc04 01bb`);

/** Every prefix is 'more' or says what the whole says; a good header leaves what follows. */
function check(bytes: Buffer, expected: ReadResult): void {
  for (let size = 0; size < bytes.length; size++) {
    const early = readProxyHeader(bytes.subarray(0, size));
    if (early.kind === 'more') continue;
    assert.deepEqual(early, expected, `prefix of ${size} octets`);
    assert.equal(early.kind, 'invalid', `a header before its end, at ${size} octets`);
  }
  assert.deepEqual(readProxyHeader(bytes), expected);
  if (expected.kind === 'header') assert.deepEqual(readProxyHeader(Buffer.concat([bytes, Buffer.from('PRI * HTTP/2.0')])), expected);
}

function header(bytes: Buffer, source: [string, number] | null, destination: [string, number] | null): ReadResult {
  const end = (pair: [string, number] | null): { address: string; port: number } | null => pair && { address: pair[0], port: pair[1] };
  return { kind: 'header', length: bytes.length, header: { source: end(source), destination: end(destination) } };
}

describe('PROXY protocol: reading', () => {
  it('reads version 1', () => {
    const four = v1('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n');
    check(four, header(four, ['192.0.2.1', 56324], ['198.51.100.2', 443]));
    const six = v1('PROXY TCP6 2001:db8::1 2001:db8:0:1::2 56324 443\r\n');
    check(six, header(six, ['2001:db8::1', 56324], ['2001:db8:0:1::2', 443]));
    const longest = v1(`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`);
    assert.equal(longest.length, 107);
    for (const unknown of [v1('PROXY UNKNOWN\r\n'), longest]) check(unknown, header(unknown, null, null));
  });

  it('reads version 2', () => {
    check(IPV4, header(IPV4, ['192.0.2.1', 56324], ['198.51.100.2', 443]));
    check(IPV6, header(IPV6, ['2001:db8::1', 56324], ['2001:db8:0:1::2', 443]));
  });

  it('writes IPv6 addresses as RFC 5952 does, mapped ones as IPv4', () => {
    const of = (source: string): string | undefined => {
      const result = readProxyHeader(hex(`${SIGNATURE} 21 21 0024 ${source} ${'0'.repeat(32)} 0001 0002`));
      return result.kind === 'header' ? result.header.source?.address : undefined;
    };
    assert.equal(of('00000000000000000000ffffc0000201'), '192.0.2.1');
    assert.equal(of('00000000000000000000000000000000'), '::');
    assert.equal(of('20010db8000000000001000000000001'), '2001:db8::1:0:0:1');
    assert.equal(of('20010db8000100010001000100010001'), '2001:db8:1:1:1:1:1:1');
    assert.equal(of('fe800000000000000000000000000000'), 'fe80::');
  });

  it('takes LOCAL, unspecified and Unix addresses for the socket\'s own', () => {
    for (const bytes of [
      hex(`${SIGNATURE} 20 00 0000`), hex(`${SIGNATURE} 20 11 000c c0000201 c6336402 dc04 01bb`), hex(`${SIGNATURE} 20 ff 0002 abcd`),
      hex(`${SIGNATURE} 21 00 0003 ffffff`), hex(`${SIGNATURE} 21 31 00d8 ${'2f'.repeat(216)}`),
    ]) check(bytes, header(bytes, null, null));
  });

  it('takes authority and unique id from the TLVs, and passes over others', () => {
    const bytes = hex(`${SIGNATURE} 21 11 0018 c0000201 c6336402 dc04 01bb 02 0003 612e62 04 0000 ea 0000`);
    const plain = header(bytes, ['192.0.2.1', 56324], ['198.51.100.2', 443]);
    assert.ok(plain.kind === 'header');
    check(bytes, { ...plain, header: { ...plain.header, told: { authority: 'a.b', uniqueId: null } } });
  });

  it('looks at the checksum', () => {
    const bytes = hex(`${SIGNATURE} 21 11 0013 c0000201 c6336402 dc04 01bb 03 0004 00000000`);
    bytes.writeUInt32BE(crc32c(bytes, 31, 35), 31);
    check(bytes, header(bytes, ['192.0.2.1', 56324], ['198.51.100.2', 443]));
    bytes[16] = 193;
    check(bytes, { kind: 'invalid', reason: 'version 2: the checksum is wrong' });
    assert.equal(crc32c(Buffer.from('123456789'), 0, 0), 0xe3069283);
  });

  const refused: readonly [string, Buffer][] = [
    ['it does not begin with a PROXY protocol header', v1('GET / HTTP/1.1\r\n')],
    ['it does not begin with a PROXY protocol header', v1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['it does not begin with a PROXY protocol header', v1('\r\n\r\nGET')],
    ['it does not begin with a PROXY protocol header', hex('16030100c8')],
    ['version 1: the protocol is none of TCP4, TCP6, UNKNOWN', v1('PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n')],
    ['version 1: 5 fields, expected 6', v1('PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n')],
    ['version 1: 7 fields, expected 6', v1('PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n')],
    ['version 1: not a TCP4 address and port', v1('PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n')],
    ['version 1: not a TCP4 address and port', v1('PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n')],
    ['version 1: not a TCP4 address and port', v1('PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n')],
    ['version 1: not a TCP6 address and port', v1('PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n')],
    ['version 1: not a TCP6 address and port', v1('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n')],
    ['version 1: the line ends without CR', v1('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n')],
    ['version 1: no end of line within 107 octets', v1(`PROXY TCP4 ${'1'.repeat(96)}`)],
    ['version 2: unknown version or command', hex(`${SIGNATURE} 11 11 000c c0000201 c6336402 dc04 01bb`)],
    ['version 2: unknown version or command', hex(`${SIGNATURE} 22 11 000c c0000201 c6336402 dc04 01bb`)],
    ['version 2: unknown address family or protocol', hex(`${SIGNATURE} 21 41 000c`)],
    ['version 2: unknown address family or protocol', hex(`${SIGNATURE} 21 13 000c`)],
    ['version 2: too short for its addresses', hex(`${SIGNATURE} 21 11 000b`)],
    ['version 2: too short for its addresses', hex(`${SIGNATURE} 21 21 0023`)],
    ['version 2: 16385 octets, at most 16384 are taken', hex(`${SIGNATURE} 21 11 3ff1`)],
    ['version 2: a TLV is cut short', hex(`${SIGNATURE} 21 11 000e c0000201 c6336402 dc04 01bb 0400`)],
    ['version 2: an authority of more than 255 octets', hex(`${SIGNATURE} 21 11 010f c0000201 c6336402 dc04 01bb 020100 ${'61'.repeat(256)}`)],
    ['version 2: a unique id of more than 128 octets', hex(`${SIGNATURE} 21 11 0090 c0000201 c6336402 dc04 01bb 050081 ${'61'.repeat(129)}`)],
    ['version 2: a TLV is longer than the header', hex(`${SIGNATURE} 21 11 0010 c0000201 c6336402 dc04 01bb 040002 00`)],
    ['version 2: a checksum of another size than 4 octets', hex(`${SIGNATURE} 21 11 0010 c0000201 c6336402 dc04 01bb 030001 00`)],
  ];
  for (const [reason, bytes] of refused) {
    it(`refuses: ${reason} (${bytes.toString('latin1').replaceAll(/[^ -~]/g, '.').slice(0, 40)})`, () => check(bytes, { kind: 'invalid', reason }));
  }
});
