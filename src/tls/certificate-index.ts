/** Which certificates a host gets: by its exact name, else by a wildcard for its first label, else none of its own. */
import type { Certificate } from './pem.ts';

/** A certificate with the hosts that it is for. */
export interface CertificateEntry {
  readonly certificate: Certificate;
  /** Host names and wildcards (`*.example.com`), in lower case. */
  readonly names: readonly string[];
  /** Those among them, or below them, that it is not for. */
  readonly except: readonly string[];
}

export class CertificateIndex {
  readonly #byName = new Map<string, CertificateEntry[]>();

  constructor(entries: readonly CertificateEntry[]) {
    for (const entry of entries) {
      for (const name of entry.names) {
        const others = this.#byName.get(name);
        if (others === undefined) this.#byName.set(name, [entry]);
        // Of two with the same kind of key, the first wins.
        else if (!others.some(({ certificate }) => certificate.keyType === entry.certificate.keyType)) others.push(entry);
      }
    }
  }

  /** One for each kind of key; empty: none has that name. */
  find(host: string): readonly Certificate[] {
    const name = host.toLowerCase().replace(/\.$/, '');
    const exact = this.#of(name, name);
    if (exact.length > 0) return exact;
    const dot = name.indexOf('.');
    const wild = dot < 0 ? [] : this.#of(`*${name.slice(dot)}`, name);
    return wild.length > 0 ? wild : this.#of('*', name);
  }

  #of(key: string, host: string): readonly Certificate[] {
    return (this.#byName.get(key) ?? []).filter(({ except }) => !except.includes(host)).map(({ certificate }) => certificate);
  }
}
