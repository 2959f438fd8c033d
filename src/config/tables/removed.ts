/** Words that HAProxy itself has dropped, and what today's HAProxy writes instead; tutorials are full of them. */

export interface RemovedWord {
  readonly since: string;
  /** What to write today; null: nothing, just remove it. */
  readonly instead: string | null;
}

const rules = "'http-request' or 'http-response' rules (not supported by Pillion yet)";

function each(names: string, removed: RemovedWord): [string, RemovedWord][] {
  return names.trim().split(/\s+/).map((name) => [name, removed]);
}

/** In `global`, and its first words. */
export const REMOVED_GLOBAL: ReadonlyMap<string, RemovedWord> = new Map([
  ['nbproc', { since: '2.5', instead: "nothing: Pillion is one process; run more pods for more cores" }],
  ['tune.chksize', { since: '2.5', instead: "'tune.bufsize' (not supported by Pillion yet)" }],
  ['stats bind-process', { since: '2.5', instead: null }],
  ['master-worker', { since: '3.3', instead: null }],
]);

/** In proxies; `option …` by its full name. */
export const REMOVED_PROXY: ReadonlyMap<string, RemovedWord> = new Map<string, RemovedWord>([
  ['contimeout', { since: '2.1', instead: "'timeout connect'" }],
  ['clitimeout', { since: '2.1', instead: "'timeout client'" }],
  ['srvtimeout', { since: '2.1', instead: "'timeout server'" }],
  ['redispatch', { since: '2.1', instead: "'option redispatch'" }],
  ['redisp', { since: '2.1', instead: "'option redispatch'" }],
  ['block', { since: '2.1', instead: "'http-request deny' (not supported by Pillion yet)" }],
  ['appsession', { since: '1.6', instead: null }],
  ['grace', { since: '2.5', instead: "'grace' in the global section" }],
  ['bind-process', { since: '2.7', instead: null }],
  ['monitor-net', { since: '2.5', instead: "'http-request return' (not supported by Pillion yet)" }],
  ['option forceclose', { since: '2.0', instead: null }],
  ['option http-tunnel', { since: '2.1', instead: null }],
  ['option http_proxy', { since: '2.5', instead: null }],
  ['option http-use-htx', { since: '2.1', instead: null }],
  ['option splice', { since: '1.4', instead: null }],
  ['transparent', { since: '3.5', instead: null }],
  ['option transparent', { since: '3.5', instead: null }],
  ['dispatch', { since: '3.5', instead: "'server'" }],
  ...each(
    `cliexp srvexp reqrep reqirep reqdel reqidel reqdeny reqideny reqpass reqipass reqallow reqiallow reqtarpit reqitarpit reqadd
    reqsetbe reqisetbe rsprep rspirep rspdel rspidel rspdeny rspideny rspadd`,
    { since: '2.1', instead: rules },
  ),
]);
