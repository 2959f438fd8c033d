/** Sections beside `global` and proxies: their rows, and how they begin (HAProxy manual 3.4, 3.8, 5.3.2). */
import { isIP } from 'node:net';
import { chooseWord, integer, parsed, parseName, required, time, word } from '../arguments.ts';
import { sectionDirective } from '../directive.ts';
import { nearest } from '../nearest.ts';
import { vocabulary } from '../vocabulary.ts';
import type { Argument, ArgumentContext, Cursor, Directive } from '../directive.ts';
import type { Position, Reporter } from '../diagnostics.ts';
import type { ConfigurationDraft, HttpErrorsDraft, OtherSection, ResolversDraft, UserlistDraft } from '../draft.ts';
import type { NameserverSettings } from '../model.ts';
import type { Parsed } from '../units.ts';
import type { Vocabulary } from '../vocabulary.ts';

/** Users or groups of a list, nameservers of a section. */
const MAX_ENTRIES = 10_000;

const inResolvers = sectionDirective<ResolversDraft>('resolvers');
const inUserlist = sectionDirective<UserlistDraft>('userlist');
const inHttpErrors = sectionDirective<HttpErrorsDraft>('http-errors');

const nameserver = parsed('address', 'an IP address and its port, 53 if left out', parseNameserver);
const HOLDS = ['valid'] as const;
const OTHER_HOLDS = ['nx', 'other', 'refused', 'timeout', 'obsolete'] as const;

const hold: Argument<{ status: (typeof HOLDS)[number] | (typeof OTHER_HOLDS)[number]; ms: number }> = {
  usage: 'valid|nx|other|refused|timeout|obsolete <time>',
  describe: '<time>: a time (us, ms, s, m, h, d; default ms)',
  take: (cursor, context) => {
    const token = required(cursor, context, `a status: one of ${[...HOLDS, ...OTHER_HOLDS].join(', ')}`);
    const status = token && chooseWord(token, 'status', [...HOLDS, ...OTHER_HOLDS], [], context);
    const ms = status && time('time').take(cursor, context);
    return status === undefined || ms === undefined ? undefined : { status, ms };
  },
};

const RESOLVERS_ROWS: readonly Directive<ResolversDraft>[] = [
  inResolvers({
    name: 'nameserver', arguments: [parsed('name', 'a name for it', parseName), nameserver], origin: 'haproxy', default: 'none',
    summary: 'A DNS server to ask.', details: 'With several, the next is asked when one does not answer.', example: 'nameserver dns1 10.0.0.53:53',
    apply: ({ nameservers }, [name, address], { report, position }) => {
      if (nameservers.has(name)) return report.error(`nameserver '${name}' exists already in this section`, position);
      if (nameservers.size >= MAX_ENTRIES) return report.error(`more than ${MAX_ENTRIES} nameservers`, position);
      nameservers.set(name, address);
    },
  }),
  inResolvers({
    name: 'parse-resolv-conf', arguments: [], origin: 'haproxy', default: 'off', example: 'parse-resolv-conf',
    summary: 'Ask the DNS servers of /etc/resolv.conf, too.',
    apply: (resolvers) => { resolvers.parseResolvConf = true; },
  }),
  inResolvers({
    name: 'resolve_retries', arguments: [integer('number', 1, 1000)], origin: 'haproxy', default: '3', example: 'resolve_retries 3',
    summary: 'How often a question is sent before it counts as failed.',
    apply: (resolvers, [tries]) => { resolvers.tries = tries; },
  }),
  inResolvers({
    name: 'timeout retry', arguments: [time('time', { min: 1 })], origin: 'haproxy', default: '1s', example: 'timeout retry 1s',
    summary: 'How long an answer may take before the question is sent again.',
    apply: (resolvers, [ms]) => { resolvers.retryMs = ms; },
  }),
  inResolvers({
    name: 'timeout resolve', arguments: [time('time', { min: 1 })], origin: 'haproxy', default: '1s', example: 'timeout resolve 1s',
    summary: 'How long until a name that has no answer is asked for again, and the shortest time between two questions for a name.',
    details: "A name that has an answer is asked for again after 'hold valid', where that is the longer of the two.",
    apply: (resolvers, [ms]) => {
      resolvers.resolveMs = ms;
      resolvers.holdValidMs = Math.max(resolvers.holdValidMs, ms);
    },
  }),
  inResolvers({
    name: 'hold', arguments: [hold], origin: 'haproxy', default: 'valid 10s', example: 'hold valid 10s',
    summary: 'How long the last answer counts.',
    details: 'valid: how long until the name is asked for again. The others are for when no answer comes: servers stay as they are then, '
      + 'for however long it lasts, so that these times have no effect.',
    apply: (resolvers, [{ status, ms }]) => { if (status === 'valid') resolvers.holdValidMs = Math.max(ms, 1); },
  }),
  inResolvers({
    name: 'accepted_payload_size', arguments: [integer('octets', 512, 65_535)], origin: 'haproxy', default: '512', example: 'accepted_payload_size 8192',
    summary: 'The largest answer over UDP; the resolver here negotiates it and asks over TCP for longer ones, whatever stands here.',
    apply: () => {},
  }),
];

