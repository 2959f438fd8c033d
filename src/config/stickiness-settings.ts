/** What keeps a client with its server: `cookie`, `stick-table`, `stick` (HAProxy manual 4.2). */
import type { KeySource } from '../route/key.ts';
import type { SampleKey } from './balance-settings.ts';

/** All of it, for one backend. */
export interface StickinessSettings {
  readonly cookie: CookieSettings | null;
  readonly dynamicCookieKey: string | null;
  readonly table: StickTableSettings | null;
  readonly rules: readonly StickRule[];
  /** `http-send-name-header`, in lower case; null: off. */
  readonly sendServerName: string | null;
}

export interface CookieSettings {
  readonly name: string;
  /**
   * `insert`: we set it; `rewrite`: the server does, and we replace its value; `prefix`: the server does, and we write `server~`
   * before its value; `passive`: it is only read.
   */
  readonly mode: 'insert' | 'rewrite' | 'prefix' | 'passive';
  /** Servers do not see it, and it is not set again where the client has it. */
  readonly indirect: boolean;
  readonly nocache: boolean;
  /** Only set in answers to POST. */
  readonly postonly: boolean;
  /** A server that sets it itself is left alone. */
  readonly preserve: boolean;
  readonly dynamic: boolean;
  /** Seconds; null: for ever. */
  readonly maxIdle: number | null;
  readonly maxLife: number | null;
  /** `; HttpOnly` and whatever else follows the value. */
  readonly attributes: string;
}

export interface StickTableSettings {
  readonly type: 'ip' | 'ipv6' | 'integer' | 'string' | 'binary';
  /** Octets of a key that count. */
  readonly keyLength: number;
  readonly size: number;
  /** null: entries stay until there is no room. */
  readonly expireMs: number | null;
  /** No entry makes room for another. */
  readonly noPurge: boolean;
}

export interface StickRule {
  /** `on` is both: look up, and remember. `store-response` looks at the response. */
  readonly action: 'on' | 'match' | 'store-request' | 'store-response';
  readonly sample: SampleKey;
  /** The backend whose table it is. */
  readonly table: string;
  /** null: always. */
  readonly applies: ((source: KeySource) => boolean) | null;
}
