/** Who may use the Unix sockets that are listened on: `unix-bind` of `global`, and the same keywords of `bind` (HAProxy manual 3.1, 5.1). */
import { integer, keyword, keywords, parsed, word } from '../arguments.ts';
import { globalDirective } from '../directive.ts';
import type { Keyword } from '../arguments.ts';
import type { Directive } from '../directive.ts';
import type { GlobalDraft } from '../draft.ts';
import type { SocketFileSettings } from '../model.ts';
import type { Parsed } from '../units.ts';

type Mutable = { -readonly [K in keyof SocketFileSettings]: SocketFileSettings[K] };

const FOR = 'of the Unix socket';

function parseMode(text: string): Parsed<number> {
  return /^0?[0-7]{3}$/.test(text) ? { ok: true, value: Number.parseInt(text, 8) } : { ok: false, message: `'${text}' is not a file mode: expected three octal digits, such as 660` };
}

export const SOCKET_FILE_KEYWORDS: readonly Keyword<Mutable>[] = [
  keyword({
    name: 'mode', argument: parsed('mode', 'three octal digits', parseMode), default: "by the process's umask", summary: `Permissions ${FOR}.`,
    set: (socket: Mutable, mode) => { socket.mode = mode; },
  }),
  keyword({
    name: 'user', argument: word('name', 'the name of a user'), default: 'who starts Pillion', summary: `Owner ${FOR}, by name.`,
    set: (socket: Mutable, name) => { socket.user = name; },
  }),
  keyword({
    name: 'uid', argument: integer('number', 0, 2 ** 31 - 1), default: 'who starts Pillion', summary: `Owner ${FOR}, by number.`,
    set: (socket: Mutable, id) => { socket.user = id; },
  }),
  keyword({
    name: 'group', argument: word('name', 'the name of a group'), default: 'that of who starts Pillion', summary: `Group ${FOR}, by name.`,
    set: (socket: Mutable, name) => { socket.group = name; },
  }),
  keyword({
    name: 'gid', argument: integer('number', 0, 2 ** 31 - 1), default: 'that of who starts Pillion', summary: `Group ${FOR}, by number.`,
    set: (socket: Mutable, id) => { socket.group = id; },
  }),
];

const prefix: Keyword<GlobalDraft['unixBind']> = keyword({
  name: 'prefix', argument: word('path', 'what all paths begin with'), default: 'none', summary: 'What is put in front of the path of every Unix socket.',
  set: (all: GlobalDraft['unixBind'], path) => { all.prefix = path; },
});

export const UNIX_BIND_KEYWORDS: readonly Keyword<GlobalDraft['unixBind']>[] = [prefix, ...SOCKET_FILE_KEYWORDS];

export const UNIX_BIND_DIRECTIVES: readonly Directive<GlobalDraft>[] = [
  globalDirective({
    name: 'unix-bind', arguments: [keywords('unix-bind', UNIX_BIND_KEYWORDS, new Map())], origin: 'haproxy', default: 'none',
    summary: "Prefix, owner and permissions of all Unix sockets that 'bind' makes.", example: 'unix-bind prefix /run/pillion mode 770 group web',
    details: "The keywords of a 'bind' itself count more.",
    apply: (global, [set]) => set(global.unixBind),
  }),
];
