/** OpenSSL's numbers for what is wrong with a certificate (x509_vfy.h, openssl-verification-options(1)), of which Node.js tells the names. */
import type { X509Certificate } from 'node:crypto';

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['UNABLE_TO_GET_ISSUER_CERT', 2], ['UNABLE_TO_GET_CRL', 3], ['UNABLE_TO_DECRYPT_CERT_SIGNATURE', 4], ['UNABLE_TO_DECRYPT_CRL_SIGNATURE', 5],
  ['UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY', 6], ['CERT_SIGNATURE_FAILURE', 7], ['CRL_SIGNATURE_FAILURE', 8], ['CERT_NOT_YET_VALID', 9],
  ['CERT_HAS_EXPIRED', 10], ['CRL_NOT_YET_VALID', 11], ['CRL_HAS_EXPIRED', 12], ['ERROR_IN_CERT_NOT_BEFORE_FIELD', 13],
  ['ERROR_IN_CERT_NOT_AFTER_FIELD', 14], ['ERROR_IN_CRL_LAST_UPDATE_FIELD', 15], ['ERROR_IN_CRL_NEXT_UPDATE_FIELD', 16], ['OUT_OF_MEM', 17],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 18], ['SELF_SIGNED_CERT_IN_CHAIN', 19], ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 20],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 21], ['CERT_CHAIN_TOO_LONG', 22], ['CERT_REVOKED', 23], ['INVALID_CA', 24], ['PATH_LENGTH_EXCEEDED', 25],
  ['INVALID_PURPOSE', 26], ['CERT_UNTRUSTED', 27], ['CERT_REJECTED', 28], ['HOSTNAME_MISMATCH', 62],
]);

const UNSPECIFIED = 1;
/** Of those that can only be about an issuer: it is missing, signs itself, must not sign, or there are too many. */
const OF_ISSUERS: readonly number[] = [2, 19, 22, 24, 25];
/** Its time has not come, or is over. */
const OF_TIME: readonly number[] = [9, 10];

/** 0: nothing is wrong. `error`: the name, or what holds it. */
export function verifyErrorNumber(error: Error | string | null | undefined): number {
  if (error === null || error === undefined || error === '') return 0;
  const name = typeof error === 'string' ? error : ((error as NodeJS.ErrnoException).code ?? '');
  return NUMBERS.get(name) ?? UNSPECIFIED;
}

/** What is wrong is wrong with an issuer of `certificate`. Node.js does not tell; a revocation is taken for that of the certificate itself. */
export function concernsIssuer(error: number, certificate: X509Certificate, time: number): boolean {
  if (OF_TIME.includes(error)) return certificate.validFromDate.getTime() <= time && time <= certificate.validToDate.getTime();
  return OF_ISSUERS.includes(error);
}
