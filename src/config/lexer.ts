/** Lines into words, by the rules of HAProxy's manual 2.2 (quoting and escaping) and 2.3 (environment variables). */
import type { Position, Reporter } from './diagnostics.ts';

/** One word, its quotes and escapes resolved. */
export interface Token {
  readonly text: string;
  readonly position: Position;
  /** An empty variable was all there was of it: at the end of a line such words are as good as not written, as in HAProxy. */
  readonly vanishing?: true;
}

/** The words of one statement; never empty. */
export type Line = readonly [Token, ...Token[]];

export interface Source {
  readonly path: string;
  readonly text: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** HAProxy's MAX_LINE_ARGS. */
const MAX_WORDS = 64;
/** Characters of one statement after expansion. */
const MAX_LINE = 64 * 1024;

const ESCAPES: Readonly<Record<string, string>> = {
  ' ': ' ', '\t': '\t', '\\': '\\', '#': '#', "'": "'", '"': '"', n: '\n', r: '\r', t: '\t',
};

/** A line that counts also where lines are left out. */
const CONDITIONAL = /^[ \t\v\f]*\.(?:if|elif|else|endif)(?![^ \t\v\f#])/;

/**
 * The statements of `source`, in order. A line with an error is reported and left out.
 * `section` gives the value of the pseudo-variable `.SECTION`; statements are lexed lazily, so that it is current, and so that `skipping`
 * and `env` can change with every line. What is skipped is not even looked at, but for `.if` and its kin.
 */
export function* lex(
  source: Source, env: Environment, report: Reporter, section: () => string, skipping: () => boolean = () => false,
): Generator<Line, void, void> {
  const lines = source.text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length && !report.full; index++) {
    if (skipping() && !CONDITIONAL.test(lines[index] ?? '')) continue;
    const tokens = new StatementLexer(source.path, index + 1, lines[index] ?? '', env, report, section).words();
    if (hasWords(tokens)) yield tokens;
  }
  if (lines.length > 1 && lines.at(-1) !== '') {
    // HAProxy refuses such a file as probably truncated; generated files lack the newline too often for that.
    const position = { file: source.path, line: lines.length, column: 1, length: 1, source: lines.at(-1) ?? '' };
    report.warning('the last line has no line feed: the file may be truncated', position);
  }
}

function hasWords(tokens: readonly Token[]): tokens is Line {
  return tokens.length > 0;
}

class StatementLexer {
  readonly #file: string;
  readonly #line: number;
  readonly #source: string;
  readonly #env: Environment;
  readonly #report: Reporter;
  readonly #section: () => string;
  readonly #tokens: Token[] = [];
  #size = 0;
  #failed = false;

  #at = 0;
  #word = '';
  /** Where the current word began; -1 between words. `""` is a word, though an empty one. */
  #start = -1;
  /** The current word has a variable that is empty; with [*], it is none at all unless there is more to it. */
  #emptyVariable: 'none' | 'word' | 'words' = 'none';

  constructor(file: string, line: number, source: string, env: Environment, report: Reporter, section: () => string) {
    this.#file = file;
    this.#line = line;
    this.#source = source;
    this.#env = env;
    this.#report = report;
    this.#section = section;
  }

  /** None where there is an error, which is reported. */
  words(): readonly Token[] {
    const source = this.#source;
    let quote = '';
    let opened = 0;
    while (this.#at < source.length && !this.#failed) {
      const char = source.charAt(this.#at);
      if (char === '\0') this.#fail('a NUL character cannot be part of a configuration', this.#at, 1);
      else if (quote === "'") {
        if (char === "'") quote = '';
        else this.#emit(char);
        this.#at++;
      } else if (char === '\\') this.#escape(quote);
      else if (char === '"' || (char === "'" && quote === '')) {
        if (quote === '') {
          opened = this.#at;
          this.#begin();
        }
        quote = quote === '' ? char : '';
        this.#at++;
      } else if (quote === '"' && char === '$') this.#variable();
      else if (quote === '' && char === '#') break;
      else if (quote === '' && /[ \t\v\f]/.test(char)) {
        this.#endWord();
        this.#at++;
      } else {
        this.#emit(char);
        this.#at++;
      }
    }
    if (quote !== '' && !this.#failed) {
      this.#fail(`unmatched ${quote === '"' ? 'double' : 'single'} quote: it is not closed on this line`, opened, 1);
    }
    this.#endWord();
    return this.#failed ? [] : this.#tokens;
  }

  #begin(): void {
    if (this.#start < 0) this.#start = this.#at;
  }

  #emit(text: string): void {
    this.#begin();
    this.#word += text;
    this.#size += text.length;
    if (this.#size > MAX_LINE) this.#fail(`the statement is too long: at most ${MAX_LINE} characters`, this.#start, 1);
  }

  #endWord(): void {
    if (this.#start < 0) return;
    const start = this.#start;
    const text = this.#word;
    const empty = text === '' ? this.#emptyVariable : 'none';
    this.#start = -1;
    this.#word = '';
    this.#emptyVariable = 'none';
    if (this.#failed || empty === 'words') return;
    const position = this.#position(start, this.#at - start);
    const token: Token = empty === 'word' ? { text, position, vanishing: true } : { text, position };
    if (this.#tokens.length >= MAX_WORDS) this.#fail(`too many words: at most ${MAX_WORDS} in one statement`, start, text.length);
    else this.#tokens.push(token);
  }

  /** At a backslash outside strong quotes. What is no escape sequence stays as it is, backslash included (`\1`). */
  #escape(quote: string): void {
    const next = this.#source.charAt(this.#at + 1);
    if (next === 'x') {
      const hex = /^[0-9a-f]{2}/i.exec(this.#source.slice(this.#at + 2, this.#at + 4));
      if (hex === null) return this.#fail(String.raw`\x needs two hexadecimal digits`, this.#at, 2);
      if (hex[0] === '00') return this.#fail('a NUL character cannot be part of a word', this.#at, 4);
      this.#emit(String.fromCharCode(Number.parseInt(hex[0], 16)));
      this.#at += 4;
      return;
    }
    const escaped = next === '$' && quote === '"' ? '$' : ESCAPES[next];
    this.#emit(escaped ?? '\\');
    this.#at += escaped === undefined ? 1 : 2;
  }

  /** At a dollar sign in weak quotes: `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`. */
  #variable(): void {
    const start = this.#at;
    const rest = this.#source.slice(start + 1);
    const brace = rest.startsWith('{');
    const name = /^\.?[A-Za-z_]\w*/.exec(brace ? rest.slice(1) : rest)?.[0];
    if (name === undefined) {
      const hint = String.raw`write \$ for a dollar sign in double quotes`;
      return this.#fail("a variable's name begins with a letter or an underscore", start, brace ? 2 : 1, hint);
    }
    const value = this.#lookUp(name, start);
    if (value === null) return;
    let end = start + 1 + name.length;
    let expand = false;
    let fallback = '';
    if (brace) {
      end++;
      if (this.#source.charAt(end) === '[') {
        if (this.#source.slice(end, end + 3) !== '[*]') return this.#fail("only '[*]' may follow a variable's name", end, 1);
        expand = true;
        end += 3;
      }
      if (this.#source.charAt(end) === '-') {
        const close = this.#source.indexOf('}', end);
        fallback = close < 0 ? '' : this.#source.slice(end + 1, close);
        end = close < 0 ? this.#source.length : close;
      }
      if (this.#source.charAt(end) !== '}') {
        return this.#fail("unmatched brace: '}' is missing after the variable's name", start + 1, 1);
      }
      end++;
    }
    this.#insert(value ?? fallback, expand, start, end);
  }

  #insert(value: string, expand: boolean, start: number, end: number): void {
    if (value.length + this.#size > MAX_LINE || value.includes('\0')) {
      return this.#fail('the value of the variable is too long or has a NUL character', start, end - start);
    }
    const words = expand ? value.split(/[ \t\n\v\f\r]+/).filter((word) => word !== '') : [value];
    if (words.every((word) => word === '')) this.#emptyVariable = expand ? 'words' : 'word';
    for (const [index, word] of words.entries()) {
      if (index > 0) {
        this.#at = end;
        this.#endWord();
        if (this.#failed) return;
        this.#start = start;
      }
      this.#emit(word);
    }
    this.#at = end;
  }

  /** undefined: not set; null: no such pseudo-variable, reported. */
  #lookUp(name: string, at: number): string | undefined | null {
    if (!name.startsWith('.')) return Object.hasOwn(this.#env, name) ? this.#env[name] : undefined;
    if (name === '.FILE') return this.#file;
    if (name === '.LINE') return String(this.#line);
    if (name === '.SECTION') return this.#section();
    this.#fail(`unknown pseudo-variable '${name}': there are .FILE, .LINE and .SECTION`, at, name.length + 1);
    return null;
  }

  #fail(message: string, at: number, length: number, hint?: string): void {
    if (!this.#failed) this.#report.error(message, this.#position(at, length), hint ?? null);
    this.#failed = true;
  }

  #position(at: number, length: number): Position {
    return { file: this.#file, line: this.#line, column: at + 1, length: Math.max(1, length), source: this.#source };
  }
}
