/** `crt-list` (HAProxy manual 5.1): a certificate on each line, with the hosts that it is for. */
import path from 'node:path';
import type { CertificateEntry } from './certificate-index.ts';
import { certificateFilesOf, readCertificate, readText, TlsFileError } from './pem.ts';

const FILTERS_ONLY = "settings of single certificates ('[...]') are not supported by Pillion yet";

/** `list` and the files that it names. @throws TlsFileError */
export function readCertificateList(list: string, base: string): readonly CertificateEntry[] {
  const entries: CertificateEntry[] = [];
  readText(list).split('\n').forEach((line, index) => {
    const [file, ...filters] = line.trim().split(/\s+/);
    if (file === undefined || file === '' || file.startsWith('#')) return;
    const where = `${list}:${index + 1}`;
    if (filters[0]?.startsWith('[') === true) {
      const end = filters.findIndex((word) => word.endsWith(']'));
      if (end < 0) throw new TlsFileError(`${where}: ']' is missing`);
      const settings = filters.splice(0, end + 1).join(' ');
      if (!/^\[\s*\]$/.test(settings)) throw new TlsFileError(`${where}: ${FILTERS_ONLY}`, "give the 'bind' line what all of them need, or use a bind of its own");
    }
    const wrong = filters.find((filter) => !/^!?(?:\*|(?:\*\.)?[^*]+)$/.test(filter));
    if (wrong !== undefined) throw new TlsFileError(`${where}: '${wrong}' is not a host name or *.domain`);
    const except = filters.filter((filter) => filter.startsWith('!')).map((filter) => filter.slice(1).toLowerCase());
    const named = filters.filter((filter) => !filter.startsWith('!')).map((filter) => filter.toLowerCase());
    for (const each of certificateFilesOf(base === '' || path.isAbsolute(file) ? file : path.join(base, file))) {
      const certificate = readCertificate(each);
      const names = (named.length > 0 ? named : certificate.names).filter((name) => !except.includes(name));
      entries.push({ certificate, names: except.includes('*') ? [] : names, except });
    }
  });
  return entries;
}
