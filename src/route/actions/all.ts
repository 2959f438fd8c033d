/** All actions, and HAProxy's that are not here. */
import { CONNECTION_ACTIONS } from './connection.ts';
import { EXPECT_PROXY } from './expect-proxy.ts';
import { FINAL_ACTIONS } from './final.ts';
import { HEADER_ACTIONS } from './headers.ts';
import { STREAM_ACTIONS } from './stream.ts';
import { TARGET_ACTIONS } from './target.ts';
import { VARIABLE_ACTIONS } from './variables.ts';
import type { Action } from './action.ts';

export const ACTIONS: readonly Action[] = [
  EXPECT_PROXY, ...FINAL_ACTIONS, ...HEADER_ACTIONS, ...TARGET_ACTIONS, ...VARIABLE_ACTIONS, ...CONNECTION_ACTIONS, ...STREAM_ACTIONS,
].toSorted((a, b) => (a.name < b.name ? -1 : 1));

const STICK = 'stick tables are not supported by this version';
const MAPS = 'maps and ACL files are read at start: change the file and reload';

/** By the name in front of parentheses, with what to use instead. */
export const UNSUPPORTED_ACTIONS: ReadonlyMap<string, string | null> = new Map<string, string | null>([
  ...['track-sc0', 'track-sc1', 'track-sc2', 'track-sc', 'sc-add-gpc', 'sc-inc-gpc', 'sc-inc-gpc0', 'sc-inc-gpc1', 'sc-set-gpt', 'sc-set-gpt0']
    .map((name) => [name, STICK] as const),
  ...['add-acl', 'del-acl', 'set-map', 'del-map', 'add-map'].map((name) => [name, MAPS] as const),
  ['cache-use', 'there is no cache'],
  ['cache-store', 'there is no cache'],
  ['close', "'reject'"],
  ['do-log', 'a stream leaves one line, at its end'],
  ['do-resolve', "names of servers are resolved by 'server' and 'server-template'"],
  ['early-hint', null],
  ['expect-netscaler-cip', "'accept-proxy' of 'bind'"],
  ['normalize-uri', null],
  ['pause', null],
  ['send-spoe-group', null],
  ['set-bandwidth-limit', null],
  ['set-bc-mark', 'Node.js cannot mark packets'],
  ['set-bc-tos', 'Node.js cannot mark packets'],
  ['set-fc-mark', 'Node.js cannot mark packets'],
  ['set-fc-tos', 'Node.js cannot mark packets'],
  ['set-mark', 'Node.js cannot mark packets'],
  ['set-nice', 'leave it out'],
  ['set-priority-class', null],
  ['set-priority-offset', null],
  ['set-retries', "'retries' in the backend"],
  ['set-tos', 'Node.js cannot mark packets'],
  ['strict-mode', 'leave it out: a rule that cannot be carried out is skipped'],
  ['switch-mode', "'mode auto' tells HTTP/2 from everything else by itself"],
  ['use-service', null],
  ['attach-srv', null],
  ['lua', 'Lua is not supported'],
]);
