/** All rows, by the section that they may stand in. */
import { BALANCE_DIRECTIVES } from './balance.ts';
import { ENGINE_DIRECTIVES, ENGINE_OPTIONS } from './engine.ts';
import { ENVIRONMENT_DIRECTIVES } from './environment.ts';
import { GLOBAL_DIRECTIVES } from './global.ts';
import { HTTP_CHECK_DIRECTIVES } from './http-check.ts';
import { HTTP_DIRECTIVES, HTTP_GLOBAL_DIRECTIVES } from './http.ts';
import { OPTION_DIRECTIVES } from './options.ts';
import { PROXY_DIRECTIVES } from './proxy.ts';
import { RETRY_DIRECTIVES } from './retries.ts';
import { SERVER_DIRECTIVES } from './servers.ts';
import { FORWARDED_DIRECTIVES } from './forwarded.ts';
import { TLS_DIRECTIVES } from './tls-global.ts';
import { STICKINESS_DIRECTIVES } from './stickiness.ts';
import { STATS_DIRECTIVES } from './stats.ts';
import { TIMEOUT_DIRECTIVES } from './timeouts.ts';
import { TUNING_DIRECTIVES } from './tuning.ts';
import { UNIX_BIND_DIRECTIVES } from './unix-sockets.ts';
import { HTTP_RULE_DIRECTIVES } from './rules-http.ts';
import { RULE_GLOBAL_DIRECTIVES } from './rules-global.ts';
import { ROUTING_DIRECTIVES } from './rules-routing.ts';
import { TCP_RULE_DIRECTIVES } from './rules-tcp.ts';
import type { Directive } from '../directive.ts';
import type { GlobalDraft, ProxyDraft } from '../draft.ts';

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

export const GLOBAL_ROWS: readonly Directive<GlobalDraft>[] = [...GLOBAL_DIRECTIVES, ...RULE_GLOBAL_DIRECTIVES, ...HTTP_GLOBAL_DIRECTIVES, ...ENGINE_DIRECTIVES, ...ENVIRONMENT_DIRECTIVES, ...UNIX_BIND_DIRECTIVES, ...TUNING_DIRECTIVES, ...TLS_DIRECTIVES].toSorted(byName);

export const PROXY_ROWS: readonly Directive<ProxyDraft>[] = [
  ...HTTP_RULE_DIRECTIVES, ...ROUTING_DIRECTIVES, ...TCP_RULE_DIRECTIVES,
  ...ENGINE_OPTIONS, ...HTTP_DIRECTIVES, ...HTTP_CHECK_DIRECTIVES, ...BALANCE_DIRECTIVES, ...STATS_DIRECTIVES, ...STICKINESS_DIRECTIVES, ...PROXY_DIRECTIVES, ...RETRY_DIRECTIVES, ...TIMEOUT_DIRECTIVES, ...OPTION_DIRECTIVES, ...FORWARDED_DIRECTIVES, ...SERVER_DIRECTIVES,
].toSorted(byName);
