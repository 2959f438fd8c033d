/** What keeps clients with their servers (HAProxy manual 4.2). */
import { compileCondition } from '../../route/condition.ts';
import { meets, type KeySource } from '../../route/key.ts';
import { chooseWord, parsed, required, time, word } from '../arguments.ts';
import { CONDITION } from './rule-words.ts';
import { proxyDirective } from '../directive.ts';
import { compileSampleKey, responseKey, SAMPLE_KEYS } from '../sample-key.ts';
import { parseSize, parseTime } from '../units.ts';
import type { Argument, ArgumentContext, Cursor, Directive } from '../directive.ts';
import type { ProxyDraft } from '../draft.ts';
import type { CookieSettings, StickRule, StickTableSettings } from '../stickiness-settings.ts';
import type { Token } from '../lexer.ts';
import type { Parsed } from '../units.ts';

const SECTIONS = ['listen', 'backend'] as const;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const FLAGS = ['insert', 'rewrite', 'prefix', 'indirect', 'nocache', 'postonly', 'preserve', 'httponly', 'secure', 'dynamic', 'domain', 'maxidle', 'maxlife', 'attr'] as const;

const cookie: Argument<CookieSettings> = {
  usage: '<name> [insert|rewrite|prefix] [indirect] [nocache] [postonly] [preserve] [httponly] [secure] [dynamic] [domain <domain>]... '
    + '[maxidle <time>] [maxlife <time>] [attr <value>]...',
  describe: '<name>: of the cookie; <time>: default s',
  take: (cursor, context) => {
    const name = required(cursor, context, 'the name of a cookie');
    if (name === undefined) return undefined;
    const settings: Mutable<CookieSettings> = {
      name: name.text, mode: 'passive', indirect: false, nocache: false, postonly: false, preserve: false, dynamic: false, maxIdle: null, maxLife: null,
      attributes: '',
    };
    const parts = { domains: [] as string[], httponly: false, secure: false, more: [] as string[] };
    for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
      const flag = chooseWord(token, "argument of 'cookie'", FLAGS, [], context);
      if (flag === undefined) return undefined;
      cursor.head = token.position;
      switch (flag) {
        case 'insert':
        case 'rewrite':
        case 'prefix':
          if (settings.mode !== 'passive' && settings.mode !== flag) {
            context.report.error(`'${settings.mode}' and '${flag}' exclude each other`, token.position);
            return undefined;
          }
          settings.mode = flag;
          break;
        case 'httponly':
        case 'secure':
          parts[flag] = true;
          break;
        case 'domain':
        case 'attr': {
          const value = required(cursor, { ...context, directive: flag }, `a value for '${flag}'`);
          if (value === undefined) return undefined;
          if (/[;\p{Cc}]/u.test(value.text)) {
            context.report.error(`'${value.text}' cannot stand in a cookie`, value.position);
            return undefined;
          }
          if (flag === 'domain') parts.domains.push(value.text);
          else parts.more.push(value.text);
          break;
        }
        case 'maxidle':
        case 'maxlife': {
          const limit = time('time', { min: 1000, defaultUnit: 's' }).take(cursor, { ...context, directive: flag });
          if (limit === undefined) return undefined;
          settings[flag === 'maxidle' ? 'maxIdle' : 'maxLife'] = Math.floor(limit / 1000);
          break;
        }
        default:
          settings[flag] = true;
      }
    }
    if ((settings.maxIdle !== null || settings.maxLife !== null) && settings.mode !== 'insert') {
      context.report.error("'maxidle' and 'maxlife' need 'insert'", name.position);
      return undefined;
    }
    if (settings.dynamic && settings.mode !== 'insert') {
      context.report.error("'dynamic' needs 'insert'", name.position);
      return undefined;
    }
    const attributes = [
      ...(parts.domains.length > 0 ? [`domain=${parts.domains.join('; domain=')}`] : []), ...(parts.httponly ? ['HttpOnly'] : []),
      ...(parts.secure ? ['Secure'] : []), ...parts.more,
    ];
    settings.attributes = attributes.map((attribute) => `; ${attribute}`).join('');
    return settings;
  },
};

