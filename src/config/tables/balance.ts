/** How servers are chosen: `balance`, `hash-type`, `hash-balance-factor` (HAProxy manual 4.2). */
import { chooseWord, integer, parseInteger, required } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import { compileSampleKey, SAMPLE_KEYS } from '../sample-key.ts';
import type { ArgumentContext, Argument, Cursor, Directive } from '../directive.ts';
import type { ProxyDraft } from '../draft.ts';
import { DEFAULT_HASHING, type Balance, type HashFunction, type HashKey, type Hashing } from '../balance-settings.ts';
import type { Token } from '../lexer.ts';

/** Those that a command line may name: without arguments. */
export const BALANCE_ALGORITHMS: readonly Balance['algorithm'][] = ['roundrobin', 'static-rr', 'leastconn', 'first', 'random', 'source', 'uri'];
const ALL: readonly Balance['algorithm'][] = [...BALANCE_ALGORITHMS, 'url_param', 'hdr', 'rdp-cookie', 'hash'];
const UNSUPPORTED_ALGORITHMS = ['log-hash', 'sticky'];
const FUNCTIONS: readonly HashFunction[] = ['sdbm', 'djb2', 'wt6', 'crc32', 'none'];

/** A balance whose expression has yet to be compiled. */
interface ByExpression {
  readonly algorithm: 'hash';
  readonly word: Token;
}

const algorithm: Argument<Balance | ByExpression> = {
  usage: 'roundrobin|static-rr|leastconn|first|random[(<draws>)]|source|uri [len <n>] [depth <n>] [whole] [path-only]|url_param <name>'
    + '|hdr(<name>) [use_domain_only]|rdp-cookie[(<name>)]|hash <sample>',
  describe: `one of ${ALL.join(', ')}; <draws>: how many servers are drawn and compared, default 2; <sample>: ${SAMPLE_KEYS}`,
  take: (cursor, context) => {
    const token = required(cursor, context, `an algorithm: one of ${ALL.join(', ')}`);
    if (token === undefined) return undefined;
    const [, name = '', inner] = /^([^(]*)(?:\((.*)\))?$/.exec(token.text) ?? [undefined, token.text];
    const found = chooseWord({ ...token, text: name }, 'balance algorithm', ALL, UNSUPPORTED_ALGORITHMS, context);
    if (found === undefined) return undefined;
    cursor.head = token.position;
    if (inner !== undefined && found !== 'random' && found !== 'hdr' && found !== 'rdp-cookie') {
      context.report.error(`'${found}' takes no argument in parentheses`, token.position);
      return undefined;
    }
    switch (found) {
      case 'roundrobin':
      case 'static-rr':
      case 'leastconn':
      case 'first':
        return { algorithm: found };
      case 'random':
        return random(inner ?? '', token, context);
      case 'hash': {
        const word = required(cursor, context, `a sample: ${SAMPLE_KEYS}`);
        return word === undefined ? undefined : { algorithm: found, word };
      }
      default: {
        const key = hashKey(found, inner ?? '', token, cursor, context);
        return key === undefined ? undefined : { algorithm: found, key, hashing: DEFAULT_HASHING };
      }
    }
  },
};

function random(inner: string, { position }: Token, { report }: ArgumentContext): Balance | undefined {
  const draws = inner === '' ? { ok: true, value: 2 } as const : parseInteger(inner, 1, 1000);
  if (draws.ok) return { algorithm: 'random', draws: draws.value };
  report.error(`the draws of 'random': ${draws.message}`, position);
  return undefined;
}

function hashKey(of: Exclude<HashKey['of'], 'hash'>, inner: string, token: Token, cursor: Cursor, context: ArgumentContext): HashKey | undefined {
  switch (of) {
    case 'source':
      return { of };
    case 'uri':
      return uriKey(cursor, context);
    case 'url_param': {
      const name = required(cursor, context, 'the name of a parameter');
      if (name === undefined) return undefined;
      if (cursor.peek()?.text !== 'check_post') return { of, name: name.text };
      context.report.error("'check_post' is not supported by Pillion: bodies are not waited for", cursor.next()?.position ?? token.position);
      return undefined;
    }
    case 'hdr': {
      if (inner === '') {
        context.report.error("'hdr' needs the name of a header: hdr(<name>)", token.position);
        return undefined;
      }
      const domainOnly = cursor.peek()?.text === 'use_domain_only';
      if (domainOnly) cursor.next();
      return { of, name: inner.toLowerCase(), domainOnly };
    }
    case 'rdp-cookie':
      return { of, name: inner === '' ? 'mstshash' : inner };
  }
}

function uriKey(cursor: Cursor, context: ArgumentContext): HashKey | undefined {
  let length = 0;
  let depth = 0;
  let whole = false;
  let pathOnly = false;
  for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
    const word = chooseWord(token, "argument of 'balance uri'", ['len', 'depth', 'whole', 'path-only'], [], context);
    if (word === undefined) return undefined;
    if (word === 'whole') whole = true;
    else if (word === 'path-only') pathOnly = true;
    else {
      cursor.head = token.position;
      const count = integer(word === 'len' ? 'octets' : 'directories', 1, 65_535).take(cursor, { ...context, directive: word });
      if (count === undefined) return undefined;
      if (word === 'len') length = count;
      else depth = count;
    }
  }
  return { of: 'uri', length, depth, whole, pathOnly };
}

