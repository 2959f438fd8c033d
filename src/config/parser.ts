/** Statements into drafts: sections begin and inherit here, directives compile by their rows. */
import { Cursor } from './directive.ts';
import { copySettings, newGlobalDraft, newProxySettings } from './draft.ts';
import { parseName } from './arguments.ts';
import { lex } from './lexer.ts';
import { nearest } from './nearest.ts';
import { GLOBAL_ROWS, PROXY_ROWS } from './tables/all.ts';
import { REMOVED_GLOBAL, REMOVED_PROXY, removedText } from './tables/removed.ts';
import {
  UNSUPPORTED_GLOBAL, UNSUPPORTED_GLOBAL_PREFIXES, UNSUPPORTED_PREPROCESSOR, UNSUPPORTED_PROXY, UNSUPPORTED_SECTIONS,
} from './tables/unsupported.ts';
import { lookUp, vocabulary } from './vocabulary.ts';
import type { Position, Reporter } from './diagnostics.ts';
import type { Directive } from './directive.ts';
import type { ConfigurationDraft, GlobalDraft, ProxyDraft, ProxySection, ProxySettings, SectionKind } from './draft.ts';
import type { Environment, Line, Source, Token } from './lexer.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Proxies in one configuration; each costs memory and perhaps sockets. */
const MAX_PROXIES = 10_000;

export const GLOBAL_WORDS: Vocabulary<GlobalDraft> =
  vocabulary(GLOBAL_ROWS, UNSUPPORTED_GLOBAL, REMOVED_GLOBAL, UNSUPPORTED_GLOBAL_PREFIXES);
export const PROXY_WORDS: Vocabulary<ProxyDraft> = vocabulary(PROXY_ROWS, UNSUPPORTED_PROXY, REMOVED_PROXY);

const PROXY_SECTIONS: readonly string[] = ['defaults', 'frontend', 'backend', 'listen'] satisfies ProxySection[];

/** Where the parser stands. `skipped`: a section that is not supported or could not begin; its lines say nothing new. */
type Section =
  | { readonly kind: 'none' }
  | { readonly kind: 'skipped'; readonly name: string }
  | { readonly kind: 'global'; readonly draft: GlobalDraft }
  | { readonly kind: 'proxy'; readonly draft: ProxyDraft };

/** All sources in order, as one configuration: a section ends with its file, defaults do not (HAProxy manual 2.1). */
export function parse(sources: readonly Source[], env: Environment, report: Reporter): ConfigurationDraft {
  const parser = new Parser(report);
  for (const source of sources) parser.read(source, env);
  return parser.draft;
}

class Parser {
  readonly draft: ConfigurationDraft = { global: newGlobalDraft(), proxies: [], namedDefaults: new Map() };
  readonly #report: Reporter;
  #section: Section = { kind: 'none' };
  /** What proxies without `from` begin with: the last defaults section, named or not. */
  #defaults: ProxySettings = newProxySettings();

  constructor(report: Reporter) {
    this.#report = report;
  }

  read(source: Source, env: Environment): void {
    this.#section = { kind: 'none' };
    for (const line of lex(source, env, this.#report, () => this.#sectionName())) {
      if (this.#report.full) break;
      this.#statement(line);
    }
    this.#end();
  }

  #statement(line: Line): void {
    const [head] = line;
    if (UNSUPPORTED_PREPROCESSOR.includes(head.text)) {
      const hint = 'the lines of all branches are read; keep one of them';
      return this.#report.error(`'${head.text}' is not supported by Pillion yet`, head.position, hint);
    }
    if (this.#beginSection(line)) return;
    switch (this.#section.kind) {
      case 'none': return this.#outOfSection(head);
      case 'skipped': return;
      case 'global': return this.#directive(line, GLOBAL_WORDS, this.#section.draft, 'global');
      case 'proxy': return this.#directive(line, PROXY_WORDS, this.#section.draft, this.#section.draft.section);
    }
  }

  #outOfSection(head: Token): void {
    const near = nearest(head.text, ['global', ...PROXY_SECTIONS, ...UNSUPPORTED_SECTIONS.keys()]);
    const hint = near === null ? 'a file begins with a section: global, defaults, frontend, backend or listen' : `did you mean '${near}'?`;
    this.#report.error(`unknown keyword '${head.text}' out of section`, head.position, hint);
    // Whatever follows belongs to it, up to the next section.
    this.#section = { kind: 'skipped', name: head.text };
  }

  #beginSection(line: Line): boolean {
    const [head, ...rest] = line;
    const unsupported = UNSUPPORTED_SECTIONS.get(head.text);
    if (head.text !== 'global' && !isProxySection(head.text) && unsupported === undefined) return false;
    this.#end();
    this.#section = { kind: 'skipped', name: rest[0]?.text ?? head.text };
    if (unsupported !== undefined) {
      this.#report.error(`section '${head.text}' is not supported by Pillion yet`, head.position, unsupported.hint);
    } else if (head.text === 'global') {
      const [extra] = rest;
      if (extra !== undefined) this.#report.error(`'global' takes no argument: unexpected '${extra.text}'`, extra.position);
      this.#section = { kind: 'global', draft: this.draft.global };
    } else if (isProxySection(head.text)) this.#beginProxy(head.text, head, rest);
    return true;
  }