const KEY_LENGTHS = { ip: 4, ipv6: 16, integer: 10, string: 31, binary: 32 } as const;
const TYPES = ['ip', 'ipv6', 'integer', 'string', 'binary'] as const;
/** Entries of one table; some 200 octets each. */
const MAX_TABLE = 4_000_000;
const MAX_KEY = 1024;

const table: Argument<StickTableSettings> = {
  usage: 'type ip|ipv6|integer|string [len <n>]|binary [len <n>] size <size> [expire <time>] [nopurge] [store server_id]',
  describe: '<size>: entries (k, m); <n>: octets of a key that count, default 31 for string and 32 for binary',
  take: (cursor, context) => {
    const settings: Mutable<StickTableSettings> = { type: 'ip', keyLength: 0, size: 0, expireMs: null, noPurge: false };
    const value = <T>(keyword: string, parse: (text: string) => Parsed<T>): T | undefined =>
      parsed(keyword, `the value of '${keyword}'`, parse).take(cursor, { ...context, directive: keyword });
    for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
      const keyword = chooseWord(token, "argument of 'stick-table'", ['type', 'len', 'size', 'expire', 'nopurge', 'store'], ['peers', 'srvkey', 'write-to', 'recv-only'], context);
      if (keyword === undefined) return undefined;
      cursor.head = token.position;
      if (keyword === 'nopurge') settings.noPurge = true;
      else if (!takeTableValue(keyword, settings, token, cursor, context, value)) return undefined;
    }
    if (settings.keyLength === 0) return missing('type', cursor, context);
    return settings.size === 0 ? missing('size', cursor, context) : settings;
  },
};

function missing(what: string, cursor: Cursor, { report }: ArgumentContext): undefined {
  report.error(`'stick-table' needs '${what}'`, cursor.head);
}

function takeTableValue(
  keyword: 'type' | 'len' | 'size' | 'expire' | 'store', settings: Mutable<StickTableSettings>, { position }: Token, cursor: Cursor, context: ArgumentContext,
  value: <T>(keyword: string, parse: (text: string) => Parsed<T>) => T | undefined,
): boolean {
  switch (keyword) {
    case 'type': {
      const name = required(cursor, context, 'a type of keys');
      const type = name === undefined ? undefined : chooseWord(name, 'type of keys', TYPES, [], context);
      if (type === undefined) return false;
      settings.type = type;
      settings.keyLength = KEY_LENGTHS[type];
      return true;
    }
    case 'len': {
      const length = value('len', parseSize);
      if (length === undefined) return false;
      if (length < 1 || length > MAX_KEY) {
        context.report.error(`a key has 1 to ${MAX_KEY} octets`, position);
        return false;
      }
      settings.keyLength = length;
      return true;
    }
    case 'size': {
      const size = value('size', parseSize);
      if (size === undefined) return false;
      if (size > MAX_TABLE) context.report.warning(`the table has ${MAX_TABLE} entries at most`, position);
      settings.size = Math.min(size, MAX_TABLE);
      return true;
    }
    case 'expire': {
      const expire = value('expire', (text) => parseTime(text, 'ms'));
      if (expire === undefined) return false;
      settings.expireMs = expire;
      return true;
    }
    case 'store': {
      const what = required(cursor, context, 'what is stored');
      if (what === undefined) return false;
      if (what.text === 'server_id' || what.text === 'server_key') return true;
      context.report.error(`'store ${what.text}' is not supported by Pillion: tables know servers only, nothing is counted in them`, what.position);
      return false;
    }
  }
}

const stickRule: Argument<{ readonly word: Token; readonly table: string | null; readonly condition: readonly Token[] }> = {
  usage: `<sample> [table <backend>] ${CONDITION}`,
  describe: `<sample>: ${SAMPLE_KEYS}; <backend>: whose table it is, default this one's`,
  take: (cursor, context) => {
    const token = required(cursor, context, `a sample: ${SAMPLE_KEYS}`);
    if (token === undefined) return undefined;
    let name: string | null = null;
    if (cursor.peek()?.text === 'table') {
      cursor.next();
      const found = required(cursor, context, 'the name of a backend');
      if (found === undefined) return undefined;
      name = found.text;
    }
    const condition: Token[] = [];
    const next = cursor.peek();
    if (next?.text === 'if' || next?.text === 'unless') {
      for (let next_ = cursor.next(); next_ !== undefined; next_ = cursor.next()) condition.push(next_);
    }
    return { word: token, table: name, condition };
  },
};

