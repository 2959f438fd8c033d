/**
 * Words that HAProxy itself has dropped; tutorials are full of them. Each is a small rewriting: the lines that mean the same today. The
 * parser reads those in its place, with one warning; `pillion migrate` writes them.
 */

export interface OldWord {
  /** HAProxy's version; null: where only that it is gone is sure. */
  readonly since: string | null;
  /** What to do today, for help and docs. */
  readonly today: string;
  /** The lines of today, word by word; none: the line can go. A text: nothing comes near, and why. */
  readonly rewrite: (words: readonly string[]) => readonly (readonly string[])[] | string;
}

function renamed(name: string, since: string, to: string): [string, OldWord] {
  return [name, { since, today: `'${to}'`, rewrite: (words) => [[...to.split(' '), ...words]] }];
}

function gone(name: string, since: string | null, today: string): [string, OldWord] {
  return [name, { since, today, rewrite: () => [] }];
}

/** "is not supported any more", with the version where it is known. */
export function goneText(name: string, { since }: OldWord): string {
  return `'${name}' is gone from HAProxy${since === null ? '' : ` since ${since}`}`;
}

/** For whom no other server can take: `backup`. Without a port of its own it could not be checked. */
function toClientsDestination(): readonly (readonly string[])[] {
  return [['server', 'transparent', '*', 'backup', 'no-check']];
}

/** In `global`. */
export const OLD_GLOBAL: ReadonlyMap<string, OldWord> = new Map([
  gone('nbproc', '2.5', "remove the line: Pillion is one process; for more cores, 'nbthread' or more pods"),
  gone('tune.chksize', '2.4', "remove the line: 'tune.bufsize' counts"),
  gone('stats bind-process', '2.5', 'remove the line: Pillion is one process'),
]);

/** In proxies; `option …` by its full name. */
export const OLD_PROXY: ReadonlyMap<string, OldWord> = new Map<string, OldWord>([
  renamed('contimeout', '2.1', 'timeout connect'),
  renamed('clitimeout', '2.1', 'timeout client'),
  renamed('srvtimeout', '2.1', 'timeout server'),
  renamed('redispatch', '2.1', 'option redispatch'),
  renamed('redisp', '2.1', 'option redispatch'),
  renamed('block', '2.1', 'http-request deny'),
  renamed('option forceclose', '2.0', 'option httpclose'),
  renamed('option independant-streams', '1.5', 'option independent-streams'),
  gone('option http-tunnel', '2.1', 'remove the line: a connection becomes a tunnel when both sides agree to it by Upgrade or CONNECT'),
  gone('option http-use-htx', '2.1', 'remove the line'),
  gone('grace', '2.5', "remove the line: 'grace' in the global section"),
  gone('bind-process', '2.5', 'remove the line: Pillion is one process'),
  ['monitor-net', {
    since: '2.1', today: "'http-request return status 200 if { src <network> }'",
    rewrite: ([network = '']) => [['http-request', 'return', 'status', '200', 'if', '{', 'src', network, '}']],
  }],
  ['mode health', { since: '2.1', today: "'mode http' and 'http-request return status 200'", rewrite: () => [['mode', 'http'], ['http-request', 'return', 'status', '200']] }],
  ['option http_proxy', { since: '2.5', today: 'nothing comes near', rewrite: () => 'Pillion is no forward proxy: clients cannot name the server' }],
  ['appsession', {
    since: '1.6', today: "'cookie' or 'stick on'",
    rewrite: () => "the application's cookie was followed: use 'cookie <name> prefix', or 'stick on req.cook(<name>)'",
  }],
  ['dispatch', { since: '3.5', today: "'server <name> <address>'", rewrite: (words) => [['server', 'dispatch', ...words, 'backup', 'no-check']] }],
  ['transparent', { since: '3.5', today: "'server <name> *'", rewrite: toClientsDestination }],
  ['option transparent', { since: '3.5', today: "'server <name> *'", rewrite: toClientsDestination }],
  ...headerWords('req', 'http-request', 'req.hdr'),
  ...headerWords('rsp', 'http-response', 'res.hdr'),
  ...(['reqsetbe', 'reqisetbe'] as const).map((name): [string, OldWord] => [name, {
    since: '2.1', today: "'use_backend <backend> if { … }'",
    rewrite: ([pattern = '', backend = '', ...condition]) => {
      const match = matching(pattern, 'req.hdr', name === 'reqisetbe');
      return match === null || condition.length > 0 ? NO_PATTERN : [['use_backend', backend, 'if', '{', ...match, '}']];
    },
  }]),
]);

const NO_PATTERN = "the pattern matches neither one header by its name ('^Name:') nor the request line: write the rule by hand";

