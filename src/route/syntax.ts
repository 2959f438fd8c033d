/** `name(argument,...),converter(argument,...)`: the form of expressions, before anything is looked up (HAProxy manual 7). */
import type { Position, Reporter } from '../config/diagnostics.ts';

/** A word of a statement, with the place where it stands. */
export interface Word {
  readonly text: string;
  readonly position: Position;
}

/** A name with its arguments; null: without parentheses. */
export interface Call {
  readonly name: string;
  readonly arguments: readonly string[] | null;
  /** Where the name begins in the text, from 0. */
  readonly offset: number;
}

export type Scanned = { readonly ok: true; readonly calls: readonly Call[]; readonly end: number } | { readonly ok: false; readonly message: string; readonly at: number };

const NAME = /[A-Za-z0-9_.-]+/y;
/** Converters in one expression. */
const MAX_CALLS = 64;

/** Reads calls chained by commas from `start` on; `end` is where they end: the end of the text or the character `until`. */
export function scanCalls(text: string, start: number, until: string | null): Scanned {
  const calls: Call[] = [];
  let at = start;
  for (;;) {
    while (text.charAt(at) === ' ' && calls.length > 0) at++;
    NAME.lastIndex = at;
    const name = NAME.exec(text)?.[0];
    if (name === undefined) return { ok: false, message: calls.length === 0 ? 'a sample fetch is missing' : "a converter is missing behind ','", at };
    const offset = at;
    at += name.length;
    let list: readonly string[] | null = null;
    if (text.charAt(at) === '(') {
      const scanned = scanArguments(text, at + 1);
      if (scanned === null) return { ok: false, message: `')' is missing behind '${name}('`, at: offset };
      list = scanned.arguments;
      at = scanned.end;
    }
    calls.push({ name, arguments: list, offset });
    if (calls.length > MAX_CALLS) return { ok: false, message: `more than ${MAX_CALLS} converters`, at: offset };
    if (text.charAt(at) !== ',') break;
    at++;
  }
  if (until !== null) while (text.charAt(at) === ' ') at++;
  const last = text.charAt(at);
  if (until === null ? at < text.length : last !== until) {
    return { ok: false, message: at < text.length ? `unexpected '${last}'` : `'${until ?? ''}' is missing at the end of the expression`, at };
  }
  return { ok: true, calls, end: at };
}

/**
 * Arguments up to the closing parenthesis: quotes group, a backslash in double quotes or outside takes away the next character's
 * meaning where it has one (HAProxy manual 2.2, "argument level").
 */
function scanArguments(text: string, start: number): { arguments: readonly string[]; end: number } | null {
  const list: string[] = [];
  let word = '';
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === "'") {
      if (char === "'") quote = '';
      else word += char;
    } else if (char === '\\' && /[\\'" ,()]/.test(text.charAt(at + 1))) {
      word += text.charAt(++at);
    } else if (char === '\\' && /[trn]/.test(text.charAt(at + 1))) {
      word += ({ t: '\t', r: '\r', n: '\n' })[text.charAt(++at)] ?? '';
    } else if (quote === '"') {
      if (char === '"') quote = '';
      else word += char;
    } else if (char === '"' || char === "'") quote = char;
    else if (char === ',') {
      list.push(word);
      word = '';
    } else if (char === ')') return { arguments: list.length === 0 && word === '' ? [] : [...list, word], end: at + 1 };
    else word += char;
  }
  return null;
}

/** The part of a word from `offset` on, as a place, where the word stands in the file as it is. */
export function within(position: Position, text: string, offset: number, length: number): Position {
  // In quotes as a whole, the text begins one character later.
  const quoted = position.length === text.length + 2 && /["']/.test(position.source.charAt(position.column - 1)) ? 1 : 0;
  if (position.length !== text.length + 2 * quoted) return position;
  return { ...position, column: position.column + offset + quoted, length: Math.max(1, Math.min(length, position.length - offset)) };
}

export type { Position, Reporter };
