/**
 * Sets of patterns by method (HAProxy manual 7.1.2 to 7.1.6), for ACLs and maps alike: each pattern has a value, and looking up gives
 * the value of the one that matches. Exact strings, prefixes and networks are found by hashing, so long files cost no more than short ones.
 */
import { mask, parseNetwork, toIpv4, type Address, type Network } from './address.ts';
import { compileRegex } from './regex.ts';
import { asAddress, asBool, asInt, octetsOf } from './value.ts';
import type { Value } from './value.ts';

export type Method = 'str' | 'beg' | 'end' | 'sub' | 'reg' | 'dom' | 'dir' | 'len' | 'int' | 'ip' | 'bin' | 'bool' | 'found' | 'version';

export const METHODS: readonly Method[] = ['str', 'beg', 'end', 'sub', 'reg', 'dom', 'dir', 'len', 'int', 'ip', 'bin', 'bool', 'found'];

export interface PatternSet<T> {
  /** Adds a pattern; a message when it is none. */
  add(pattern: string, value: T): string | null;
  /** What was noticed about patterns that work, or null. */
  readonly warning: string | null;
  find(value: Value): T | undefined;
  /** The value of the regular expression that matches, with what its groups took. */
  findRegex?(value: Value): { readonly value: T; readonly match: RegExpExecArray } | undefined;
  readonly size: number;
}

export function patternSet<T>(method: Method, ignoreCase: boolean): PatternSet<T> {
  const fold = ignoreCase ? (text: string): string => text.toLowerCase() : (text: string): string => text;
  switch (method) {
    case 'str': return exact(fold);
    case 'bin': return binary();
    case 'beg': return prefixes(fold);
    case 'end': return linear(fold, (text, pattern) => text.endsWith(pattern));
    case 'sub': return linear(fold, (text, pattern) => text.includes(pattern));
    case 'dom': return linear(fold, (text, pattern) => component(text, trimmed(pattern, '/?.:'), '/?.:'));
    case 'dir': return linear(fold, (text, pattern) => component(text, trimmed(pattern, '/?'), '/?'));
    case 'reg': return regexes(ignoreCase);
    case 'ip': return networks();
    case 'int': return ranges((value) => asInt(value), parseNumber);
    case 'len': return ranges((value) => octetsOf(value).length, parseNumber);
    case 'version': return ranges((value) => asInt(value), parseVersion);
    case 'bool': return truth((value) => asBool(value) === true);
    case 'found': return truth(() => true);
  }
}

function exact<T>(fold: (text: string) => string): PatternSet<T> {
  const values = new Map<string, T>();
  return {
    warning: null,
    get size() { return values.size; },
    add(pattern, value) {
      const key = fold(pattern);
      if (!values.has(key)) values.set(key, value);
      return null;
    },
    find: (value) => values.get(fold(octetsOf(value))),
  };
}

function binary<T>(): PatternSet<T> {
  const values = new Map<string, T>();
  return {
    warning: null,
    get size() { return values.size; },
    add(pattern, value) {
      if (pattern.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(pattern)) return `'${pattern}' is not an even number of hexadecimal digits`;
      values.set(Buffer.from(pattern, 'hex').toString('latin1'), value);
      return null;
    },
    find: (value) => values.get(octetsOf(value)),
  };
}