function names(cursor: Cursor, context: ArgumentContext, before: string): readonly string[] | undefined {
  const head = cursor.next();
  if (head === undefined) return [];
  if (head.text !== before) {
    context.report.error(`unexpected '${head.text}'`, head.position, `only '${before} <name>[,...]' may follow`);
    return undefined;
  }
  cursor.head = head.position;
  const list = required(cursor, { ...context, directive: before }, 'names, with commas between them');
  if (list === undefined) return undefined;
  return list.text.split(',').filter((name) => name !== '');
}

const groupUsers: Argument<readonly string[]> = {
  usage: '[users <user>[,...]]', describe: '<user>: the name of a user of this list',
  take: (cursor, context) => names(cursor, context, 'users'),
};

const secret: Argument<{ password: string; hashed: boolean; groups: readonly string[] }> = {
  usage: 'password|insecure-password <password> [groups <group>[,...]]',
  describe: 'password: as crypt(3) or mkpasswd make it, such as $6$...; insecure-password: as it is; <group>: the name of a group of this list',
  take: (cursor, context) => {
    const how = required(cursor, context, "'password' or 'insecure-password'");
    const kind = how && chooseWord(how, 'kind of password', ['password', 'insecure-password'], [], context);
    if (how === undefined || kind === undefined) return undefined;
    cursor.head = how.position;
    const token = required(cursor, { ...context, directive: kind }, 'the password');
    const groups = token && names(cursor, context, 'groups');
    return token === undefined || groups === undefined ? undefined : { password: token.text, hashed: kind === 'password', groups };
  },
};

const USERLIST_ROWS: readonly Directive<UserlistDraft>[] = [
  inUserlist({
    name: 'group', arguments: [word('name', 'the name of the group'), groupUsers], origin: 'haproxy', default: 'none', example: 'group ops users ann,bob',
    summary: 'A group of users.',
    apply: ({ groups }, [name, users], { report, position }) => {
      if (groups.has(name)) return report.error(`group '${name}' exists already in this list`, position);
      if (groups.size >= MAX_ENTRIES) return report.error(`more than ${MAX_ENTRIES} groups`, position);
      groups.set(name, { users, position });
    },
  }),
  inUserlist({
    name: 'user', arguments: [word('name', 'the name of the user'), secret], origin: 'haproxy', default: 'none',
    summary: 'A user and the password.', example: 'user ann insecure-password secret groups ops',
    apply: ({ users }, [name, { password, hashed, groups }], { report, position }) => {
      if (users.has(name)) return report.error(`user '${name}' exists already in this list`, position);
      if (users.size >= MAX_ENTRIES) return report.error(`more than ${MAX_ENTRIES} users`, position);
      users.set(name, { password, hashed, groups: new Set(groups), position });
    },
  }),
];

/** What HAProxy has error files for (manual 4.2 "errorfile"). */
export const ERROR_STATUSES: readonly number[] = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 425, 429, 431, 500, 501, 502, 503, 504];

export const errorStatus: Argument<number> = parsed('status', `one of ${ERROR_STATUSES.join(', ')}`, (text) =>
  (ERROR_STATUSES.includes(Number(text)) && /^\d{3}$/.test(text)
    ? { ok: true, value: Number(text) }
    : { ok: false, message: `'${text}' is not a status with an error file: one of ${ERROR_STATUSES.join(', ')}` }));

const HTTP_ERRORS_ROWS: readonly Directive<HttpErrorsDraft>[] = [
  inHttpErrors({
    name: 'errorfile', arguments: [errorStatus, word('file', 'the path of a file with a whole HTTP response')], origin: 'haproxy', default: 'none',
    summary: 'The response for a status.', example: 'errorfile 503 /etc/pillion/errors/503.http',
    apply: ({ files }, [status, file], { path }) => { files.set(status, path(file)); },
  }),
];

