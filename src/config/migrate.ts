/** A file in today's words: old lines rewritten, comments and layout kept, and advice for gRPC as comments. Pure. */
import { collectDiagnostics } from './diagnostics.ts';
import { lex } from './lexer.ts';
import { GLOBAL_WORDS, PROXY_WORDS } from './parser.ts';
import { missingBlank, quoted } from './statement.ts';
import { goneText } from './tables/old-words.ts';
import { lookUp } from './vocabulary.ts';
import type { Line, Source, Token } from './lexer.ts';
import type { Vocabulary } from './vocabulary.ts';
import type { OldWord } from './tables/old-words.ts';

/** Sections whose lines are looked at; all others are kept as they are. */
const PROXIES = ['defaults', 'frontend', 'backend', 'listen'];
const SECTION = /^(?:global|defaults|frontend|backend|listen|[a-z][a-z-]*)$/;
const OTHER_SECTIONS = ['peers', 'mailers', 'program', 'cache', 'ring', 'resolvers', 'userlist', 'http-errors', 'fcgi-app', 'log-forward', 'crt-store', 'traces', 'acme', 'log-profile', 'healthcheck'];

const TCP_ADVICE = "gRPC: 'mode grpc' balances each call; 'mode auto' does, and passes what is not HTTP/2 as raw TCP. In 'mode tcp' a client's calls all go to one server.";
const CHECK_ADVICE = "gRPC: 'option grpc-check' asks the servers' own health service, and a replica that says NOT_SERVING gets no new calls.";
const BALANCE_ADVICE = "gRPC: 'balance leastconn' counts running calls, which long streams make uneven otherwise.";
const STOP_ADVICE = "gRPC: 'grace 5s' and 'hard-stop-after 25s' let running calls finish when the process is told to stop.";

export function migrate(source: Source): string {
  return new Migration(source.path).text(source.text);
}

class Migration {
  readonly #path: string;
  #section = '';
  /** What was advised in this section; the same is not said twice. */
  readonly #advised = new Set<string>();

  constructor(path: string) {
    this.#path = path;
  }

  text(text: string): string {
    const bom = text.startsWith('\uFEFF') ? '\uFEFF' : '';
    const end = text.includes('\r\n') ? '\r\n' : '\n';
    const lines = text.slice(bom.length).split(/\r\n|\n|\r/);
    const stops = lines.some((line) => /^\s*hard-stop-after\b/.test(line));
    return bom + lines.flatMap((line) => this.#line(line, stops)).join(end);
  }

  #line(source: string, stops: boolean): string[] {
    const [line] = [...lex({ path: this.#path, text: source }, {}, collectDiagnostics(), () => '')];
    if (line === undefined) return [source];
    const [head] = line;
    const indent = source.slice(0, head.position.column - 1);
    if (this.#begins(line)) return head.text === 'global' && !stops ? [source, `${indent}    # ${STOP_ADVICE}`] : [source];
    if (this.#section === '') return [source];
    const words: Vocabulary<never> = this.#section === 'global' ? GLOBAL_WORDS : PROXY_WORDS;
    const prefixed = (head.text === 'no' || head.text === 'default') && line.length > 1;
    const named = prefixed ? line.slice(1) : line;
    const found = lookUp(words, named);
    if (found.kind === 'old') return rewrite(source, indent, line, named, found.words, found.name, found.old);
    if (found.kind === 'unknown') {
      const fixed = missingBlank(found.token.text, found.family, words);
      if (fixed !== null) return [splice(source, named[0], found.token, `${fixed.name} ${fixed.rest}`)];
    }
    return [...this.#advice(line).map((advice) => `${indent}# ${advice}`), source];
  }

  #begins([head, name]: Line): boolean {
    const known = head.text === 'global' || PROXIES.includes(head.text) || (OTHER_SECTIONS.includes(head.text) && head.position.column === 1);
    if (!known || !SECTION.test(head.text) || (head.text === 'cache' && name === undefined)) return false;
    this.#section = head.text === 'global' || PROXIES.includes(head.text) ? head.text : '';
    this.#advised.clear();
    return true;
  }

  #advice(line: Line): string[] {
    if (!PROXIES.includes(this.#section)) return [];
    const text = line.map((token) => token.text).join(' ');
    const advice = text === 'mode tcp' ? TCP_ADVICE
      : /^option (?:httpchk|tcp-check)\b/.test(text) ? CHECK_ADVICE
        : text === 'balance roundrobin' ? BALANCE_ADVICE : null;
    if (advice === null || this.#advised.has(advice)) return [];
    this.#advised.add(advice);
    return [advice];
  }
}

function rewrite(source: string, indent: string, line: Line, named: readonly Token[], words: number, name: string, old: OldWord): string[] {
  const args = named.slice(words).map(({ text }) => text);
  const today = old.rewrite(args);
  const off = `${indent}# ${source.slice(indent.length)}`;
  if (typeof today === 'string') return [`${indent}# ${goneText(name, old)}: ${today}`, off];
  if (today.length === 0) return [`${indent}# ${goneText(name, old)}: ${old.today}`, off];
  const first = named[0];
  const last = named[words - 1];
  const [only = []] = today;
  const kept = only.length - args.length;
  if (today.length === 1 && kept > 0 && args.every((word, index) => word === only[kept + index])) {
    return [splice(source, first, last, only.slice(0, kept).map(quoted).join(' '))];
  }
  const end = line.at(-1)?.position;
  const tail = end === undefined ? '' : source.slice(end.column - 1 + end.length);
  const arguments_ = source.slice(indent.length, source.length - tail.length);
  // What a variable will be is not known here, so that the words cannot be taken apart.
  if (/"[^"]*\$/.test(arguments_)) return [`${indent}# ${goneText(name, old)}: today ${old.today}`, off];
  return today.map((each, index) => `${indent}${each.map(quoted).join(' ')}${index === today.length - 1 ? tail : ''}`);
}

/** `text` in place of what is from the word `first` to the word `last`. */
function splice(source: string, first: Token | undefined, last: Token | undefined, text: string): string {
  if (first === undefined || last === undefined) return source;
  return source.slice(0, first.position.column - 1) + text + source.slice(last.position.column - 1 + last.position.length);
}
