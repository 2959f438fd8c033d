/** Words that HAProxy itself has dropped, and what today's HAProxy writes instead; tutorials are full of them. */

export interface RemovedWord {
  /** HAProxy's version; null: where only that it is gone is sure. */
  readonly since: string | null;
  /** What to do today. */
  readonly hint: string;
}

const REMOVE = 'remove the line';
const RULES = "use 'http-request' or 'http-response' rules (not supported by Pillion yet)";

function each(names: string, removed: RemovedWord): [string, RemovedWord][] {
  return names.trim().split(/\s+/).map((name) => [name, removed]);
}

/** "is not supported any more", with the version where it is known. */
export function removedText(name: string, removed: RemovedWord): string {
  return `'${name}' is not supported any more ${removed.since === null ? 'by HAProxy either' : `since HAProxy ${removed.since}`}`;
}

/** In `global`. */
export const REMOVED_GLOBAL: ReadonlyMap<string, RemovedWord> = new Map([
  ['nbproc', { since: '2.5', hint: 'remove the line: Pillion is one process; run more pods for more cores' }],
  ['tune.chksize', { since: null, hint: "use 'tune.bufsize' (not supported by Pillion yet)" }],
  ['stats bind-process', { since: null, hint: REMOVE }],
]);

/** In proxies; `option …` by its full name. */
export const REMOVED_PROXY: ReadonlyMap<string, RemovedWord> = new Map<string, RemovedWord>([
  ['contimeout', { since: '2.1', hint: "use 'timeout connect'" }],
  ['clitimeout', { since: '2.1', hint: "use 'timeout client'" }],
  ['srvtimeout', { since: '2.1', hint: "use 'timeout server'" }],
  ['redispatch', { since: '2.1', hint: "use 'option redispatch'" }],
  ['redisp', { since: '2.1', hint: "use 'option redispatch'" }],
  ['block', { since: '2.1', hint: "use 'http-request deny' (not supported by Pillion yet)" }],
  ['appsession', { since: '1.6', hint: REMOVE }],
  ['grace', { since: '2.5', hint: "use 'grace' in the global section" }],
  ['bind-process', { since: null, hint: REMOVE }],
  ['monitor-net', { since: null, hint: "use 'http-request return' (not supported by Pillion yet)" }],
  ['option forceclose', { since: '2.0', hint: REMOVE }],
  ['option http-tunnel', { since: '2.1', hint: REMOVE }],
  ['option http_proxy', { since: '2.5', hint: REMOVE }],
  ['option http-use-htx', { since: null, hint: REMOVE }],
  ...each(
    `cliexp srvexp reqrep reqirep reqdel reqidel reqdeny reqideny reqpass reqipass reqallow reqiallow reqtarpit reqitarpit reqadd
    reqsetbe reqisetbe rsprep rspirep rspdel rspidel rspdeny rspideny rspadd`,
    { since: '2.1', hint: RULES },
  ),
]);
