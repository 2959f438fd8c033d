import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { altNamesOf, certificateFilesOf, readAuthorities, readCertificate, readRevocations, TlsFileError } from '../../../src/tls/pem.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { scratchFolder } from '../../support/pillion-process.ts';
import { CERTIFICATES, pem } from '../../support/tls.ts';

/** The certificate, and the key, of a bundle. */
function parts(name: string): { readonly certificate: string; readonly key: string } {
  const text = pem(name).toString();
  const at = text.indexOf('-----BEGIN PRIVATE KEY');
  return { certificate: text.slice(0, at), key: text.slice(at) };
}

describe('files of certificates', () => {
  const defer = cleanUpAfterEach();

  function folder(files: Readonly<Record<string, string>>): string {
    const scratch = scratchFolder();
    defer(() => scratch.remove());
    for (const [name, text] of Object.entries(files)) writeFileSync(join(scratch.path, name), text);
    return scratch.path;
  }

  function refusal(read: () => unknown): string {
    try {
      read();
    } catch (error) {
      assert.ok(error instanceof TlsFileError, String(error));
      return error.message;
    }
    assert.fail('no error');
  }

  it('reads a bundle of certificate and key, with its hosts', () => {
    const { names, keyType, notAfter, chain } = readCertificate(`${CERTIFICATES}server.pem`);
    assert.deepEqual(names, ['localhost', 'a.test']);
    assert.equal(keyType, 'ec');
    assert.equal(new Date(notAfter).getUTCFullYear(), 2120);
    assert.ok(!chain.includes('KEY'));
    assert.equal(readCertificate(`${CERTIFICATES}rsa.pem`).keyType, 'rsa');
    assert.deepEqual(readCertificate(`${CERTIFICATES}wild.pem`).names, ['*.wild.test']);
  });

  it('takes the chain with the certificate, in whatever order the key stands', () => {
    const { certificate, key } = parts('server');
    const path = folder({ 'a.pem': `${key}${certificate}${pem('ca').toString()}` });
    assert.equal(readCertificate(join(path, 'a.pem')).chain.match(/BEGIN CERTIFICATE/g)?.length, 2);
  });

  it('finds the key beside the certificate', () => {
    const { certificate, key } = parts('server');
    const path = folder({ 'a.pem': certificate, 'a.pem.key': key, 'tls.crt': certificate, 'tls.key': key });
    for (const name of ['a.pem', 'tls.crt']) assert.equal(readCertificate(join(path, name)).key.trim(), key.trim());
  });

  it('says what is wrong with a file', () => {
    const { certificate, key } = parts('server');
    const path = folder({
      'alone.pem': certificate, 'key.pem': key, 'mixed.pem': `${certificate}${parts('renewed').key}`, 'text.pem': 'certificate\n',
      'garbled.pem': `${certificate.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA')}${key}`,
      'encrypted.pem': `${certificate}${key.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE')}`,
      'old.pem': `${certificate}-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n`,
      'badkey.pem': `${certificate}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
      'keyless.crt': certificate, 'keyless.key': 'nothing',
    });
    const said = (name: string): string => refusal(() => readCertificate(join(path, name))).replaceAll(`${path}/`, '');
    assert.equal(said('alone.pem'), 'alone.pem: no private key, and no alone.pem.key or alone.key');
    assert.equal(said('key.pem'), 'key.pem: no certificate in PEM format');
    assert.equal(said('text.pem'), 'text.pem: no certificate in PEM format');
    assert.equal(said('mixed.pem'), 'mixed.pem: the private key in mixed.pem does not belong to the certificate');
    assert.match(said('garbled.pem'), /^garbled.pem: the certificate cannot be read: /);
    assert.equal(said('encrypted.pem'), 'encrypted.pem: the private key is encrypted');
    assert.equal(said('old.pem'), 'old.pem: the private key is encrypted');
    assert.match(said('badkey.pem'), /^badkey.pem: the private key cannot be read: /);
    assert.equal(said('keyless.crt'), 'keyless.key: no private key in PEM format');
    assert.equal(said('missing.pem'), 'missing.pem: no such file or directory');
  });

  it('takes the certificates of a directory, as Kubernetes mounts them', () => {
    const path = folder({});
    mkdirSync(join(path, '..1'));
    for (const name of ['tls.crt', 'tls.key', 'ca.crt', 'tls.crt.ocsp']) {
      writeFileSync(join(path, '..1', name), '');
      symlinkSync(join('..data', name), join(path, name));
    }
    symlinkSync('..1', join(path, '..data'));
    assert.deepEqual(certificateFilesOf(path), [join(path, 'tls.crt')]);
    assert.match(refusal(() => certificateFilesOf(join(path, 'none'))), /no such file or directory$/);
  });

  it('takes FILE.rsa and FILE.ecdsa for FILE', () => {
    const path = folder({});
    copyFileSync(`${CERTIFICATES}rsa.pem`, join(path, 'site.pem.rsa'));
    copyFileSync(`${CERTIFICATES}server.pem`, join(path, 'site.pem.ecdsa'));
    assert.deepEqual(certificateFilesOf(join(path, 'site.pem')), [join(path, 'site.pem.rsa'), join(path, 'site.pem.ecdsa')]);
  });

  it('reads authorities from files, directories and the system, and revocations', () => {
    const path = folder({ 'a.pem': pem('ca').toString(), 'b.crt': pem('other-ca').toString(), 'c.txt': 'no', '.d.pem': 'no' });
    assert.equal(readAuthorities(path).length, 2);
    assert.equal(readAuthorities(join(path, 'a.pem')).length, 1);
    assert.match(refusal(() => readAuthorities(join(path, 'c.txt'))), /no certificate in PEM format$/);
    assert.equal(readRevocations(`${CERTIFICATES}crl.pem`).length, 1);
    assert.match(refusal(() => readRevocations(`${CERTIFICATES}ca.pem`)), /no revocation list in PEM format$/);
  });

  it('takes alternative names apart', () => {
    assert.deepEqual(altNamesOf('DNS:a.test, URI:spiffe://x/y, IP Address:127.0.0.1'), ['DNS:a.test', 'URI:spiffe://x/y', 'IP Address:127.0.0.1']);
    assert.deepEqual(altNamesOf('DNS:"a\\u002c DNS:b", DNS:c'), ['DNS:a, DNS:b', 'DNS:c']);
    assert.deepEqual(altNamesOf(undefined), []);
  });
});
