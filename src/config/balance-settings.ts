/** What `balance`, `hash-type` and `hash-balance-factor` set. */

import type { KeySource } from '../route/key.ts';

/** `balance` (HAProxy manual 4.2). */
export type Balance =
  | { readonly algorithm: 'roundrobin' | 'static-rr' | 'leastconn' | 'first' }
  | { readonly algorithm: 'random'; /** 1–… ; HAProxy's default 2. */ readonly draws: number }
  | HashBalance;

/** The same key goes to the same server as long as it is there. */
export interface HashBalance {
  readonly algorithm: HashKey['of'];
  readonly key: HashKey;
  readonly hashing: Hashing;
}

/** What of a stream, or of a raw connection, is hashed. What is not there is balanced by roundrobin. */
export type HashKey =
  | { readonly of: 'source' }
  | {
    readonly of: 'uri';
    /** Octets of it that count; 0: all. */
    readonly length: number;
    /** Directories that count; 0: all. */
    readonly depth: number;
    /** The query as well. */
    readonly whole: boolean;
    /** Without scheme and authority, which HTTP/2 requests have. */
    readonly pathOnly: boolean;
  }
  | { readonly of: 'url_param'; readonly name: string }
  | { readonly of: 'hdr'; /** In lower case. */ readonly name: string; /** `example` of `www.example.com`. */ readonly domainOnly: boolean }
  | { readonly of: 'rdp-cookie'; readonly name: string }
  | { readonly of: 'hash'; readonly sample: SampleKey };

/** What is taken of a connection or request as a key; the usual ones without an expression's costs. */
export type SampleKey =
  /** The client's address. */
  | { readonly fetch: 'src' }
  /** The path without the query, or both. */
  | { readonly fetch: 'path' | 'pathq' }
  /** A parameter of the query, a header field (its first value, name in lower case), a cookie of the request. */
  | { readonly fetch: 'url_param' | 'hdr' | 'cook'; readonly name: string }
  | { readonly fetch: 'expression'; readonly octets: (source: KeySource) => string | null };

export type HashFunction = 'sdbm' | 'djb2' | 'wt6' | 'crc32' | 'none';

/** `hash-type` and `hash-balance-factor`. */
export interface Hashing {
  /** `consistent`: when a server comes or goes, only its share of the keys moves. */
  readonly consistent: boolean;
  readonly function: HashFunction;
  readonly avalanche: boolean;
  /** How much more than its share a server may have, percent of the share: 101–1000. 0: any. `consistent` only. */
  readonly balanceFactor: number;
}

export const DEFAULT_HASHING: Hashing = { consistent: false, function: 'sdbm', avalanche: false, balanceFactor: 0 };
