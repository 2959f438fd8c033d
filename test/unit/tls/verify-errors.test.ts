import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { concernsIssuer, verifyErrorNumber } from '../../../src/tls/verify-errors.ts';
import { pem } from '../../support/tls.ts';

describe('errors of certificates', () => {
  it('have the numbers of OpenSSL', () => {
    for (const [error, number] of [
      [null, 0], [undefined, 0], ['CERT_HAS_EXPIRED', 10], ['CERT_REVOKED', 23], ['of a later OpenSSL', 1],
      [Object.assign(new Error('expired'), { code: 'CERT_HAS_EXPIRED' }), 10],
    ] as const) assert.equal(verifyErrorNumber(error), number);
  });

  it('are those of an issuer where the certificate itself cannot have them', () => {
    const good = new X509Certificate(pem('client'));
    const expired = new X509Certificate(pem('expired'));
    const time = Date.now();
    assert.equal(concernsIssuer(10, expired, time), false);
    assert.equal(concernsIssuer(10, good, time), true);
    assert.equal(concernsIssuer(19, good, time), true);
    assert.equal(concernsIssuer(23, good, time), false);
  });
});
