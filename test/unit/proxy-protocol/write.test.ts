import assert from 'node:assert/strict';
import type { ProxyTls } from '../../../src/proxy-protocol/header.ts';
import { readProxyHeader } from '../../../src/proxy-protocol/read.ts';
import { proxyV1, proxyV2, proxyV2Local, type ProxyV2Options } from '../../../src/proxy-protocol/write.ts';

const PLAIN: ProxyV2Options = { ssl: false, certCn: false, sslCipher: false, authority: false, crc32c: false };
const FROM = { address: '192.0.2.1', port: 56324 };
const TO = { address: '198.51.100.2', port: 443 };
const SIGNATURE = '0d0a0d0a000d0a515549540a';
const TLS: ProxyTls = { version: 'TLSv1.3', cipher: 'TLS_X', sni: 'a.b', clientName: 'me', clientVerified: true, clientPresented: true };

describe('PROXY protocol: writing', () => {
  it('writes version 1', () => {
    assert.equal(proxyV1(FROM, TO).toString(), 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n');
    assert.equal(proxyV1({ address: '2001:db8::1', port: 1 }, TO).toString(), 'PROXY TCP6 2001:db8::1 ::ffff:198.51.100.2 1 443\r\n');
    assert.equal(proxyV1(null, TO).toString(), 'PROXY UNKNOWN\r\n');
    assert.equal(proxyV1(FROM, { address: '', port: 0 }).toString(), 'PROXY UNKNOWN\r\n');
  });

  it('writes version 2', () => {
    assert.equal(proxyV2(FROM, TO, null, PLAIN).toString('hex'), `${SIGNATURE}2111000cc0000201c6336402dc0401bb`);
    assert.equal(
      proxyV2({ address: '2001:db8::1', port: 56324 }, { address: '::ffff:192.0.2.1', port: 443 }, null, PLAIN).toString('hex'),
      `${SIGNATURE}2121002420010db800000000000000000000000100000000000000000000ffffc0000201dc0401bb`,
    );
    assert.equal(proxyV2(null, TO, null, PLAIN).toString('hex'), `${SIGNATURE}21000000`);
    assert.equal(proxyV2Local().toString('hex'), `${SIGNATURE}20000000`);
  });

  it('tells of TLS and the client\'s certificate', () => {
    const header = proxyV2(FROM, TO, TLS, { ...PLAIN, ssl: true, certCn: true, sslCipher: true, authority: true }).toString('hex');
    assert.equal(
      header.slice(56),
      `020003${Buffer.from('a.b').toString('hex')}20001c0700000000210007${Buffer.from('TLSv1.3').toString('hex')}220002${Buffer.from('me').toString('hex')}230005${Buffer.from('TLS_X').toString('hex')}`,
    );
    assert.equal(proxyV2(FROM, TO, null, { ...PLAIN, ssl: true }).toString('hex').slice(56), '2000050000000001');
    const unproven = proxyV2(FROM, TO, { ...TLS, clientPresented: false, clientVerified: false }, { ...PLAIN, ssl: true });
    assert.equal(unproven.toString('hex').slice(56, 72), '20000f0100000001');
  });

  it('tells the unique id, cut to what is allowed, and is read back', () => {
    const header = proxyV2(FROM, TO, TLS, { ...PLAIN, authority: true, uniqueId: 'id-7' });
    const told = { authority: 'a.b', uniqueId: 'id-7' };
    assert.deepEqual(readProxyHeader(header), { kind: 'header', header: { source: FROM, destination: TO, told }, length: header.length });
    const long = readProxyHeader(proxyV2(FROM, TO, null, { ...PLAIN, uniqueId: 'x'.repeat(200) }));
    assert.equal(long.kind === 'header' && long.header.told?.uniqueId, 'x'.repeat(128));
  });

  it('is read back, with its checksum', () => {
    for (const from of [FROM, { address: '::1', port: 9 }]) {
      const to = from === FROM ? TO : { address: '2001:db8::', port: 8 };
      const bytes = proxyV2(from, to, TLS, { ssl: true, certCn: true, sslCipher: true, authority: true, crc32c: true });
      assert.deepEqual(readProxyHeader(bytes), { kind: 'header', header: { source: from, destination: to, told: { authority: 'a.b', uniqueId: null } }, length: bytes.length });
    }
  });
});