/** The longest prefix counts, whatever the order. */
function prefixes<T>(fold: (text: string) => string): PatternSet<T> {
  const values = new Map<string, T>();
  let lengths: number[] = [];
  return {
    warning: null,
    get size() { return values.size; },
    add(pattern, value) {
      const key = fold(pattern);
      if (values.has(key)) return null;
      values.set(key, value);
      if (!lengths.includes(key.length)) lengths = [...lengths, key.length].sort((a, b) => b - a);
      return null;
    },
    find(value) {
      const text = fold(octetsOf(value));
      for (const length of lengths) {
        if (length > text.length) continue;
        const key = length === text.length ? text : text.slice(0, length);
        const found = values.get(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

function linear<T>(fold: (text: string) => string, matches: (text: string, pattern: string) => boolean): PatternSet<T> {
  const patterns: { pattern: string; value: T }[] = [];
  return {
    warning: null,
    get size() { return patterns.length; },
    add(pattern, value) {
      patterns.push({ pattern: fold(pattern), value });
      return null;
    },
    find(value) {
      const text = fold(octetsOf(value));
      for (const { pattern, value: found } of patterns) if (matches(text, pattern)) return found;
      return undefined;
    },
  };
}

function trimmed(pattern: string, delimiters: string): string {
  let start = 0;
  let end = pattern.length;
  while (start < end && delimiters.includes(pattern.charAt(start))) start++;
  while (end > start && delimiters.includes(pattern.charAt(end - 1))) end--;
  return pattern.slice(start, end);
}

/** `pattern` stands in `text` between delimiters, or the text's ends. */
function component(text: string, pattern: string, delimiters: string): boolean {
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) {
    const end = at + pattern.length;
    const begins = at === 0 || delimiters.includes(text.charAt(at - 1));
    if (begins && (end === text.length || delimiters.includes(text.charAt(end)))) return true;
  }
  return false;
}

function regexes<T>(ignoreCase: boolean): PatternSet<T> {
  const patterns: { regex: RegExp; value: T }[] = [];
  let warning: string | null = null;
  return {
    get warning() { return warning; },
    get size() { return patterns.length; },
    add(pattern, value) {
      const compiled = compileRegex(pattern, ignoreCase);
      if (!compiled.ok) return compiled.message;
      warning ??= compiled.warning;
      patterns.push({ regex: compiled.regex, value });
      return null;
    },
    find(value) {
      const text = octetsOf(value);
      for (const { regex, value: found } of patterns) if (regex.test(text)) return found;
      return undefined;
    },
    findRegex(value) {
      const text = octetsOf(value);
      for (const { regex, value: found } of patterns) {
        const match = regex.exec(text);
        if (match !== null) return { value: found, match };
      }
      return undefined;
    },
  };
}

/** Longest prefix first; one hash table per length that occurs. */
function networks<T>(): PatternSet<T> {
  const tables: { bits: number; version: 4 | 6; values: Map<string, T> }[] = [];
  let size = 0;
  const keyOf = ({ bytes }: Address): string => bytes.join('.');
  const look = (address: Address): T | undefined => {
    for (const { bits, version, values } of tables) {
      const found = version === address.version ? values.get(keyOf(mask(address, bits))) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    warning: null,
    get size() { return size; },
    add(pattern, value) {
      const network: Network | null = parseNetwork(pattern);
      if (network === null) return `'${pattern}' is not an IP address or network`;
      const { version } = network.address;
      let table = tables.find((entry) => entry.bits === network.bits && entry.version === version);
      if (table === undefined) {
        table = { bits: network.bits, version, values: new Map() };
        tables.push(table);
        tables.sort((a, b) => b.bits - a.bits);
      }
      const key = keyOf(network.address);
      if (!table.values.has(key)) {
        table.values.set(key, value);
        size++;
      }
      return null;
    },
    find(value) {
      const address = asAddress(value);
      if (address === null) return undefined;
      // A client of an IPv6 socket may be an IPv4 one: ::ffff:10.0.0.1 is in 10.0.0.0/8.
      const ipv4 = address.version === 6 ? toIpv4(address) : null;
      return look(address) ?? (ipv4 === null ? undefined : look(ipv4));
    },
  };
}

function ranges<T>(measure: (value: Value) => number | null, parse: (text: string) => number | null): PatternSet<T> {
  const list: { min: number; max: number; value: T }[] = [];
  let operator = 'eq';
  return {
    warning: null,
    get size() { return list.length; },
    add(pattern, value) {
      if (/^(eq|ge|gt|le|lt)$/.test(pattern)) {
        operator = pattern;
        return null;
      }
      const [low = '', high] = pattern.split(':');
      const min = low === '' && high !== undefined ? -Infinity : parse(low);
      const max = high === undefined ? min : high === '' ? Infinity : parse(high);
      if (min === null || max === null || pattern.split(':').length > 2) return `'${pattern}' is not a number or a range of numbers`;
      if (high !== undefined && operator !== 'eq') return `a range cannot follow '${operator}'`;
      if (operator === 'eq') list.push({ min, max, value });
      else if (operator === 'ge') list.push({ min, max: Infinity, value });
      else if (operator === 'gt') list.push({ min: min + 1, max: Infinity, value });
      else list.push({ min: -Infinity, max: operator === 'le' ? max : max - 1, value });
      return null;
    },
    find(value) {
      const number = measure(value);
      if (number === null) return undefined;
      for (const { min, max, value: found } of list) if (number >= min && number <= max) return found;
      return undefined;
    },
  };
}

function parseNumber(text: string): number | null {
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** `3.1` as 3 × 65536 + 1. */
function parseVersion(text: string): number | null {
  const parts = /^(\d{1,5})(?:\.(\d{1,5}))?$/.exec(text);
  return parts === null ? null : Number(parts[1]) * 65_536 + Number(parts[2] ?? 0);
}

/** Patterns say nothing: the value does. */
function truth<T>(test: (value: Value) => boolean): PatternSet<T> {
  let answer: { readonly value: T } | null = null;
  return {
    warning: null,
    size: 0,
    add(_pattern, value) {
      answer ??= { value };
      return null;
    },
    find: (value) => (test(value) ? answer?.value : undefined),
  };
}