/** `reqadd` and its kin, which worked on lines of the header by regular expressions; `i`: whatever the case. */
function headerWords(prefix: 'req' | 'rsp', rule: string, fetch: string): [string, OldWord][] {
  const all: [string, OldWord][] = [];
  const add = (name: string, today: string, rewrite: OldWord['rewrite']): void => { all.push([name, { since: '2.1', today, rewrite }]); };
  for (const i of ['', 'i']) {
    if (i === '') {
      add(`${prefix}add`, `'${rule} add-header'`, ([header = '', ...condition]) => {
        const match = /^([\w-]+):\s*(.*)$/s.exec(header);
        return match === null ? `'${header}' is not written 'Name: value'` : [[rule, 'add-header', match[1] ?? '', match[2] ?? '', ...condition]];
      });
    }
    add(`${prefix}${i}del`, `'${rule} del-header'`, ([pattern = '', ...condition]) => {
      const name = /^\^?([\w-]+):?(?:[ \\s]*\.\*)?\$?$/.exec(pattern)?.[1];
      return name === undefined ? NO_PATTERN : [[rule, 'del-header', name, ...condition]];
    });
    const replace = (words: readonly string[]): readonly string[][] | string => replacing(rule, words, i === 'i');
    add(`${prefix}${i}rep`, `'${rule} replace-header'${prefix === 'req' ? ", or 'http-request replace-pathq' for the request line" : ''}`, replace);
    for (const [suffix, action] of [['deny', 'deny'], ['allow', 'allow'], ['tarpit', 'tarpit'], ['pass', 'allow']] as const) {
      if (prefix === 'rsp' && suffix !== 'deny') continue;
      add(`${prefix}${i}${suffix}`, `'${rule} ${action} if { … }'`, ([pattern = '', ...condition]) => {
        const match = matching(pattern, fetch, i === 'i');
        if (match === null) return NO_PATTERN;
        if (condition.length === 0) return [[rule, action, 'if', '{', ...match, '}']];
        return condition[0] === 'if' ? [[rule, action, 'if', '{', ...match, '}', ...condition.slice(1)]] : "'unless' cannot be joined with the pattern: write the rule by hand";
      });
    }
  }
  const { rewrite } = new Map(all).get(`${prefix}rep`) ?? { rewrite: () => [] };
  add(prefix === 'req' ? 'cliexp' : 'srvexp', `'${rule} replace-header'`, rewrite);
  return all;
}

/** The first words of a request line as patterns write them: `^([^\ :]*)\ ` and so on, with a group or without. */
const METHOD = /^\^(\(?)(?:\[\^[^\]]*\][*+]|\.\*|\\S[*+]|[A-Z]+)(\)?) /;

/** A pattern on a line of the header as words of a condition. */
function matching(pattern: string, fetch: string, anyCase: boolean): string[] | null {
  const flags = ['-m', 'reg', ...(anyCase ? ['-i'] : [])];
  const header = /^\^([\w-]+):[ ]?\s*(.*)$/s.exec(pattern);
  if (header !== null) return [`${fetch}(${header[1] ?? ''})`, ...(header[2] === '' ? ['-m', 'found'] : [...flags, header[2] ?? ''])];
  const method = METHOD.exec(pattern);
  return method === null || fetch !== 'req.hdr' ? null : ['pathq', ...flags, pattern.slice(method[0].length)];
}

function replacing(rule: string, [pattern = '', text = '', ...condition]: readonly string[], anyCase: boolean): readonly string[][] | string {
  const folded = (regex: string): string => (anyCase ? `(?i:${regex})` : regex);
  const header = /^\^([\w-]+):[ ]?(.*)$/s.exec(pattern);
  const value = /^([\w-]+):[ ]?(.*)$/s.exec(text);
  if (header !== null && value !== null && header[1]?.toLowerCase() === value[1]?.toLowerCase()) {
    return [[rule, 'replace-header', header[1] ?? '', folded(header[2] ?? ''), value[2] ?? '', ...condition]];
  }
  const method = METHOD.exec(pattern);
  if (rule !== 'http-request' || method === null) return NO_PATTERN;
  const grouped = method[1] === '(' && method[2] === ')';
  const kept = grouped ? /^\\1 (.*)$/s.exec(text)?.[1] : undefined;
  if (kept === undefined) return NO_PATTERN;
  // The method's group is gone, so that the others move up by one; what follows the path on the request line is gone, too.
  const target = kept.replace(/\\([2-9])/g, (_, digit: string) => `\\${Number(digit) - 1}`);
  return [[rule, 'replace-pathq', folded(`^${pattern.slice(method[0].length)}`), target, ...condition]];
}
