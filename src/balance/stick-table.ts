import type { StickTableSettings } from '../config/stickiness-settings.ts';

interface Entry {
  readonly key: string;
  server: number;
  expiresAt: number;
  older: Entry | null;
  newer: Entry | null;
}

/**
 * Which server a key belongs to (HAProxy manual 4.2 "stick-table", `server_id`). As many entries as the table has room for; the one
 * that was not used for the longest makes room. All expire after the same time, so the order of use is the order of expiry.
 */
export class StickTable {
  readonly #settings: StickTableSettings;
  readonly #entries = new Map<string, Entry>();
  #oldest: Entry | null = null;
  #newest: Entry | null = null;

  constructor(settings: StickTableSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The number of the server, and the key's time begins anew; null: not known. */
  get(key: string, now: number): number | null {
    this.#expire(now);
    const entry = this.#entries.get(this.#cut(key));
    if (entry === undefined) return null;
    this.#use(entry, now);
    return entry.server;
  }

  set(key: string, server: number, now: number): void {
    this.#expire(now);
    const cut = this.#cut(key);
    const known = this.#entries.get(cut);
    if (known !== undefined) {
      known.server = server;
      this.#use(known, now);
      return;
    }
    if (this.#entries.size >= this.#settings.size) {
      if (this.#settings.noPurge || this.#oldest === null) return;
      this.#remove(this.#oldest);
    }
    const entry: Entry = { key: cut, server, expiresAt: 0, older: null, newer: null };
    this.#entries.set(cut, entry);
    this.#append(entry, now);
  }

  #cut(key: string): string {
    return key.length > this.#settings.keyLength ? key.slice(0, this.#settings.keyLength) : key;
  }

  #use(entry: Entry, now: number): void {
    this.#unlink(entry);
    this.#append(entry, now);
  }

  #append(entry: Entry, now: number): void {
    entry.expiresAt = this.#settings.expireMs === null ? Infinity : now + this.#settings.expireMs;
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry): void {
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
  }

  #remove(entry: Entry): void {
    this.#unlink(entry);
    this.#entries.delete(entry.key);
  }

  #expire(now: number): void {
    while (this.#oldest !== null && this.#oldest.expiresAt <= now) this.#remove(this.#oldest);
  }
}
