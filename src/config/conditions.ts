/**
 * The conditions of `.if` and `-cc` (HAProxy manual 2.4): predicates joined by `&&`, `||`, `!` and parentheses. Linear in the length of
 * the text, whatever it is.
 */
import { constants } from 'node:crypto';
import { nearest } from './nearest.ts';
import type { Environment } from './lexer.ts';
import type { Parsed } from './units.ts';

/** The version of HAProxy whose language this is: what `version_atleast()` compares with. */
export const LANGUAGE_VERSION = '3.2.0';

/** Parentheses and negations inside each other; HAProxy's own limit is of this size, too. */
const MAX_DEPTH = 64;

/** What predicates ask about. */
export interface Facts {
  readonly env: Environment;
  /** Whether Pillion does what HAProxy's build option of this name gives: `OPENSSL`. */
  readonly feature: (name: string) => boolean;
}

interface Predicate {
  readonly usage: string;
  readonly arguments: number;
  readonly holds: (values: readonly string[], facts: Facts) => boolean | null;
}

const ENABLED = new Set(['POLL', 'EPOLL', 'GETADDRINFO']);
const DISABLED = new Set(['KQUEUE', 'EVPORTS', 'SPLICE', 'REUSEPORT', 'FAST-FORWARD', 'SERVER-SSL-VERIFY-NONE', 'ZERO-COPY']);

const PREDICATES: ReadonlyMap<string, Predicate> = new Map<string, Predicate>([
  ['defined', { usage: 'defined(<name>)', arguments: 1, holds: ([name = ''], { env }) => env[name] !== undefined }],
  ['feature', { usage: 'feature(<name>)', arguments: 1, holds: ([name = ''], { feature }) => feature(name) }],
  ['streq', { usage: 'streq(<a>,<b>)', arguments: 2, holds: ([a, b]) => a === b }],
  ['strneq', { usage: 'strneq(<a>,<b>)', arguments: 2, holds: ([a, b]) => a !== b }],
  ['strstr', { usage: 'strstr(<text>,<part>)', arguments: 2, holds: ([text = '', part = '']) => text.includes(part) }],
  ['enabled', { usage: 'enabled(<name>)', arguments: 1, holds: ([name = '']) => (ENABLED.has(name) ? true : DISABLED.has(name) ? false : null) }],
  ['version_atleast', { usage: 'version_atleast(<version>)', arguments: 1, holds: ([version = '']) => atLeast(ofHaproxy, LANGUAGE_VERSION, version) }],
  ['version_before', { usage: 'version_before(<version>)', arguments: 1, holds: ([version = '']) => not(atLeast(ofHaproxy, LANGUAGE_VERSION, version)) }],
  ['openssl_version_atleast', {
    usage: 'openssl_version_atleast(<version>)', arguments: 1,
    holds: ([version = '']) => atLeastNumber(constants.OPENSSL_VERSION_NUMBER, ofOpenssl(version)),
  }],
  ['openssl_version_before', {
    usage: 'openssl_version_before(<version>)', arguments: 1,
    holds: ([version = '']) => not(atLeastNumber(constants.OPENSSL_VERSION_NUMBER, ofOpenssl(version))),
  }],
  ['ssllib_name_startswith', { usage: 'ssllib_name_startswith(<name>)', arguments: 1, holds: ([name = '']) => 'OpenSSL'.startsWith(name) }],
  // Node.js has no AWS-LC.
  ['awslc_api_atleast', { usage: 'awslc_api_atleast(<number>)', arguments: 1, holds: () => false }],
  ['awslc_api_before', { usage: 'awslc_api_before(<number>)', arguments: 1, holds: () => false }],
]);

/** For help and docs. */
export const PREDICATE_USAGES: readonly string[] = [...PREDICATES.values()].map(({ usage }) => usage);

/** Nothing is false, as are 0 and what has no predicate; a number other than 0 is true. */
export function evaluateCondition(text: string, facts: Facts): Parsed<boolean> {
  const parser = new ConditionParser(text, facts);
  return parser.whole();
}

class ConditionParser {
  readonly #text: string;
  readonly #facts: Facts;
  #at = 0;
  #failure: string | null = null;

  constructor(text: string, facts: Facts) {
    this.#text = text;
    this.#facts = facts;
  }

  whole(): Parsed<boolean> {
    this.#blanks();
    if (this.#at === this.#text.length) return { ok: true, value: false };
    const value = this.#or(0);
    if (this.#failure === null && this.#at < this.#text.length) this.#fail(`unexpected '${this.#text.slice(this.#at, this.#at + 40)}' behind the condition`);
    return this.#failure === null ? { ok: true, value } : { ok: false, message: this.#failure };
  }

  #or(depth: number): boolean {
    let value = this.#and(depth);
    while (this.#failure === null && this.#takes('||')) {
      const right = this.#and(depth);
      value ||= right;
    }
    return value;
  }

  #and(depth: number): boolean {
    let value = this.#term(depth);
    while (this.#failure === null && this.#takes('&&')) {
      const right = this.#term(depth);
      value &&= right;
    }
    return value;
  }

