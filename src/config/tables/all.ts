/** All rows, by the section that they may stand in. */
import { BALANCE_DIRECTIVES } from './balance.ts';
import { ENGINE_DIRECTIVES, ENGINE_OPTIONS } from './engine.ts';
import { ENVIRONMENT_DIRECTIVES } from './environment.ts';
import { GLOBAL_DIRECTIVES } from './global.ts';
import { OPTION_DIRECTIVES } from './options.ts';
import { PROXY_DIRECTIVES } from './proxy.ts';
import { RETRY_DIRECTIVES } from './retries.ts';
import { SERVER_DIRECTIVES } from './servers.ts';
import { TLS_DIRECTIVES } from './tls-global.ts';
import { TIMEOUT_DIRECTIVES } from './timeouts.ts';
import { TUNING_DIRECTIVES } from './tuning.ts';
import { UNIX_BIND_DIRECTIVES } from './unix-sockets.ts';
import type { Directive } from '../directive.ts';
import type { GlobalDraft, ProxyDraft } from '../draft.ts';

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

export const GLOBAL_ROWS: readonly Directive<GlobalDraft>[] = [...GLOBAL_DIRECTIVES, ...ENGINE_DIRECTIVES, ...ENVIRONMENT_DIRECTIVES, ...UNIX_BIND_DIRECTIVES, ...TUNING_DIRECTIVES, ...TLS_DIRECTIVES].toSorted(byName);

export const PROXY_ROWS: readonly Directive<ProxyDraft>[] = [
  ...ENGINE_OPTIONS, ...BALANCE_DIRECTIVES, ...PROXY_DIRECTIVES, ...RETRY_DIRECTIVES, ...TIMEOUT_DIRECTIVES, ...OPTION_DIRECTIVES, ...SERVER_DIRECTIVES,
].toSorted(byName);
