/** One statement of a section: found among the section's words, its prefix taken, compiled by its row. */
import { Cursor } from './directive.ts';
import { goneText } from './tables/old-words.ts';
import { lookUp } from './vocabulary.ts';
import type { Position, Reporter } from './diagnostics.ts';
import type { Directive } from './directive.ts';
import type { SectionKind } from './draft.ts';
import type { Line, Token } from './lexer.ts';
import type { OldWord } from './tables/old-words.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface StatementContext {
  readonly report: Reporter;
  readonly section: SectionKind;
  /** `default-path` applied. */
  readonly path: (position: Position, file: string) => string;
  /** What else the word may be, for the hint: the sections that it belongs to. */
  readonly elsewhere: (name: string) => readonly SectionKind[];
  /** Old words that were warned of: once each. */
  readonly warned: Set<string>;
}

type Prefix = 'no' | 'default' | null;

/** An old word may stand for another old one; never for itself. */
const MAX_REWRITES = 4;

export function readStatement<D>(line: Line, words: Vocabulary<D>, draft: D, context: StatementContext, rewrites = 0): void {
  const { report, section } = context;
  const [head] = line;
  // `default` alone is more likely half of `defaults`.
  const prefix: Prefix = head.text === 'no' ? 'no' : head.text === 'default' && line.length > 1 ? 'default' : null;
  const named = prefix === null ? line : line.slice(1);
  if (named.length === 0) return report.error("'no' needs the directive that it undoes", head.position);
  const found = lookUp(words, named);
  switch (found.kind) {
    case 'row': return compile(found.row, named, found.words, prefix, draft, context);
    case 'old': return rewritten(found.name, found.old, named, found.words, prefix, (today) => readStatement(today, words, draft, context, rewrites + 1), context, rewrites);
    case 'unsupported': return report.error(`'${found.name}' is not supported by Pillion yet`, span(named, found.words), found.hint);
    case 'incomplete': return report.error(`'${found.family}' needs one of: ${found.members.join(', ')}`, head.position);
    case 'unknown': {
      const what = found.family === null ? 'keyword' : `word behind '${found.family}':`;
      const others = found.family === null ? context.elsewhere(found.token.text) : [];
      const blank = missingBlank(found.token.text, found.family, words);
      const near = blank === null ? found.hint : `a blank is missing: ${blank.name} ${blank.rest}`;
      const hint = others.length > 0 ? `'${found.token.text}' belongs to ${others.join(', ')}` : near;
      return report.error(`unknown ${what} '${found.token.text}' in section '${section}'`, found.token.position, hint);
    }
  }
}

function compile<D>(row: Directive<D>, line: readonly Token[], words: number, prefix: Prefix, draft: D, context: StatementContext): void {
  const { report, section } = context;
  const position = span(line, words);
  if (!row.sections.includes(section)) {
    const message = `'${row.name}' is of no use in section '${section}'`;
    const hint = `it belongs to ${row.sections.join(', ')}`;
    if (row.misplaced === 'error' || section === 'defaults') return report.error(message, position, hint);
    return report.warning(`${message}: ignored`, position, hint);
  }
  if (prefix === null) {
    const path = (file: string): string => context.path(position, file);
    row.compile(draft, new Cursor(line.slice(words), position), { report, directive: row.name, position, path });
  } else if (!row.negatable) report.error(`'${row.name}' cannot be preceded by '${prefix}'`, position);
  else if (prefix === 'no') row.undo(draft);
  else row.reset(draft);
}

function rewritten(
  name: string, old: OldWord, line: readonly Token[], words: number, prefix: Prefix, read: (line: Line) => void,
  { report, warned }: StatementContext, rewrites: number,
): void {
  const position = span(line, words);
  const today = old.rewrite(line.slice(words).map(({ text }) => text));
  if (typeof today === 'string') return report.error(goneText(name, old), position, today);
  if (!warned.has(name)) {
    warned.add(name);
    const hint = today.length === 0 ? old.today : `today: ${today.map((each) => [...(prefix === null ? [] : [prefix]), ...each.map(quoted)].join(' ')).join('; ')}`;
    report.warning(goneText(name, old), position, hint);
  }
  if (rewrites >= MAX_REWRITES) return;
  for (const each of today) {
    // Words that were kept stay where they were written, so that errors in them point there.
    const place = (text: string): Position => line.slice(words).find((token) => token.text === text)?.position ?? position;
    const [first, ...rest] = [...(prefix === null ? [] : [prefix]), ...each].map((text) => ({ text, position: place(text) }));
    if (first !== undefined) read([first, ...rest]);
  }
}

/** `stats uri/admin`, `maxconn=100`: a blank is missing behind a name. */
export function missingBlank<D>(text: string, family: string | null, words: Vocabulary<D>): { readonly name: string; readonly rest: string } | null {
  const match = /^([a-z_.-]+)(?:=|(?=[/:*\d]))(.*)$/s.exec(text);
  if (match === null) return null;
  const name = family === null ? match[1] ?? '' : `${family} ${match[1] ?? ''}`;
  return words.rows.has(name) || words.unsupported.has(name) ? { name, rest: match[2] ?? '' } : null;
}

/** The first `count` words as one place, when they stand on one line. */
export function span(tokens: readonly Token[], count: number): Position {
  const [first] = tokens as Line;
  const last = tokens[count - 1] ?? first;
  if (last.position.line !== first.position.line || last.position.column < first.position.column) return first.position;
  return { ...first.position, length: last.position.column + last.position.length - first.position.column };
}

/** One word of the language, quoted where it has to be (HAProxy manual 2.2). */
export function quoted(text: string): string {
  if (text !== '' && /^[^\s"'#\\]+$/.test(text)) return text;
  if (!/[\s"'#]/.test(text) && text !== '') return text.replaceAll('\\', (_, at: number) => (/[ \\#'"nrtx$]/.test(text.charAt(at + 1)) || at + 1 === text.length ? '\\\\' : '\\'));
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
