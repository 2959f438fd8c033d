/** What node:crypto does not tell of a certificate, from its DER (RFC 5280 §4.1, X.690). */

export interface CertificateFields {
  /** 1 to 3. */
  readonly version: number;
  /** `YYMMDDhhmmssZ`, as HAProxy writes them. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** OpenSSL's short names, else dotted numbers. */
  readonly signatureAlgorithm: string;
  readonly keyAlgorithm: string;
}

interface Element {
  readonly tag: number;
  /** Of the content. */
  readonly start: number;
  readonly end: number;
}

const EXPLICIT_VERSION = 0xa0;

const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.1', 'rsaEncryption'], ['1.2.840.113549.1.1.4', 'RSA-MD5'], ['1.2.840.113549.1.1.5', 'RSA-SHA1'],
  ['1.2.840.113549.1.1.10', 'RSASSA-PSS'], ['1.2.840.113549.1.1.11', 'RSA-SHA256'], ['1.2.840.113549.1.1.12', 'RSA-SHA384'],
  ['1.2.840.113549.1.1.13', 'RSA-SHA512'], ['1.2.840.113549.1.1.14', 'RSA-SHA224'], ['1.2.840.10045.2.1', 'id-ecPublicKey'],
  ['1.2.840.10045.4.1', 'ecdsa-with-SHA1'], ['1.2.840.10045.4.3.1', 'ecdsa-with-SHA224'], ['1.2.840.10045.4.3.2', 'ecdsa-with-SHA256'],
  ['1.2.840.10045.4.3.3', 'ecdsa-with-SHA384'], ['1.2.840.10045.4.3.4', 'ecdsa-with-SHA512'], ['1.2.840.10040.4.1', 'dsaEncryption'],
  ['1.2.840.10040.4.3', 'DSA-SHA1'], ['2.16.840.1.101.3.4.3.2', 'dsa_with_SHA256'], ['1.3.101.112', 'ED25519'], ['1.3.101.113', 'ED448'],
]);

/** null: it is no certificate. */
export function readCertificateFields(der: Uint8Array): CertificateFields | null {
  const [whole] = elements(der, 0, der.length);
  const [body] = whole === undefined ? [] : elements(der, whole.start, whole.end);
  if (body === undefined) return null;
  const fields = elements(der, body.start, body.end);
  const version = fields[0]?.tag === EXPLICIT_VERSION ? fields.shift() : undefined;
  const [, signature, , validity, , key] = fields;
  if (signature === undefined || validity === undefined || key === undefined) return null;
  const [notBefore, notAfter] = elements(der, validity.start, validity.end);
  const [keyAlgorithm] = elements(der, key.start, key.end);
  if (notBefore === undefined || notAfter === undefined || keyAlgorithm === undefined) return null;
  return {
    version: version === undefined ? 1 : (der[version.end - 1] ?? 0) + 1,
    notBefore: timeOf(der, notBefore), notAfter: timeOf(der, notAfter),
    signatureAlgorithm: algorithmOf(der, signature), keyAlgorithm: algorithmOf(der, keyAlgorithm),
  };
}

/** What lies one behind the other between the two; what does not add up ends it. */
function elements(der: Uint8Array, start: number, end: number): Element[] {
  const found: Element[] = [];
  for (let at = start; at + 2 <= end; ) {
    const tag = der[at] ?? 0;
    let size = der[at + 1] ?? 0;
    let content = at + 2;
    if (size >= 0x80) {
      const octets = size & 0x7f;
      if (octets === 0 || octets > 4 || content + octets > end) break;
      size = 0;
      for (let i = 0; i < octets; i++) size = size * 256 + (der[content + i] ?? 0);
      content += octets;
    }
    if (content + size > end) break;
    found.push({ tag, start: content, end: content + size });
    at = content + size;
  }
  return found;
}

/** UTCTime as it is; GeneralizedTime of this century without its first two digits. */
function timeOf(der: Uint8Array, { start, end }: Element): string {
  const text = Buffer.from(der.subarray(start, end)).toString('latin1');
  return /^20\d{12}Z$/.test(text) ? text.slice(2) : text;
}

function algorithmOf(der: Uint8Array, { start, end }: Element): string {
  const [oid] = elements(der, start, end);
  if (oid === undefined) return '';
  const dotted = dottedOf(der.subarray(oid.start, oid.end));
  return ALGORITHMS.get(dotted) ?? dotted;
}

/** X.690 §8.19: seven bits an octet, the first number holds two. */
function dottedOf(octets: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const octet of octets) {
    value = value * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      numbers.push(first, value - first * 40);
    } else {
      numbers.push(value);
    }
    value = 0;
  }
  return numbers.join('.');
}
