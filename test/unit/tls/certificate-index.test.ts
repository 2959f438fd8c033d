import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateIndex, type CertificateEntry } from '../../../src/tls/certificate-index.ts';
import { readCertificateList } from '../../../src/tls/crt-list.ts';
import { TlsFileError } from '../../../src/tls/pem.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { scratchFolder } from '../../support/pillion-process.ts';
import { CERTIFICATES } from '../../support/tls.ts';

function entry(file: string, names: readonly string[], keyType = 'ec', except: readonly string[] = []): CertificateEntry {
  return { certificate: { file, chain: '', key: '', keyType, names, notBefore: 0, notAfter: 0 }, names, except };
}

function finder(...entries: CertificateEntry[]): (host: string) => string | null {
  const index = new CertificateIndex(entries);
  return (host) => index.find(host)?.file ?? null;
}

describe('which certificate a host gets', () => {
  it('prefers the exact name to a wildcard, which stands for one label', () => {
    const find = finder(entry('wild', ['*.example.com']), entry('exact', ['www.example.com', 'example.com']));
    assert.equal(find('www.example.com'), 'exact');
    assert.equal(find('WWW.Example.com.'), 'exact');
    assert.equal(find('api.example.com'), 'wild');
    assert.equal(find('a.api.example.com'), null);
    assert.equal(find('example.com'), 'exact');
    assert.equal(find('com'), null);
    assert.equal(find('other.org'), null);
  });

  it('leaves exceptions to the others', () => {
    const find = finder(entry('wild', ['*.example.com'], 'ec', ['secure.example.com']), entry('rest', ['*']));
    assert.equal(find('www.example.com'), 'wild');
    assert.equal(find('secure.example.com'), 'rest');
  });

  describe('crt-list', () => {
    const defer = cleanUpAfterEach();

    function list(text: string): readonly CertificateEntry[] {
      const scratch = scratchFolder();
      defer(() => scratch.remove());
      const file = join(scratch.path, 'list');
      writeFileSync(file, text);
      return readCertificateList(file, CERTIFICATES);
    }

    it('reads files, filters and exceptions', () => {
      const entries = list('# comment\n\nserver.pem !*\nb.pem [] B.test *.b.test !x.b.test\n  wild.pem\nrsa.pem !a.test\n');
      assert.deepEqual(entries.map(({ names }) => names), [[], ['b.test', '*.b.test'], ['*.wild.test'], ['localhost']]);
      assert.deepEqual(entries[1]?.except, ['x.b.test']);
    });

    it('refuses settings of single certificates, and what is no host', () => {
      assert.throws(() => list('server.pem [alpn h2] a\n'), (error: TlsFileError) => error.message.endsWith("settings of single certificates ('[...]') are not supported by Pillion yet"));
      assert.throws(() => list('server.pem [alpn h2\n'), /']' is missing/);
      assert.throws(() => list('server.pem a*b\n'), /'a\*b' is not a host name/);
      assert.throws(() => list('none.pem\n'), TlsFileError);
    });
  });
});
