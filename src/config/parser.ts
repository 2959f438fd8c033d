/** Statements into drafts: sections begin and inherit here, directives compile by their rows. */
import { copySettings, newGlobalDraft, newProxySettings } from './draft.ts';
import { parseName } from './arguments.ts';
import { lex } from './lexer.ts';
import { nearest } from './nearest.ts';
import { Preprocessor } from './preprocessor.ts';
import { readStatement } from './statement.ts';
import { GLOBAL_ROWS, PROXY_ROWS } from './tables/all.ts';
import { pathBy } from './tables/environment.ts';
import { OLD_GLOBAL, OLD_PROXY } from './tables/old-words.ts';
import { SECTION_TYPES } from './tables/sections.ts';
import { hasFeature } from './tables/features.ts';
import { UNSUPPORTED_GLOBAL, UNSUPPORTED_GLOBAL_PREFIXES, UNSUPPORTED_PROXY, UNSUPPORTED_SECTIONS } from './tables/unsupported.ts';
import { lookUp, vocabulary } from './vocabulary.ts';
import { newRulesDraft } from '../route/rules-draft.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { StatementContext } from './statement.ts';
import type { ConfigurationDraft, GlobalDraft, ProxyDraft, ProxySection, SectionKind } from './draft.ts';
import type { Environment, Line, Source, Token } from './lexer.ts';
import type { SectionBody, SectionType } from './tables/sections.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Proxies in one configuration; each costs memory and perhaps sockets. */
const MAX_PROXIES = 10_000;

export const GLOBAL_WORDS: Vocabulary<GlobalDraft> =
  vocabulary(GLOBAL_ROWS, UNSUPPORTED_GLOBAL, OLD_GLOBAL, UNSUPPORTED_GLOBAL_PREFIXES);
export const PROXY_WORDS: Vocabulary<ProxyDraft> = vocabulary(PROXY_ROWS, UNSUPPORTED_PROXY, OLD_PROXY);

const PROXY_SECTIONS: readonly string[] = ['defaults', 'frontend', 'backend', 'listen'] satisfies ProxySection[];

const SECTION_WORDS: readonly string[] = ['global', ...PROXY_SECTIONS, ...SECTION_TYPES.keys(), ...UNSUPPORTED_SECTIONS.keys()];

/** Where the parser stands. `skipped`: a section that is not supported or could not begin; its lines say nothing new. */
type Section =
  | { readonly kind: 'none' }
  | { readonly kind: 'skipped'; readonly name: string }
  | { readonly kind: 'global'; readonly draft: GlobalDraft }
  | { readonly kind: 'proxy'; readonly draft: ProxyDraft }
  | { readonly kind: 'other'; readonly type: SectionType; readonly name: string; readonly body: SectionBody };

/** What a proxy begins with. */
type Defaults = Pick<ProxyDraft, 'settings' | 'replayed'>;

function newDefaults(): Defaults {
  return { settings: newProxySettings(), replayed: [] };
}

/** All sources in order, as one configuration: a section ends with its file, defaults do not (HAProxy manual 2.1). */
export function parse(sources: readonly Source[], env: Environment, report: Diagnostics): ConfigurationDraft {
  const parser = new Parser(report, env);
  for (const source of sources) parser.read(source);
  return parser.draft;
}

class Parser {
  readonly draft: ConfigurationDraft;
  readonly #report: Diagnostics;
  readonly #preprocessor: Preprocessor;
  #section: Section = { kind: 'none' };
  /** What proxies without `from` begin with: the last defaults section, named or not. */
  #defaults: Defaults = newDefaults();
  /** The kind of section that defaults with rules have served. */
  readonly #servedAs = new Map<Defaults, ProxySection>();
  readonly #warned = new Set<string>();

  constructor(report: Diagnostics, env: Environment) {
    this.#report = report;
    this.draft = {
      global: newGlobalDraft(env), proxies: [], namedDefaults: new Map(), resolvers: new Map(), userlists: new Map(), httpErrors: new Map(),
    };
    this.#preprocessor = new Preprocessor(report, { env: this.draft.global.environment, feature: hasFeature });
  }