const hashType: Argument<Omit<Hashing, 'balanceFactor'>> = {
  usage: 'map-based|consistent [sdbm|djb2|wt6|crc32|none] [avalanche]',
  describe: 'sdbm is the function where none is named, and consistent then has avalanche too',
  take: (cursor, context) => {
    const first = required(cursor, context, 'a method: map-based or consistent');
    const method = first === undefined ? undefined : chooseWord(first, 'method of hash-type', ['map-based', 'consistent'], [], context);
    if (method === undefined) return undefined;
    const consistent = method === 'consistent';
    const second = cursor.next();
    if (second === undefined) return { consistent, function: 'sdbm', avalanche: consistent };
    const chosen = chooseWord(second, 'hash function', FUNCTIONS, [], context);
    if (chosen === undefined) return undefined;
    const third = cursor.peek();
    if (third !== undefined && third.text !== 'avalanche') {
      context.report.error(`unknown modifier of hash-type '${third.text}'`, third.position, "only 'avalanche' may follow");
      return undefined;
    }
    cursor.next();
    return { consistent, function: chosen, avalanche: third !== undefined };
  },
};

export const BALANCE_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'balance', sections: ['defaults', 'listen', 'backend'], arguments: [algorithm], origin: 'haproxy', default: 'roundrobin',
    summary: 'How a server is chosen for each stream.',
    details: 'leastconn takes the server with the fewest streams by weight, counted exactly; roundrobin is smooth and weighted, static-rr '
      + 'the same in a fixed order; first fills servers in order up to their maxconn; random compares a few drawn servers. source, uri, '
      + 'url_param, hdr, rdp-cookie and hash choose by a key, with the hash functions of HAProxy and so its choice (see hash-type); a '
      + 'stream without the key goes by roundrobin. HTTP/2 streams are balanced one by one, raw TCP by connection. uri is the absolute '
      + 'URI for HTTP/2, as in HAProxy; path-only leaves scheme and authority out.',
    example: 'balance leastconn',
    apply: (proxy, [balance], { path }) => {
      if (!('word' in balance)) {
        proxy.settings.balance = balance;
        return;
      }
      proxy.rules.scope.path = path;
      const sample = compileSampleKey(balance.word, proxy.rules.scope);
      if (sample !== undefined) proxy.settings.balance = { algorithm: 'hash', key: { of: 'hash', sample }, hashing: DEFAULT_HASHING };
    },
  }),
  proxyDirective({
    name: 'hash-balance-factor', sections: ['defaults', 'listen', 'backend'], origin: 'haproxy', default: '0',
    arguments: [integer('percent', 0, 65_535)],
    summary: 'How much of its share of the streams a server may have before its keys go to the next (hash-type consistent).',
    details: 'Percent of the share, more than 100; 0: any number.', example: 'hash-balance-factor 150',
    apply: (proxy, [factor], { report, position }) => {
      if (factor > 0 && factor <= 100) report.error(`${factor} leaves no room: 0, or more than 100`, position);
      else proxy.settings.hashing = { ...proxy.settings.hashing, balanceFactor: factor };
    },
    undo: (proxy) => { proxy.settings.hashing = { ...proxy.settings.hashing, balanceFactor: 0 }; },
  }),
  proxyDirective({
    name: 'hash-type', sections: ['defaults', 'listen', 'backend'], arguments: [hashType], origin: 'haproxy', default: 'map-based sdbm',
    summary: 'How a key leads to a server.',
    details: 'map-based is exact by weight, but moves most keys when a server comes or goes; consistent moves only the share of that server.',
    example: 'hash-type consistent sdbm avalanche',
    apply: (proxy, [type]) => { proxy.settings.hashing = { ...type, balanceFactor: proxy.settings.hashing.balanceFactor }; },
  }),
  proxyDirective({
    name: 'option allbackups', sections: ['defaults', 'listen', 'backend'], arguments: [], origin: 'haproxy', default: 'off',
    summary: 'When no other server is left, all backup servers are used, not only the first.', example: 'option allbackups',
    apply: (proxy) => { proxy.settings.allBackups = true; },
    undo: (proxy) => { proxy.settings.allBackups = false; },
  }),
];
