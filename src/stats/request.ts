/** The seam between the page and the protocols that carry it. */

import type { Condition } from '../route/condition.ts';

export interface StatsRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** `:authority` or Host. */
  readonly authority: string;
  /** Came over TLS. */
  readonly secure: boolean;
  /** Whether a rule's condition holds. */
  readonly meets: (condition: Condition) => boolean;
  /** The first value of a header field by its name in lower case; empty: there is none. */
  header(name: string): string;
}

export interface StatsResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Octets of a form that are read; what is longer is refused. */
export const MAX_FORM = 16_384;
