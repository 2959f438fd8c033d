/** All rows, by the section that they may stand in. */
import { GLOBAL_DIRECTIVES } from './global.ts';
import { OPTION_DIRECTIVES } from './options.ts';
import { PROXY_DIRECTIVES } from './proxy.ts';
import { RETRY_DIRECTIVES } from './retries.ts';
import { SERVER_DIRECTIVES } from './servers.ts';
import { TIMEOUT_DIRECTIVES } from './timeouts.ts';
import { TUNING_DIRECTIVES } from './tuning.ts';
import type { Directive } from '../directive.ts';
import type { GlobalDraft, ProxyDraft } from '../draft.ts';

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

export const GLOBAL_ROWS: readonly Directive<GlobalDraft>[] = [...GLOBAL_DIRECTIVES, ...TUNING_DIRECTIVES].toSorted(byName);

export const PROXY_ROWS: readonly Directive<ProxyDraft>[] = [
  ...PROXY_DIRECTIVES, ...RETRY_DIRECTIVES, ...TIMEOUT_DIRECTIVES, ...OPTION_DIRECTIVES, ...SERVER_DIRECTIVES,
].toSorted(byName);