  read(source: Source): void {
    this.#section = { kind: 'none' };
    const preprocessor = this.#preprocessor;
    for (const line of lex(source, this.draft.global.environment, this.#report, () => this.#sectionName(), () => preprocessor.skipping)) {
      if (this.#report.full) break;
      if (!preprocessor.take(line)) this.#statement(line);
    }
    preprocessor.end();
    this.#end();
  }

  #statement(line: Line): void {
    const [head] = line;
    if (this.#beginSection(line) || this.#beginMistyped(line)) return;
    switch (this.#section.kind) {
      case 'none': return this.#outOfSection(head);
      case 'skipped': return;
      case 'global': return readStatement(line, GLOBAL_WORDS, this.#section.draft, this.#context('global'));
      case 'proxy': return this.#proxyStatement(line, this.#section.draft);
      case 'other': {
        const context = this.#context(this.#section.type.word);
        return this.#section.body.read((words, draft) => readStatement(line, words, draft, context));
      }
    }
  }

  #proxyStatement(line: Line, draft: ProxyDraft): void {
    readStatement(line, PROXY_WORDS, draft, this.#context(draft.section));
    if (draft.section !== 'defaults') return;
    const found = lookUp(PROXY_WORDS, line);
    if (found.kind !== 'row' || !found.row.replayed) return;
    if (draft.name !== '') draft.replayed.push(line);
    else this.#report.error(`'${found.row.name}' needs a 'defaults' section that has a name`, line[0].position, "write 'defaults <name>'");
  }

  /** `bakend` at the begin of a line is no directive of the section before it, and neither is what follows. */
  #beginMistyped([head, second]: Line): boolean {
    const { kind } = this.#section;
    const prefix = second !== undefined && (head.text === 'no' || head.text === 'default');
    if (kind === 'none' || kind === 'skipped' || prefix || head.position.column > 1 || this.#knows(head.text)) return false;
    const near = nearest(head.text, SECTION_WORDS);
    if (near === null) return false;
    this.#end();
    this.#report.error(`unknown section '${head.text}'`, head.position, `did you mean '${near}'?`);
    this.#section = { kind: 'skipped', name: head.text };
    return true;
  }

  #knows(word: string): boolean {
    const words = this.#section.kind === 'global' ? GLOBAL_WORDS : PROXY_WORDS;
    return this.#section.kind === 'other' || words.names.has(word);
  }

  #context(section: SectionKind): StatementContext {
    return {
      section, report: this.#report, warned: this.#warned, elsewhere: (name) => otherSections(name, section),
      path: (position, file) => pathBy(this.draft.global.defaultPath, position, file),
    };
  }

  #outOfSection(head: Token): void {
    const near = nearest(head.text, SECTION_WORDS);
    const hint = near === null ? 'a file begins with a section: global, defaults, frontend, backend or listen' : `did you mean '${near}'?`;
    this.#report.error(`unknown keyword '${head.text}' out of section`, head.position, hint);
    // Whatever follows belongs to it, up to the next section.
    this.#section = { kind: 'skipped', name: head.text };
  }

