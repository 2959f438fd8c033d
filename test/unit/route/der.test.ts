import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readCertificateFields } from '../../../src/route/der.ts';
import { pem } from '../../support/tls.ts';

/** 160107230238Z; with the century where that is another than this. */
function stampOf(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace(/[-T:]/g, '').replace(/^20/, '')}Z`;
}

describe('certificates in DER', () => {
  for (const [name, signatureAlgorithm, keyAlgorithm] of [
    ['server', 'ecdsa-with-SHA256', 'id-ecPublicKey'], ['rsa', 'ecdsa-with-SHA256', 'rsaEncryption'], ['expired', 'ecdsa-with-SHA256', 'id-ecPublicKey'],
  ] as const) {
    it(`tell of ${name}.pem what node:crypto does, and the rest`, () => {
      const x509 = new X509Certificate(pem(name));
      assert.deepEqual(readCertificateFields(x509.raw), {
        version: 3, signatureAlgorithm, keyAlgorithm, notBefore: stampOf(x509.validFromDate), notAfter: stampOf(x509.validToDate),
      });
    });
  }

  it('are null where they are none, wherever they are cut', () => {
    const { raw } = new X509Certificate(pem('server'));
    for (let size = 0; size < raw.length; size++) assert.equal(readCertificateFields(raw.subarray(0, size)), null);
    assert.equal(readCertificateFields(Buffer.alloc(100, 0x30)), null);
    assert.equal(readCertificateFields(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0])), null);
  });
});