  #beginProxy(section: ProxySection, head: Token, rest: readonly Token[]): void {
    const named = rest[0] !== undefined && !(section === 'defaults' && rest[0].text === 'from');
    const name = named ? rest[0] : undefined;
    const clause = named ? rest.slice(1) : rest;
    if (name === undefined && section !== 'defaults') return this.#report.error(`'${section}' needs a name`, head.position);
    const checked = name === undefined ? null : parseName(name.text);
    if (checked !== null && !checked.ok) this.#report.error(checked.message, name?.position ?? head.position);
    const settings = this.#inherited(section, clause);
    const draft: ProxyDraft = {
      section, name: name?.text ?? '', position: name?.position ?? head.position, settings,
      binds: [], servers: [], grpcCheckPosition: null,
    };
    this.#section = { kind: 'proxy', draft };
    if (section === 'defaults') this.#nameDefaults(draft);
    else if (this.draft.proxies.length < MAX_PROXIES) this.draft.proxies.push(draft);
    else if (this.draft.proxies.length === MAX_PROXIES) this.#report.error(`more than ${MAX_PROXIES} proxies`, head.position);
  }

  #nameDefaults(draft: ProxyDraft): void {
    if (draft.name === '') return;
    const other = this.draft.namedDefaults.get(draft.name);
    if (other !== undefined) {
      this.#report.error(`defaults '${draft.name}' exists already, at ${other.position.file}:${other.position.line}`, draft.position);
    }
    this.draft.namedDefaults.set(draft.name, draft);
  }

  /** `[from NAME]`, and what it gives. A `defaults` section without it begins with HAProxy's own defaults. */
  #inherited(section: ProxySection, clause: readonly Token[]): ProxySettings {
    const [from, name, extra] = clause;
    if (from === undefined) return section === 'defaults' ? newProxySettings() : copySettings(this.#defaults);
    if (from.text !== 'from') {
      const only = "only 'from <defaults>' may follow";
      const hint = section === 'defaults' ? only : `addresses are given by 'bind'; ${only}`;
      this.#report.error(`unexpected '${from.text}' behind the name of the section`, from.position, hint);
    } else if (name === undefined) this.#report.error("'from' needs the name of a defaults section", from.position);
    else if (extra !== undefined) this.#report.error(`unexpected '${extra.text}'`, extra.position);
    else {
      const found = this.draft.namedDefaults.get(name.text);
      if (found !== undefined) return copySettings(found.settings);
      const near = nearest(name.text, this.draft.namedDefaults.keys());
      this.#report.error(`there is no defaults section named '${name.text}' above`, name.position, near && `did you mean '${near}'?`);
    }
    return copySettings(this.#defaults);
  }

  #end(): void {
    const { kind } = this.#section;
    if (kind === 'proxy' && this.#section.draft.section === 'defaults') this.#defaults = this.#section.draft.settings;
    this.#section = { kind: 'none' };
  }

  #sectionName(): string {
    switch (this.#section.kind) {
      case 'none': return '';
      case 'global': return 'global';
      case 'skipped': return this.#section.name;
      case 'proxy': return this.#section.draft.name === '' ? this.#section.draft.section : this.#section.draft.name;
    }
  }

  #directive<D extends GlobalDraft | ProxyDraft>(line: Line, words: Vocabulary<D>, draft: D, section: SectionKind): void {
    const [head] = line;
    const negated = head.text === 'no';
    if (head.text === 'default' && line.length > 1) {
      const hint = 'leave the line out, or use a new defaults section';
      return this.#report.error("the prefix 'default' is not supported by Pillion yet", head.position, hint);
    }
    const named = negated ? line.slice(1) : line;
    if (named.length === 0) return this.#report.error("'no' needs the directive that it undoes", head.position);
    const found = lookUp(words, named);
    const place = `in section '${section}'`;
    switch (found.kind) {
      case 'row': return this.#compile(found.row, named, found.words, negated, draft, section);
      case 'unsupported':
        return this.#report.error(`'${found.name}' is not supported by Pillion yet`, span(named, found.words), found.hint);
      case 'removed':
        return this.#report.error(removedText(found.name, found.removed), span(named, found.words), found.removed.hint);
      case 'incomplete':
        return this.#report.error(`'${found.family}' needs one of: ${found.members.join(', ')}`, head.position);
      case 'unknown': {
        const what = found.family === null ? 'keyword' : `word behind '${found.family}':`;
        const elsewhere = found.family === null ? otherSection(found.token.text, section) : null;
        return this.#report.error(`unknown ${what} '${found.token.text}' ${place}`, found.token.position, elsewhere ?? found.hint);
      }
    }
  }

  #compile<D>(row: Directive<D>, line: readonly Token[], words: number, negated: boolean, draft: D, section: SectionKind): void {
    const position = span(line, words);
    if (!row.sections.includes(section)) {
      const message = `'${row.name}' is of no use in section '${section}'`;
      const hint = `it belongs to ${row.sections.join(', ')}`;
      if (row.misplaced === 'error' || section === 'defaults') return this.#report.error(message, position, hint);
      return this.#report.warning(`${message}: ignored`, position, hint);
    }
    if (!negated) {
      row.compile(draft, new Cursor(line.slice(words), position), { report: this.#report, directive: row.name, position });
    } else if (row.negatable) row.undo(draft);
    else this.#report.error(`'${row.name}' cannot be preceded by 'no'`, position);
  }
}

/** A word that is right, but in the wrong section: `maxconns` in global is a typing mistake, `bind` in global is not. */
function otherSection(name: string, section: SectionKind): string | null {
  const row = section === 'global' ? PROXY_WORDS.rows.get(name) : GLOBAL_WORDS.rows.get(name);
  return row === undefined ? null : `'${name}' belongs to ${row.sections.join(', ')}`;
}

/** The first `count` words as one place, when they stand on one line. */
function span(tokens: readonly Token[], count: number): Position {
  const [first] = tokens as Line;
  const last = tokens[count - 1] ?? first;
  if (last.position.line !== first.position.line) return first.position;
  return { ...first.position, length: last.position.column + last.position.length - first.position.column };
}

function isProxySection(text: string): text is ProxySection {
  return PROXY_SECTIONS.includes(text);
}
