/** Rows as text for `pillion help DIRECTIVE`. */
import { nearest } from './nearest.ts';
import { GLOBAL_WORDS, PROXY_WORDS } from './parser.ts';
import { BIND_KEYWORDS } from './tables/proxy.ts';
import { goneText } from './tables/old-words.ts';
import { SECTION_TYPES } from './tables/sections.ts';
import { SERVER_KEYWORDS, UNSUPPORTED_BIND_KEYWORDS, UNSUPPORTED_SERVER_KEYWORDS } from './tables/server-keywords.ts';
import { UNSUPPORTED_SECTIONS } from './tables/unsupported.ts';
import { UNIX_BIND_KEYWORDS } from './tables/unix-sockets.ts';
import { lookUp } from './vocabulary.ts';
import { describeRuleWord, RULE_WORDS } from '../route/describe.ts';
import type { Directive } from './directive.ts';
import type { SectionKind } from './draft.ts';

/** A row without what it compiles to. */
export type DocumentedRow = Omit<Directive<never>, 'compile' | 'undo' | 'reset' | 'misplaced'>;

/** A keyword without its types. */
export interface KeywordRow {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly default: string;
}

export type Description = { readonly found: true; readonly text: string } | { readonly found: false; readonly text: string };

const SECTIONS: readonly SectionKind[] = ['global', 'defaults', 'frontend', 'listen', 'backend', 'http-errors', 'resolvers', 'userlist'];
const ROWS: readonly DocumentedRow[] = [
  GLOBAL_WORDS.rows.values(), PROXY_WORDS.rows.values(), ...[...SECTION_TYPES.values()].map(({ rows }) => rows.values()),
].flatMap((rows: Iterable<DocumentedRow>) => [...rows]);
/** Directives whose lines end in keywords. */
const KEYWORDS: ReadonlyMap<string, readonly KeywordRow[]> = new Map<string, readonly KeywordRow[]>([
  ['bind', BIND_KEYWORDS], ['server', SERVER_KEYWORDS], ['unix-bind', UNIX_BIND_KEYWORDS],
]);

/** What is known of a directive, a section, a family (`option`) or a keyword of `server` and `bind`. */
export function describeTopic(topic: readonly string[]): Description {
  const name = topic.join(' ');
  if (isSection(name)) {
    return { found: true, text: list(`Directives of '${name}':`, ROWS.filter((row) => row.sections.includes(name))) };
  }
  const rows = ROWS.filter((row) => row.name === name);
  if (rows.length > 0) return { found: true, text: rows.map((row) => describeRow(row)).join('\n') };
  const family = ROWS.filter((row) => row.name.startsWith(`${name} `));
  if (family.length > 0) return { found: true, text: list(`Directives that begin with '${name}':`, family) };
  const keywords = [...KEYWORDS].flatMap(([owner, rowsOf]) =>
    rowsOf.filter((row) => row.name === name).map((row) => describeKeyword(owner, row)));
  if (keywords.length > 0) return { found: true, text: keywords.join('\n') };
  const other = otherDirective(topic) ?? otherWord(name);
  if (other !== null) return { found: false, text: other };
  const ofRules = describeRuleWord(name);
  if (ofRules.length > 0) return { found: true, text: ofRules.join('\n') };
  return { found: false, text: missing(name) };
}

/** A directive of HAProxy's that is no row; null: there is none. */
function otherDirective(topic: readonly string[]): string | null {
  const tokens = topic.map((text) => ({ text, position: { file: '', line: 1, column: 1, length: 1, source: '' } }));
  for (const words of tokens.length === 0 ? [] : [PROXY_WORDS, GLOBAL_WORDS]) {
    const found = lookUp<never>(words, tokens);
    if (found.kind === 'unsupported') {
      return `'${found.name}' is not supported by Pillion yet.${found.hint === null ? '' : `\nMeanwhile: ${found.hint}.`}\n`;
    }
    if (found.kind === 'old') return `${goneText(found.name, found.old)}; Pillion understands it, with a warning.\nToday: ${found.old.today}.\n`;
  }
  return null;
}

/** A section, or a keyword of `server` or `bind`, that is HAProxy's alone. */
function otherWord(name: string): string | null {
  const section = UNSUPPORTED_SECTIONS.get(name);
  if (section !== undefined) return `The section '${name}' is not supported by Pillion yet.${section.hint === null ? '' : `\nMeanwhile: ${section.hint}.`}\n`;
  const owner = UNSUPPORTED_SERVER_KEYWORDS.has(name) ? 'server' : UNSUPPORTED_BIND_KEYWORDS.has(name) ? 'bind' : null;
  return owner === null ? null : `The keyword '${name}' of '${owner}' is not supported by Pillion yet.\n`;
}

function missing(name: string): string {
  const known = [...SECTIONS, ...ROWS.map((row) => row.name), ...[...KEYWORDS.values()].flat().map((row) => row.name), ...RULE_WORDS];
  const near = nearest(name, known);
  const hint = near === null ? "'pillion help frontend' lists those of a section." : `Did you mean '${near}'?`;
  return `There is no directive '${name}'. ${hint}\n`;
}

function describeRow(row: DocumentedRow): string {
  const lines = [
    row.usage, `    ${row.summary}`, ...(row.details === undefined ? [] : wrap(row.details)), '',
    `    In:       ${row.sections.join(', ')}`,
    `    Default:  ${row.default}`,
    ...(row.negatable ? [`    Undo:     no ${row.name}`] : []),
    ...(row.origin === 'pillion' ? ["    Origin:   Pillion's own, not in HAProxy"] : []),
    `    Example:  ${row.example}`,
    ...argumentLines(row),
  ];
  const keywords = KEYWORDS.get(row.name === 'default-server' || row.name === 'server-template' ? 'server' : row.name);
  if (keywords !== undefined) {
    lines.push('', ...table(keywords.map((entry) => [entry.usage, `${entry.summary} Default: ${entry.default}.`])));
  }
  return `${lines.join('\n')}\n`;
}

function argumentLines(row: DocumentedRow): string[] {
  const described = row.arguments.map((argument) => argument.describe).filter((text) => text !== '');
  return described.length === 0 ? [] : ['', ...described.flatMap(wrap)];
}

function describeKeyword(owner: string, row: KeywordRow): string {
  const owners = owner === 'server' ? 'server, default-server, server-template' : owner;
  return `${row.usage}\n    ${row.summary}\n\n    On:       ${owners}\n    Default:  ${row.default}\n`;
}

function list(title: string, rows: readonly DocumentedRow[]): string {
  return `${[title, ...table(rows.map((row) => [row.name, row.summary]))].join('\n')}\n`;
}

function table(entries: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}

/** Lines of at most 79 characters, indented by four. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '   ';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > 79 && line.trim() !== '') {
      lines.push(line);
      line = '   ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function isSection(name: string): name is SectionKind {
  return SECTIONS.some((section) => section === name);
}