  #beginSection(line: Line): boolean {
    const [head, ...rest] = line;
    const unsupported = UNSUPPORTED_SECTIONS.get(head.text);
    const other = SECTION_TYPES.get(head.text);
    if (head.text !== 'global' && !isProxySection(head.text) && other === undefined && unsupported === undefined) return false;
    this.#end();
    this.#section = { kind: 'skipped', name: rest[0]?.text ?? head.text };
    if (unsupported !== undefined) {
      this.#report.error(`section '${head.text}' is not supported by Pillion yet`, head.position, unsupported.hint);
    } else if (head.text === 'global') {
      const [extra] = rest;
      if (extra !== undefined) this.#report.error(`'global' takes no argument: unexpected '${extra.text}'`, extra.position);
      this.#section = { kind: 'global', draft: this.draft.global };
    } else if (isProxySection(head.text)) this.#beginProxy(head.text, head, rest);
    else if (other !== undefined) this.#beginOther(other, head, rest);
    return true;
  }

  #beginOther(type: SectionType, head: Token, [name, extra]: readonly Token[]): void {
    if (name === undefined) return this.#report.error(`'${type.word}' needs a name`, head.position);
    const checked = parseName(name.text);
    if (!checked.ok) return this.#report.error(checked.message, name.position);
    if (extra !== undefined) this.#report.error(`'${type.word}' takes a name only: unexpected '${extra.text}'`, extra.position);
    const body = type.begin(this.draft, name.text, name.position, this.#report);
    if (body !== null) this.#section = { kind: 'other', type, name: name.text, body };
  }

  #beginProxy(section: ProxySection, head: Token, rest: readonly Token[]): void {
    const named = rest[0] !== undefined && !(section === 'defaults' && rest[0].text === 'from');
    const name = named ? rest[0] : undefined;
    const clause = named ? rest.slice(1) : rest;
    if (name === undefined && section !== 'defaults') return this.#report.error(`'${section}' needs a name`, head.position);
    const checked = name === undefined ? null : parseName(name.text);
    if (checked !== null && !checked.ok) this.#report.error(checked.message, name?.position ?? head.position);
    const defaults = this.#inherited(section, clause);
    const draft: ProxyDraft = {
      section, name: name?.text ?? '', position: name?.position ?? head.position, settings: copySettings(defaults.settings), replayed: [],
      binds: [], servers: [], stickTable: null, stick: [], rules: newRulesDraft(section === 'defaults' ? '' : (name?.text ?? ''), this.draft.global.environment, this.draft.userlists, this.#report), grpcCheckPosition: null,
    };
    this.#section = { kind: 'proxy', draft };
    if (section === 'defaults') this.#nameDefaults(draft);
    else if (this.draft.proxies.length < MAX_PROXIES) this.draft.proxies.push(draft);
    else if (this.draft.proxies.length === MAX_PROXIES) this.#report.error(`more than ${MAX_PROXIES} proxies`, head.position);
    if (defaults.replayed.length > 0) this.#replay(defaults, draft);
  }

  /** Rules of the defaults in front of the proxy's own (HAProxy manual 4, "defaults"). */
  #replay(defaults: Defaults, draft: ProxyDraft): void {
    const { section, position, rules } = draft;
    if (section === 'defaults' || section === 'listen') {
      this.#report.error(`a defaults section with rules cannot serve a '${section}' section`, position, "rules there are for 'frontend' or for 'backend' sections");
      return;
    }
    const other = this.#servedAs.get(defaults) ?? section;
    this.#servedAs.set(defaults, other);
    if (other !== section) {
      this.#report.error("a defaults section with rules cannot serve both 'frontend' and 'backend' sections", position, `it serves a '${other}' above`);
      return;
    }
    for (const line of defaults.replayed) readStatement(line, PROXY_WORDS, draft, this.#context(section));
    // Not every proxy needs what is there for all.
    for (const acl of rules.scope.acls.values()) acl.used = true;
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
  #inherited(section: ProxySection, clause: readonly Token[]): Defaults {
    const [from, name, extra] = clause;
    if (from === undefined) return section === 'defaults' ? newDefaults() : this.#defaults;
    if (from.text !== 'from') {
      const only = "only 'from <defaults>' may follow";
      const hint = section === 'defaults' ? only : `addresses are given by 'bind'; ${only}`;
      this.#report.error(`unexpected '${from.text}' behind the name of the section`, from.position, hint);
    } else if (name === undefined) this.#report.error("'from' needs the name of a defaults section", from.position);
    else if (extra !== undefined) this.#report.error(`unexpected '${extra.text}'`, extra.position);
    else {
      const found = this.draft.namedDefaults.get(name.text);
      if (found !== undefined) return found;
      const near = nearest(name.text, this.draft.namedDefaults.keys());
      this.#report.error(`there is no defaults section named '${name.text}' above`, name.position, near && `did you mean '${near}'?`);
    }
    return this.#defaults;
  }

  #end(): void {
    const { kind } = this.#section;
    if (kind === 'proxy' && this.#section.draft.section === 'defaults') this.#defaults = this.#section.draft;
    this.#section = { kind: 'none' };
  }

  #sectionName(): string {
    switch (this.#section.kind) {
      case 'none': return '';
      case 'global': return 'global';
      case 'skipped': case 'other': return this.#section.name;
      case 'proxy': return this.#section.draft.name === '' ? this.#section.draft.section : this.#section.draft.name;
    }
  }
}

/** A word that is right, but in the wrong section: `maxconns` in global is a typing mistake, `bind` in global is not. */
function otherSections(name: string, section: SectionKind): readonly SectionKind[] {
  const found = new Set<SectionKind>();
  if (section !== 'global') for (const each of GLOBAL_WORDS.rows.get(name)?.sections ?? []) found.add(each);
  if (!isProxySection(section)) for (const each of PROXY_WORDS.rows.get(name)?.sections ?? []) found.add(each);
  for (const { word, rows } of SECTION_TYPES.values()) if (word !== section && rows.some((row) => row.name === name)) found.add(word);
  return [...found];
}

function isProxySection(text: string): text is ProxySection {
  return PROXY_SECTIONS.includes(text);
}
