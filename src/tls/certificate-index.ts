/** Which certificate a host gets: by its exact name, else by a wildcard for its first label, else none of its own. */
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
        else others.push(entry);
      }
    }
  }

  /** The first that was named; null: none has that name. */
  find(host: string): Certificate | null {
    const name = host.toLowerCase().replace(/\.$/, '');
    const dot = name.indexOf('.');
    return this.#of(name, name) ?? (dot < 0 ? null : this.#of(`*${name.slice(dot)}`, name)) ?? this.#of('*', name);
  }

  #of(key: string, host: string): Certificate | null {
    return this.#byName.get(key)?.find(({ except }) => !except.includes(host))?.certificate ?? null;
  }
}
