import assert from 'node:assert/strict';
import { collectDiagnostics } from '../../../src/config/diagnostics.ts';
import { lex } from '../../../src/config/lexer.ts';
import type { Environment } from '../../../src/config/lexer.ts';

const ENV: Environment = { HOST: '10.0.0.1', EMPTY: '', LIST: '  a  b c ', _x1: 'under', LONG: 'v'.repeat(70_000) };

function words(text: string, env: Environment = ENV): { lines: string[][]; errors: string[] } {
  const report = collectDiagnostics();
  const lines = [...lex({ path: 'f.cfg', text: `${text}\n` }, env, report, () => 'here')];
  assert.deepEqual(report.warnings, []);
  return {
    lines: lines.map((line) => line.map((token) => token.text)),
    errors: report.errors.map(({ message, position }) => `${position?.line}:${position?.column} ${message}`),
  };
}

/** The rows of the matrix in HAProxy's manual 2.2, and its examples. */
const ACCEPTED: readonly [text: string, expected: string[]][] = [
  ['mode             http   # or tcp', ['mode', 'http']],
  ['global#this is the global section', ['global']],
  ['\t a\tb  ', ['a', 'b']],
  ['# only a comment', []],
  ['', []],
  // Unquoted escapes.
  [String.raw`a\ b`, ['a b']],
  ['a\\\tb', ['a\tb']],
  [String.raw`a\#b`, ['a#b']],
  [String.raw`a\\b`, [String.raw`a\b`]],
  [String.raw`\'a\"`, [`'a"`]],
  [String.raw`\n\r\t`, ['\n\r\t']],
  [String.raw`\x41\x7E\x0a`, ['A~\n']],
  // What is no escape stays: \1 in a replacement, \$ outside of quotes.
  [String.raw`\1/\q \$x`, [String.raw`\1/\q`, String.raw`\$x`]],
  ['$HOST ${HOST}', ['$HOST', '${HOST}']],
  // Weak quotes.
  ['"a b" "#" "it\'s"', ['a b', '#', "it's"]],
  [String.raw`"\"" "\\" "\$HOST" "\ " "\#" "\'" "\x24" "\1"`, ['"', '\\', '$HOST', ' ', '#', "'", '$', String.raw`\1`]],
  ['"a\\\tb"', ['a\tb']],
  // Strong quotes.
  [String.raw`'a b' '"' '#' '$HOST' '\n' '\'`, ['a b', '"', '#', '$HOST', String.raw`\n`, '\\']],
  // All the same.
  [String.raw`log-format %{+Q}o\ %t\ %s\ %{-Q}r`, ['log-format', '%{+Q}o %t %s %{-Q}r']],
  ['log-format "%{+Q}o %t"\' %s %{-Q}r\'', ['log-format', '%{+Q}o %t %s %{-Q}r']],
  ['log-format "%{+Q}o %t"\' %s\'\\ %{-Q}r', ['log-format', '%{+Q}o %t %s %{-Q}r']],
  // Quotes within and around words; empty words.
  ['a"b c"d\'e f\'', ['ab cde f']],
  [`a "" ''`, ['a', '', '']],
  // Variables.
  ['"$HOST:80" "${HOST}0" "${HOST-x}"', ['10.0.0.1:80', '10.0.0.10', '10.0.0.1']],
  ['"${NONE-127.0.0.1}:514" "${NONE}" "$NONE."', ['127.0.0.1:514', '', '.']],
  ['"${EMPTY-x}|"', ['|']],
  ['"${NONE-}"', ['']],
  ['"${NONE- a b }"', [' a b ']],
  ['"$_x1-"', ['under-']],
  ['"${LIST[*]}" "${LIST}"', ['a', 'b', 'c', '  a  b c ']],
  ['x"${LIST[*]}"y', ['xa', 'b', 'cy']],
  ['"${NONE[*]-d e}"', ['d', 'e']],
  ['"${.FILE}:${.LINE} $.SECTION"', ['f.cfg:1 here']],
  ['"$toString" "$__proto__"', ['', '']],
];

const REFUSED: readonly [text: string, error: string][] = [
  ['mode "tcp', '1:6 unmatched double quote: it is not closed on this line'],
  ["a 'b c", '1:3 unmatched single quote: it is not closed on this line'],
  [String.raw`bind "a\"`, '1:6 unmatched double quote: it is not closed on this line'],
  ['bind :1 name "${A', "1:16 unmatched brace: '}' is missing after the variable's name"],
  ['"${HOST-abc"', "1:3 unmatched brace: '}' is missing after the variable's name"],
  ['"${HOST x}"', "1:3 unmatched brace: '}' is missing after the variable's name"],
  [String.raw`bind \x4 `, String.raw`1:6 \x needs two hexadecimal digits`],
  [String.raw`"\xg1"`, String.raw`1:2 \x needs two hexadecimal digits`],
  [String.raw`a\x00b`, '1:2 a NUL character cannot be part of a word'],
  ['a \0 b', '1:3 a NUL character cannot be part of a configuration'],
  ['"$1"', "1:2 a variable's name begins with a letter or an underscore"],
  ['"${}"', "1:2 a variable's name begins with a letter or an underscore"],
  ['"100$"', "1:5 a variable's name begins with a letter or an underscore"],
  ['"${.NOPE}"', "1:2 unknown pseudo-variable '.NOPE': there are .FILE, .LINE and .SECTION"],
  ['"${LIST[0]}"', "1:8 only '[*]' may follow a variable's name"],
  ['"$LONG"', '1:2 the value of the variable is too long or has a NUL character'],
  [Array.from({ length: 65 }, (_, index) => `w${index}`).join(' '), '1:247 too many words: at most 64 in one statement'],
];

describe('lexer (HAProxy manual 2.2, 2.3)', () => {
  for (const [text, expected] of ACCEPTED) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(words(text), { lines: expected.length === 0 ? [] : [expected], errors: [] });
    });
  }

  for (const [text, error] of REFUSED) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.deepEqual(words(text), { lines: [], errors: [error] });
    });
  }

  it('goes on after a bad line', () => {
    assert.deepEqual(words('a\n"b\nc'), { lines: [['a'], ['c']], errors: ['2:1 unmatched double quote: it is not closed on this line'] });
  });

  it('ends a statement with its line: a trailing backslash is a character like others', () => {
    assert.deepEqual(words('a \\\n  b c\\\nd').lines, [['a', '\\'], ['b', 'c\\'], ['d']]);
  });

  it('counts lines and columns, also through CRLF', () => {
    const report = collectDiagnostics();
    const [first, second] = [...lex({ path: 'f', text: '\uFEFFab\r\n\r\n  cd "e f"\r\n' }, {}, report, () => '')];
    assert.deepEqual(first?.map(({ position: { line, column, length } }) => [line, column, length]), [[1, 1, 2]]);
    assert.deepEqual(second?.map(({ position: { line, column, length } }) => [line, column, length]), [[3, 3, 2], [3, 6, 5]]);
  });

  it('places words that come from a variable at the variable', () => {
    const report = collectDiagnostics();
    const [line] = [...lex({ path: 'f', text: 'a "${LIST[*]}"\n' }, ENV, report, () => '')];
    assert.deepEqual(line?.map(({ text, position }) => [text, position.column]), [['a', 1], ['a', 3], ['b', 4], ['c', 4]]);
  });

  it('warns when the last line has no line feed', () => {
    const report = collectDiagnostics();
    assert.equal([...lex({ path: 'f', text: 'a\nb' }, {}, report, () => '')].length, 2);
    assert.match(report.warnings[0]?.message ?? '', /no line feed/);
  });
});