  #term(depth: number): boolean {
    this.#blanks();
    if (depth > MAX_DEPTH) return this.#fail(`more than ${MAX_DEPTH} parentheses or negations in each other`);
    if (this.#takes('!')) return !this.#term(depth + 1);
    if (this.#takes('(')) {
      const value = this.#or(depth + 1);
      if (this.#failure === null && !this.#takes(')')) return this.#fail("')' is missing");
      this.#blanks();
      return value;
    }
    const word = /[\w.-]*/y;
    word.lastIndex = this.#at;
    const name = word.exec(this.#text)?.[0] ?? '';
    if (name === '') {
      const rest = this.#text.slice(this.#at, this.#at + 40);
      return this.#fail(rest === '' ? 'a condition is missing at the end' : `'${rest}' is no condition`);
    }
    this.#at += name.length;
    if (/^[+-]?\d+$/.test(name)) {
      this.#blanks();
      return Number(name) !== 0;
    }
    return this.#predicate(name);
  }

  #predicate(name: string): boolean {
    const predicate = PREDICATES.get(name);
    if (predicate === undefined) {
      const near = nearest(name, PREDICATES.keys());
      return this.#fail(`unknown predicate '${name}'${near === null ? '' : `; did you mean '${near}'?`}`);
    }
    const values = this.#arguments(name);
    if (values === null) return false;
    if (values.length !== predicate.arguments) return this.#fail(`'${name}' is written ${predicate.usage}`);
    this.#blanks();
    const holds = predicate.holds(values, this.#facts);
    return holds ?? this.#fail(`'${values.join(',')}' is nothing that '${name}' knows`);
  }

  /** `(a,b)`: blanks count, quotes and backslashes protect commas and parentheses. */
  #arguments(name: string): string[] | null {
    if (!this.#takes('(')) {
      this.#fail(`'${name}' needs its argument in parentheses`);
      return null;
    }
    const values: string[] = [];
    let value = '';
    let quote = '';
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text.charAt(this.#at);
      if (char === '\\' && quote !== "'") value += this.#text.charAt(++this.#at);
      else if (quote !== '') {
        if (char === quote) quote = '';
        else value += char;
      } else if (char === '"' || char === "'") quote = char;
      else if (char === ',' || char === ')') {
        values.push(value);
        value = '';
        if (char === ',') continue;
        this.#at++;
        return values;
      } else value += char;
    }
    this.#fail(`')' is missing behind the argument of '${name}'`);
    return null;
  }

  #takes(text: string): boolean {
    this.#blanks();
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #blanks(): void {
    while (this.#text.charAt(this.#at) === ' ' || this.#text.charAt(this.#at) === '\t') this.#at++;
  }

  #fail(message: string): false {
    this.#failure ??= message;
    this.#at = this.#text.length;
    return false;
  }
}

function not(value: boolean | null): boolean | null {
  return value === null ? null : !value;
}

function atLeast(read: (text: string) => readonly number[] | null, ours: string, theirs: string): boolean | null {
  const have = read(ours);
  const wanted = read(theirs);
  if (have === null || wanted === null) return null;
  for (const [index, part] of have.entries()) {
    const other = wanted[index] ?? 0;
    if (part !== other) return part > other;
  }
  return true;
}

/** `2.4-dev13`, `2.4.0-alpha`, `2.5`, `3`: a development version comes before the release. */
function ofHaproxy(text: string): readonly number[] | null {
  const match = /^(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?:-(dev|pre|rc)(\d{1,4}))?(?:-.*)?$/.exec(text);
  if (match === null) return null;
  const [, major, minor = '0', patch = '0', stage, number] = match;
  return [Number(major), Number(minor), stage === undefined ? 1 : 0, Number(patch), Number(number ?? 0)];
}

function atLeastNumber(have: number, wanted: number | null): boolean | null {
  return wanted === null ? null : have >= wanted;
}

/** `1.1.1`, `1.1.1f`, `3.0.0-beta2` or OpenSSL's own number in hexadecimal, as that number: 0xMNNFFPPS, since 3.0 0xMNN00PP0. */
function ofOpenssl(text: string): number | null {
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number(text);
  const match = /^(\d{1,2})\.(\d{1,2})(?:\.(\d{1,2}))?([a-z])?(?:-(alpha|beta|pre)(\d{0,2}))?$/.exec(text);
  if (match === null) return null;
  const [, major = '0', minor = '0', fix = '0', letter, stage] = match;
  const release = stage === undefined ? 0xf : 0;
  const high = Number(major) * 2 ** 28 + Number(minor) * 2 ** 20;
  if (Number(major) >= 3) return high + Number(fix) * 2 ** 4;
  return high + Number(fix) * 2 ** 12 + (letter === undefined ? 0 : letter.charCodeAt(0) - 96) * 2 ** 4 + release;
}
