/** The types of arguments that rows are made of. */
import { nearest } from './nearest.ts';
import { parseSize, parseTime } from './units.ts';
import type { Argument, ArgumentContext, Cursor } from './directive.ts';
import type { Token } from './lexer.ts';
import type { Parsed, TimeUnit } from './units.ts';

/** The next word, or a report that `what` is missing. */
export function required(cursor: Cursor, context: ArgumentContext, what: string): Token | undefined {
  const token = cursor.next();
  if (token === undefined) context.report.error(`'${context.directive}' needs ${what}`, cursor.head);
  return token;
}

/** An argument read by a pure function from one word. */
export function parsed<T>(name: string, describe: string, parse: (text: string) => Parsed<T>): Argument<T> {
  return {
    usage: `<${name}>`,
    describe: `<${name}>: ${describe}`,
    take: (cursor, context) => {
      const token = required(cursor, context, `<${name}>, ${describe}`);
      if (token === undefined) return undefined;
      const result = parse(token.text);
      if (result.ok) return result.value;
      context.report.error(result.message, token.position);
      return undefined;
    },
  };
}

/** Milliseconds. HAProxy warns of 0, which means no limit for timeouts; rows that cannot take it set `min`. */
export function time(name: string, options: { min?: number; defaultUnit?: TimeUnit } = {}): Argument<number> {
  const { min = 0, defaultUnit = 'ms' } = options;
  return parsed(name, `a time (us, ms, s, m, h, d; default ${defaultUnit})`, (text) => {
    const result = parseTime(text, defaultUnit);
    return result.ok && result.value < min ? { ok: false, message: `'${text}' is too short: at least ${min} ms` } : result;
  });
}

/** Bytes. */
export function size(name: string): Argument<number> {
  return parsed(name, 'a size in bytes (k, m, g)', parseSize);
}

export function integer(name: string, min: number, max: number): Argument<number> {
  return parsed(name, `a whole number from ${min} to ${max}`, (text) => parseInteger(text, min, max));
}

export function parseInteger(text: string, min: number, max: number): Parsed<number> {
  const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) return { ok: false, message: `'${text}' is not a whole number` };
  if (value < min || value > max) return { ok: false, message: `${text} is out of range: expected ${min} to ${max}` };
  return { ok: true, value };
}

export function word(name: string, describe: string): Argument<string> {
  return parsed(name, describe, (text) => (text === '' ? { ok: false, message: `<${name}> is empty` } : { ok: true, value: text }));
}

/** A name of a section or server: what HAProxy's invalid_char() lets pass. */
export function parseName(text: string): Parsed<string> {
  const wrong = /[^A-Za-z0-9_.:-]/u.exec(text)?.[0];
  if (text === '') return { ok: false, message: 'the name is empty' };
  if (wrong === undefined) return { ok: true, value: text };
  return { ok: false, message: `'${wrong}' is not permitted in the name '${text}': only letters, digits, '-', '_', '.' and ':'` };
}

/** One of a few words. `unsupported` are HAProxy's words that Pillion does not know to do yet. */
export function oneOf<const T extends string>(
  name: string, words: readonly T[], unsupported: readonly string[] = [],
): Argument<T> {
  return {
    usage: words.join('|'),
    describe: `one of ${words.join(', ')}`,
    take: (cursor, context) => {
      const token = required(cursor, context, `a ${name}: one of ${words.join(', ')}`);
      return token === undefined ? undefined : chooseWord(token, name, words, unsupported, context);
    },
  };
}

export function chooseWord<T extends string>(
  token: Token, name: string, words: readonly T[], unsupported: readonly string[], context: ArgumentContext,
): T | undefined {
  const found = words.find((candidate) => candidate === token.text);
  if (found !== undefined) return found;
  if (unsupported.includes(token.text)) {
    const hint = `supported: ${words.join(', ')}`;
    context.report.error(`${name} '${token.text}' is not supported by Pillion yet`, token.position, hint);
  } else {
    const near = nearest(token.text, [...words, ...unsupported]);
    const hint = near === null ? `expected one of ${words.join(', ')}` : `did you mean '${near}'?`;
    context.report.error(`unknown ${name} '${token.text}'`, token.position, hint);
  }
  return undefined;
}

/** What may be left out at the end of a line. */
export function optional<T, const F>(argument: Argument<T>, fallback: F): Argument<T | F> {
  return {
    usage: `[${argument.usage}]`,
    describe: argument.describe,
    take: (cursor, context) => (cursor.peek() === undefined ? fallback : argument.take(cursor, context)),
  };
}

/** A keyword of `server` or `bind`: a row of its own, applied to what `D` collects. */
export interface Keyword<D> {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly default: string;
  /** Takes the keyword's arguments; undefined when something was wrong, and reported. */
  readonly take: (cursor: Cursor, context: ArgumentContext) => ((target: D) => void) | undefined;
}

export function keyword<D, T>(
  row: {
    readonly name: string; readonly argument: Argument<T>; readonly summary: string; readonly default: string;
    readonly set: (target: D, value: T) => void;
  },
): Keyword<D> {
  const { name, argument, summary, set } = row;
  return {
    name, usage: `${name} ${argument.usage}`, summary, default: row.default,
    take: (cursor, context) => {
      const value = argument.take(cursor, context);
      return value === undefined ? undefined : (target) => set(target, value);
    },
  };
}

/** A keyword without argument. */
export function flag<D>(
  row: { readonly name: string; readonly summary: string; readonly default: string; readonly set: (target: D) => void },
): Keyword<D> {
  const { name, summary, set } = row;
  return {
    name, usage: name, summary, default: row.default,
    take: () => (target) => set(target),
  };
}

/**
 * All remaining words as keywords, in any order; gives a function that applies them to a target. Errors in one keyword do not
 * hide those in the next. `unsupported` maps HAProxy's other keywords to how many words follow them.
 */
export function keywords<D>(
  name: string, table: readonly Keyword<D>[], unsupported: ReadonlyMap<string, number>,
): Argument<(target: D) => void> {
  const rows = new Map(table.map((row) => [row.name, row]));
  return {
    usage: '[<keyword>...]',
    describe: `<keyword>: ${table.map((row) => row.name).join(', ')}`,
    take: (cursor, context) => {
      const settings: ((target: D) => void)[] = [];
      let fine = true;
      for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
        const row = rows.get(token.text);
        const follow = unsupported.get(token.text);
        if (row !== undefined) {
          cursor.head = token.position;
          const set = row.take(cursor, { ...context, directive: token.text });
          if (set === undefined) fine = false;
          else settings.push(set);
        } else if (follow !== undefined) {
          context.report.error(`${name} keyword '${token.text}' is not supported by Pillion yet`, token.position);
          for (let skipped = 0; skipped < follow; skipped++) cursor.next();
          fine = false;
        } else {
          const near = nearest(token.text, [...rows.keys(), ...unsupported.keys()]);
          const port = /^:\d+$/.test(token.text) ? 'a port stands right behind its host, without a blank' : null;
          context.report.error(`unknown ${name} keyword '${token.text}'`, token.position, near === null ? port : `did you mean '${near}'?`);
          // What follows is most likely the argument of the word that was meant.
          const meant = near === null ? 0 : unsupported.get(near) ?? (rows.get(near)?.usage.split(' ').length ?? 1) - 1;
          for (let skipped = 0; skipped < meant; skipped++) cursor.next();
          fine = false;
        }
      }
      return fine ? (target) => settings.forEach((set) => set(target)) : undefined;
    },
  };
}