function stick(action: StickRule['action'], name: string, summary: string, example: string): Directive<ProxyDraft> {
  return proxyDirective({
    name, sections: SECTIONS, arguments: [stickRule], origin: 'haproxy', default: 'none', summary, example,
    apply: (proxy, [{ word: written, table: other, condition: words }], { report, position, path }) => {
      proxy.rules.scope.path = path;
      const sample = action === 'store-response' ? (responseKey(written) ?? undefined) : compileSampleKey(written, proxy.rules.scope);
      if (sample === undefined && action === 'store-response') report.error(`'${written.text}' cannot be a key of a response`, written.position, 'keys are res.hdr(<name>) and res.cook(<name>)');
      const condition = words.length === 0 ? null : compileCondition(words, 'request', proxy.rules.scope);
      if (sample === undefined || (words.length > 0 && condition === null)) return;
      const applies = condition === null ? null : (source: KeySource): boolean => meets(condition, source);
      proxy.stick.push({ action, sample, table: other ?? proxy.name, applies, position });
    },
  });
}

export const STICKINESS_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'cookie', sections: ['defaults', 'listen', 'backend'], arguments: [cookie], origin: 'haproxy', default: 'none',
    summary: "Keep a client with its server by a cookie whose values are the servers' 'cookie'.",
    details: 'insert: Pillion sets it; rewrite: the server sets it, and its value is replaced; prefix: the server sets it, and its value gets the '
      + "server's and a tilde before it; without any of them it is only read. indirect hides it from servers. A server that is down, or in "
      + 'maintenance, loses its clients to others; one that is drained keeps them.',
    example: 'cookie SRV insert indirect nocache',
    apply: (proxy, [settings]) => { proxy.settings.cookie = settings; },
    undo: (proxy) => { proxy.settings.cookie = null; },
  }),
  proxyDirective({
    name: 'dynamic-cookie-key', sections: ['defaults', 'listen', 'backend'], arguments: [word('key', 'a secret')], origin: 'haproxy', default: 'none',
    summary: "What 'cookie ... dynamic' makes the values of, together with the servers' addresses, so that they are the same everywhere.",
    example: 'dynamic-cookie-key secret',
    apply: (proxy, [key]) => { proxy.settings.dynamicCookieKey = key; },
    undo: (proxy) => { proxy.settings.dynamicCookieKey = null; },
  }),
  proxyDirective({
    name: 'http-send-name-header', sections: ['defaults', 'listen', 'backend'], origin: 'haproxy', default: 'off',
    arguments: [word('header', 'the name of a header')],
    summary: "Tell servers their own name in a header of each request.", example: 'http-send-name-header x-server',
    apply: (proxy, [name], { report, position }) => {
      const lower = name.toLowerCase();
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) || lower === 'host') report.error(`'${name}' cannot be that header`, position);
      else proxy.settings.sendServerName = lower;
    },
    undo: (proxy) => { proxy.settings.sendServerName = null; },
  }),
  stick('match', 'stick match', 'Look a key of requests up in a table: who is found goes to the server that is stored.', 'stick match src table other'),
  stick('on', 'stick on', 'The same key goes to the same server, by a table: look up, and remember.', 'stick on src'),
  stick('store-request', 'stick store-request', 'Remember the server that was chosen for a key of the request.', 'stick store-request src'),
  stick('store-response', 'stick store-response', 'Remember the server for a key of its response: hdr(<name>), or a cookie that it sets.', 'stick store-response cook(SESSION)'),
  proxyDirective({
    name: 'stick-table', sections: SECTIONS, arguments: [table], origin: 'haproxy', default: 'none',
    summary: 'Memory for stick rules: which key belongs to which server.',
    details: 'The entry that was not used for the longest makes room for another, unless nopurge forbids it. A restart forgets all.',
    example: 'stick-table type ip size 100k expire 30m',
    apply: (proxy, [settings]) => { proxy.stickTable = settings; },
  }),
];
