/** The words of one kind of section: finds the row that a line means, or says what the line is instead. */
import { nearest } from './nearest.ts';
import type { Directive } from './directive.ts';
import type { Line, Token } from './lexer.ts';
import type { OldWord } from './tables/old-words.ts';
import type { UnsupportedWord } from './tables/unsupported.ts';

export interface Vocabulary<D> {
  readonly rows: ReadonlyMap<string, Directive<D>>;
  readonly unsupported: ReadonlyMap<string, UnsupportedWord>;
  readonly unsupportedPrefixes: ReadonlyMap<string, string>;
  readonly old: ReadonlyMap<string, OldWord>;
  /** First words of all names. */
  readonly names: ReadonlySet<string>;
  /** First words of names that have more than one: `timeout`, `option`. */
  readonly families: ReadonlyMap<string, readonly string[]>;
}

export type Lookup<D> =
  | { readonly kind: 'row'; readonly row: Directive<D>; /** How many tokens its name has. */ readonly words: number }
  | { readonly kind: 'unsupported'; readonly name: string; readonly words: number; readonly hint: string | null }
  | { readonly kind: 'old'; readonly name: string; readonly words: number; readonly old: OldWord }
  /** `token` is the word that nothing is known of. */
  | { readonly kind: 'unknown'; readonly token: Token; readonly family: string | null; readonly hint: string | null }
  /** A family's word alone, such as `option`. */
  | { readonly kind: 'incomplete'; readonly family: string; readonly members: readonly string[] };

const MAX_NAME_WORDS = 2;

/** A mistyped section is taken for a keyword of the section before it. */
const SECTION_WORDS = ['global', 'defaults', 'frontend', 'backend', 'listen', 'resolvers', 'userlist', 'http-errors'];

export function vocabulary<D>(
  rows: readonly Directive<D>[], unsupported: ReadonlyMap<string, UnsupportedWord>,
  old: ReadonlyMap<string, OldWord>, unsupportedPrefixes: ReadonlyMap<string, string> = new Map(),
): Vocabulary<D> {
  const families = new Map<string, string[]>();
  const names = new Set<string>();
  for (const name of [...rows.map((row) => row.name), ...unsupported.keys(), ...old.keys()]) {
    const space = name.indexOf(' ');
    names.add(space < 0 ? name : name.slice(0, space));
    if (space < 0) continue;
    const family = name.slice(0, space);
    const members = families.get(family) ?? [];
    members.push(name.slice(space + 1));
    families.set(family, members);
  }
  return { rows: new Map(rows.map((row) => [row.name, row])), unsupported, unsupportedPrefixes, old, names, families };
}

export function lookUp<D>(words: Vocabulary<D>, line: readonly Token[]): Lookup<D> {
  for (let count = Math.min(MAX_NAME_WORDS, line.length); count > 0; count--) {
    const name = line.slice(0, count).map((token) => token.text).join(' ');
    const row = words.rows.get(name);
    if (row !== undefined) return { kind: 'row', row, words: count };
    const unsupported = words.unsupported.get(name);
    if (unsupported !== undefined) return { kind: 'unsupported', name, words: count, hint: unsupported.hint };
    const old = words.old.get(name);
    if (old !== undefined) return { kind: 'old', name, words: count, old };
  }
  return unknown(words, line);
}

function unknown<D>(words: Vocabulary<D>, line: readonly Token[]): Lookup<D> {
  const [first, second] = line as Line;
  for (const [prefix, hint] of words.unsupportedPrefixes) {
    if (first.text.startsWith(prefix)) return { kind: 'unsupported', name: first.text, words: 1, hint };
  }
  const members = words.families.get(first.text);
  if (members !== undefined) {
    if (second === undefined) return { kind: 'incomplete', family: first.text, members };
    const near = nearest(second.text, members);
    return { kind: 'unknown', token: second, family: first.text, hint: near && `did you mean '${first.text} ${near}'?` };
  }
  const known = [...words.rows.keys(), ...words.unsupported.keys(), ...words.families.keys(), ...SECTION_WORDS];
  const near = nearest(first.text, known);
  return { kind: 'unknown', token: first, family: null, hint: near && `did you mean '${near}'?` };
}
