/** The form of the page: what operators do to servers (HAProxy's fields `b`, `s` and `action`). */
import type { Backend } from '../pool/backend.ts';
import type { Server } from '../pool/server.ts';

/** What else than its administrative state can be done to a server: its checks and its streams are not its own. */
export interface ServerControl {
  /** Whether it is checked from now on. */
  setChecks(server: Server, enabled: boolean): void;
  /** Overrules what the checks said; the next ones may say otherwise. */
  forceHealth(server: Server, status: 'UP' | 'NOLB' | 'DOWN'): void;
  /** Cuts off what runs on the server. */
  endSessions(server: Server): void;
}

/** Words of HAProxy's `action` field, in the order in which its page has them. */
export const ACTIONS: readonly (readonly [action: string, text: string])[] = [
  ['ready', 'Set state to READY'], ['drain', 'Set state to DRAIN'], ['maint', 'Set state to MAINT'],
  ['dhlth', 'Health: disable checks'], ['ehlth', 'Health: enable checks'],
  ['hrunn', 'Health: force UP'], ['hnolb', 'Health: force NOLB'], ['hdown', 'Health: force DOWN'],
  ['shutdown', 'Kill Sessions'],
];

/**
 * What came of a form, as HAProxy's page says it in `;st=`: all done, some of the servers were not found, nothing was to be done, the
 * form has an error, it is too long, or it is not allowed.
 */
export type Outcome = 'DONE' | 'PART' | 'NONE' | 'ERRP' | 'EXCD' | 'DENY';

export const OUTCOMES: Readonly<Record<string, string>> = {
  DONE: 'Action processed successfully.',
  PART: 'Action partially processed: some servers were not found.',
  NONE: 'Nothing has changed.',
  ERRP: 'Action not processed: the form names no such backend, server or action.',
  EXCD: 'Action not processed: the form is too long. Select fewer servers at once.',
  DENY: 'Action denied.',
};

const MAX_SERVERS = 10_000;

/** @param backends by their number in the configuration, from 1, and by name */
export function act(form: URLSearchParams, find: (name: string) => Backend | null, control: ServerControl): Outcome {
  const backend = find(form.get('b') ?? '');
  const action = form.get('action') ?? '';
  const names = form.getAll('s');
  if (backend === null || names.length > MAX_SERVERS) return 'ERRP';
  if (names.length === 0 || action === '') return 'NONE';
  const perform = performer(action, control);
  if (perform === null) return 'ERRP';
  const servers = names.map((name) => backend.servers.find((server) => server.name === name));
  let changed = 0;
  for (const server of servers) {
    if (server !== undefined && perform(server)) changed++;
  }
  if (servers.every((server) => server === undefined)) return 'ERRP';
  if (servers.includes(undefined)) return 'PART';
  return changed > 0 ? 'DONE' : 'NONE';
}

/** A function that says whether it changed anything. `start` and `stop` are old words for `ready` and `maint`. */
function performer(action: string, control: ServerControl): ((server: Server) => boolean) | null {
  const always = (perform: (server: Server) => void) => (server: Server): boolean => {
    perform(server);
    return true;
  };
  switch (action) {
    case 'ready':
    case 'start':
      return setState('ready');
    case 'drain':
      return setState('drain');
    case 'maint':
    case 'stop':
      return setState('maint');
    case 'dhlth':
    case 'ehlth':
      return always((server) => control.setChecks(server, action === 'ehlth'));
    case 'hrunn':
      return always((server) => control.forceHealth(server, 'UP'));
    case 'hnolb':
      return always((server) => control.forceHealth(server, 'NOLB'));
    case 'hdown':
      return always((server) => control.forceHealth(server, 'DOWN'));
    case 'shutdown':
      return always((server) => control.endSessions(server));
    default:
      return null;
  }
}

function setState(state: Server['adminState']): (server: Server) => boolean {
  return (server) => {
    if (server.adminState === state) return false;
    server.setAdminState(state, 'set on the statistics page');
    return true;
  };
}
