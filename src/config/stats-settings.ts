/** What `stats …` sets for a proxy (HAProxy manual 4.2 "stats enable" and those behind it). */
import type { Condition } from '../route/condition.ts';

export interface StatsSettings {
  /** What the page's URI begins with. */
  readonly uri: string;
  readonly realm: string;
  /** `stats auth`; empty: everybody may look. */
  readonly users: readonly { readonly name: string; readonly password: string }[];
  readonly hideVersion: boolean;
  /** null: the page stays as it is. */
  readonly refreshSeconds: number | null;
  readonly legends: boolean;
  /** Name of the node, empty: that of the host; null: not shown. */
  readonly node: string | null;
  /** Empty: that of the global section; null: not shown. */
  readonly description: string | null;
  /** Names of the proxies that are shown, `.` for the one that the page is in; empty: all. */
  readonly scope: readonly string[];
  /** `stats admin`: whose word servers obey. Any of them; none: nobody's. */
  readonly admin: readonly Condition[];
  /** `stats http-request`: the first that applies. */
  readonly rules: readonly StatsRule[];
}

export interface StatsRule {
  readonly action: 'allow' | 'deny' | 'auth';
  /** Of `auth`; null: that of the page. */
  readonly realm: string | null;
  /** null: always. */
  readonly condition: Condition | null;
}

export const DEFAULT_STATS: StatsSettings = {
  uri: '/haproxy?stats', realm: 'HAProxy Statistics', users: [], hideVersion: false, refreshSeconds: null, legends: false, node: null,
  description: null, scope: [], admin: [], rules: [],
};