/** How a line of the section is read; `vocabulary` and draft are of one type, which the caller need not know. */
export interface SectionBody {
  readonly read: (reader: <D>(words: Vocabulary<D>, draft: D) => void) => void;
}

export interface SectionType {
  readonly word: OtherSection;
  readonly summary: string;
  readonly rows: readonly Omit<Directive<never>, 'compile' | 'undo' | 'reset' | 'misplaced'>[];
  /** null: the name exists already, and that was reported. */
  readonly begin: (draft: ConfigurationDraft, name: string, position: Position, report: Reporter) => SectionBody | null;
}

function sectionType<D extends { readonly position: Position }>(
  wordOf: OtherSection, summary: string, rows: readonly Directive<D>[],
  listOf: (draft: ConfigurationDraft) => Map<string, D>, create: (name: string, position: Position) => D,
): SectionType {
  const words = vocabulary(rows, new Map(), new Map());
  return {
    word: wordOf, summary, rows,
    begin: (draft, name, position, report) => {
      const sections = listOf(draft);
      const other = sections.get(name);
      if (other !== undefined || sections.size >= MAX_ENTRIES) {
        const where = other === undefined ? `more than ${MAX_ENTRIES} sections` : `'${wordOf} ${name}' exists already, at ${other.position.file}:${other.position.line}`;
        report.error(where, position);
        return null;
      }
      const section = create(name, position);
      sections.set(name, section);
      return { read: (reader) => reader(words, section) };
    },
  };
}

export const SECTION_TYPES: ReadonlyMap<string, SectionType> = new Map([
  sectionType<HttpErrorsDraft>(
    'http-errors', 'Responses for errors, for proxies to refer to.', HTTP_ERRORS_ROWS, ({ httpErrors }) => httpErrors,
    (name, position) => ({ name, position, files: new Map() }),
  ),
  sectionType<ResolversDraft>(
    'resolvers', "DNS servers, for 'resolvers' of servers.", RESOLVERS_ROWS, ({ resolvers }) => resolvers,
    (name, position) => ({ name, position, nameservers: new Map(), parseResolvConf: false, tries: 3, retryMs: 1000, resolveMs: 1000, holdValidMs: 10_000 }),
  ),
  sectionType<UserlistDraft>(
    'userlist', 'Users, passwords and groups, for authentication.', USERLIST_ROWS, ({ userlists }) => userlists,
    (name, position) => ({ name, position, users: new Map(), groups: new Map() }),
  ),
].map((type) => [type.word, type]));

/** Groups and users of a list know each other. */
export function checkUserlist({ users, groups }: UserlistDraft, report: Reporter): void {
  for (const [name, group] of groups) {
    for (const user of group.users) {
      if (report.full) return;
      const found = users.get(user);
      if (found !== undefined) found.groups.add(name);
      else {
        const near = nearest(user, users.keys());
        report.error(`group '${name}' names the user '${user}', which is not in this list`, group.position, near && `did you mean '${near}'?`);
      }
    }
  }
  for (const [name, user] of users) {
    for (const group of user.groups) {
      if (groups.has(group)) continue;
      if (report.full) return;
      const near = nearest(group, groups.keys());
      report.error(`user '${name}' is in the group '${group}', which is not in this list`, user.position, near && `did you mean '${near}'?`);
    }
  }
}

function parseNameserver(text: string): Parsed<NameserverSettings> {
  if (/^(tcp[46]?|unix|fd)@|^\//.test(text)) return { ok: false, message: `'${text}': nameservers are asked over UDP by address; other forms are not supported by Pillion yet` };
  const plain = text.replace(/^(?:udp[46]?|ipv[46])@/, '');
  const colon = plain.lastIndexOf(':');
  // An IPv6 address without brackets ends in its port, as in HAProxy.
  const written = isIP(plain) === 4 || colon < 0 || plain.endsWith(']') ? null : plain.slice(colon + 1);
  const host = (written === null ? plain : plain.slice(0, colon)).replace(/^\[(.*)\]$/, '$1');
  const port = written === null ? 53 : /^\d{1,5}$/.test(written) ? Number(written) : 0;
  if (isIP(host) === 0) return { ok: false, message: `'${text}' is not the IP address of a nameserver: expected address[:port]` };
  if (port < 1 || port > 65_535) return { ok: false, message: `'${written}' is not a port: expected 1 to 65535` };
  return { ok: true, value: { host, port } };
}
