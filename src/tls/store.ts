/**
 * The certificates of all `bind` and `server` lines. They are read at the start and again when their files change; what cannot be used
 * leaves in force what there is. Connections that are open stay as they are.
 */
import { randomBytes } from 'node:crypto';
import type { Position } from '../config/diagnostics.ts';
import type { Configuration } from '../config/model.ts';
import type { BindTlsSettings, ServerTlsSettings } from '../config/tls-settings.ts';
import { TlsAcceptor } from './acceptor.ts';
import { TlsConnector } from './connector.ts';
import { readBindMaterial, readServerMaterial } from './material.ts';
import { TlsFileError, type Certificate } from './pem.ts';
import { pathsOf, stampOf } from './stamp.ts';

/** How often the files are looked at, milliseconds. */
const WATCH_MS = 2000;
/** OpenSSL's ticket keys: name, HMAC key, AES key. */
const TICKET_KEY_BYTES = 48;

/** What happened, for the log and the counters. */
export interface TlsEvents {
  /** Files were read again: `names` of the hosts that the certificates are for. */
  reread(owner: string, certificates: readonly Certificate[]): void;
  /** They could not be used. */
  rereadFailed(owner: string, reason: string): void;
}

/** The lines of a configuration that have files of TLS. */
export interface TlsLine {
  /** `frontend NAME` or `backend NAME`. */
  readonly owner: string;
  readonly settings: BindTlsSettings | ServerTlsSettings;
}

/** One line's files, and who uses them. */
interface Unit {
  readonly owner: string;
  readonly paths: readonly string[];
  /** Reads the files and puts them to use. @throws TlsFileError */
  readonly load: () => readonly Certificate[];
  certificates: readonly Certificate[];
  stamp: string;
}

export function tlsLines({ frontends, backends }: Configuration): readonly TlsLine[] {
  const lines = new Map<BindTlsSettings | ServerTlsSettings, TlsLine>();
  for (const { name, binds } of frontends) {
    for (const { tls } of binds) if (tls !== null) lines.set(tls, { owner: `frontend ${name}`, settings: tls });
  }
  for (const { name, servers } of backends) {
    for (const { tls, checkTls } of servers) {
      for (const settings of [tls, checkTls]) if (settings !== null) lines.set(settings, { owner: `backend ${name}`, settings });
    }
  }
  return [...lines.values()];
}

export function isBindTls(settings: BindTlsSettings | ServerTlsSettings): settings is BindTlsSettings {
  return 'crtLists' in settings;
}

export class TlsStore {
  readonly #events: TlsEvents;
  readonly #units: Unit[] = [];
  readonly #acceptors = new Map<BindTlsSettings, TlsAcceptor>();
  readonly #connectors = new Map<ServerTlsSettings, TlsConnector>();
  /** Times that files were put to use again, and could not be. */
  rereads = 0;
  rereadFailures = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  #looking: Promise<void> | null = null;

  private constructor(events: TlsEvents) {
    this.#events = events;
  }

  /** Reads everything. @throws Error for the operator: which line, which file, what is wrong, what to do */
  static async open(configuration: Configuration, events: TlsEvents): Promise<TlsStore> {
    const store = new TlsStore(events);
    for (const { owner, settings } of tlsLines(configuration)) {
      try {
        store.#add(owner, settings);
      } catch (error) {
        if (!(error instanceof TlsFileError)) throw error;
        throw new Error(`${owner}, ${place(settings.position)}: ${error.message}${error.hint === null ? '' : `; ${error.hint}`}`, { cause: error });
      }
    }
    for (const unit of store.#units) unit.stamp = await store.#stamp(unit);
    store.#watch();
    return store;
  }

  acceptorOf(settings: BindTlsSettings | null): TlsAcceptor | null {
    return settings === null ? null : (this.#acceptors.get(settings) ?? null);
  }

  connectorOf(settings: ServerTlsSettings | null): TlsConnector | null {
    return settings === null ? null : (this.#connectors.get(settings) ?? null);
  }

  /** The first end of a certificate's validity, milliseconds since 1970; Infinity without certificates. */
  get expires(): number {
    return Math.min(Infinity, ...this.#units.flatMap(({ certificates }) => certificates.map(({ notAfter }) => notAfter)));
  }

  /** Reads all files again, whether or not they changed. */
  async reread(): Promise<void> {
    await this.#looking;
    for (const unit of this.#units) {
      unit.stamp = await this.#stamp(unit);
      this.#reload(unit);
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #add(owner: string, settings: BindTlsSettings | ServerTlsSettings): void {
    const load = isBindTls(settings) ? this.#bindLoader(settings) : this.#serverLoader(settings);
    this.#units.push({ owner, paths: pathsOf(settings), load, certificates: load(), stamp: '' });
  }

  #bindLoader(settings: BindTlsSettings): Unit['load'] {
    const ticketKeys = randomBytes(TICKET_KEY_BYTES);
    return () => {
      const material = readBindMaterial(settings, ticketKeys);
      const acceptor = this.#acceptors.get(settings);
      if (acceptor === undefined) this.#acceptors.set(settings, new TlsAcceptor(settings, material));
      else acceptor.replace(material);
      return material.entries.map(({ certificate }) => certificate);
    };
  }

  #serverLoader(settings: ServerTlsSettings): Unit['load'] {
    return () => {
      const material = readServerMaterial(settings);
      const connector = this.#connectors.get(settings);
      if (connector === undefined) this.#connectors.set(settings, new TlsConnector(settings, material));
      else connector.replace(material);
      return material.certificate === null ? [] : [material.certificate];
    };
  }

  #stamp({ paths, certificates }: Unit): Promise<string> {
    return stampOf(paths, certificates.map(({ file }) => file));
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, WATCH_MS);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    for (const unit of this.#units) {
      const stamp = await this.#stamp(unit);
      if (this.#closed) return;
      if (stamp === unit.stamp) continue;
      unit.stamp = stamp;
      this.#reload(unit);
    }
    this.#looking = null;
    this.#watch();
  }

  #reload(unit: Unit): void {
    try {
      unit.certificates = unit.load();
      this.rereads++;
      this.#events.reread(unit.owner, unit.certificates);
    } catch (error) {
      const reason = error instanceof TlsFileError && error.hint !== null ? `${error.message}; ${error.hint}` : (error as Error).message;
      this.rereadFailures++;
      this.#events.rereadFailed(unit.owner, reason);
    }
  }
}

function place({ file, line }: Position): string {
  return `${file}:${line}`;
}
