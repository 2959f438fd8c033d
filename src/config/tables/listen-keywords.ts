/** Keywords of `bind` that say how its sockets are made (HAProxy manual 5.1). */
import { flag, integer, keyword, parsed, parseName, word } from '../arguments.ts';
import { SOCKET_FILE_KEYWORDS } from './unix-sockets.ts';
import type { Keyword } from '../arguments.ts';
import type { BindKeywords } from '../draft.ts';

const OWN_WAY = 'without effect here, for which there is no need: Node.js has its own way.';

/** Whose sockets accept is all one here. */
function tuning(name: string, argument: string | null): Keyword<BindKeywords> {
  const summary = `Tunes HAProxy's engine: ${OWN_WAY}`;
  if (argument === null) return flag({ name, default: 'none', summary, set: () => {} });
  return keyword({ name, argument: word(argument, 'whatever it is'), default: 'none', summary, set: () => {} });
}

export const LISTEN_KEYWORDS: readonly Keyword<BindKeywords>[] = [
  keyword({
    name: 'backlog', argument: integer('connections', 1, 2 ** 31 - 1), default: '4096',
    summary: 'How many connections may wait in the kernel to be accepted; it has a limit of its own, net.core.somaxconn.',
    set: (bind: BindKeywords, connections) => { bind.backlog = connections; },
  }),
  keyword({
    name: 'name', argument: parsed('name', 'a name of letters, digits, dots, hyphens, colons and underscores', parseName), default: 'none',
    summary: "A name for the sockets, for the log's line that they listen, and for so_name in rules.",
    set: (bind: BindKeywords, name) => { bind.name = name; },
  }),
  flag({ name: 'v4v6', default: 'on', summary: 'With [::]: take IPv4 connections, too.', set: (bind: BindKeywords) => { bind.v6only = false; } }),
  flag({ name: 'v6only', default: 'off', summary: 'With [::]: take IPv6 connections only.', set: (bind: BindKeywords) => { bind.v6only = true; } }),
  ...SOCKET_FILE_KEYWORDS.map((row): Keyword<BindKeywords> => ({
    ...row,
    take: (cursor, context) => {
      const set = row.take(cursor, context);
      return set && ((bind) => set(bind.socketFile));
    },
  })),
  tuning('defer-accept', null), tuning('nice', 'number'), tuning('process', 'set'), tuning('shards', 'number'), tuning('tfo', null), tuning('thread', 'set'),
];
