/**
 * Configurations that nobody would write: random bytes, words in any order, and wrong and right files with pieces changed. Nothing may
 * throw, every diagnostic can be shown, and what `migrate` prints can be read again.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { evaluateCondition } from '../../src/config/conditions.ts';
import { formatDiagnostic } from '../../src/config/diagnostics.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { migrate } from '../../src/config/migrate.ts';
import { GLOBAL_ROWS, PROXY_ROWS } from '../../src/config/tables/all.ts';
import { OLD_GLOBAL, OLD_PROXY } from '../../src/config/tables/old-words.ts';
import { SECTION_TYPES } from '../../src/config/tables/sections.ts';
import { SERVER_KEYWORDS } from '../../src/config/tables/server-keywords.ts';
import { Random } from './random.ts';

const ENV = { A: 'a "b\' c', B: undefined, EMPTY: '' };

/** Loads `text`, shows what is said of it, and migrates it. @throws when any of that is not as it has to be */
export function check(text: string, name: string): void {
  const { configuration, errors, warnings, remarks } = loadConfiguration([{ path: 'fuzz', text }], ENV);
  assert.equal(configuration === null, errors.length > 0, name);
  assert.ok(errors.length <= 201 && warnings.length <= 201 && remarks.length <= 201, name);
  for (const diagnostic of [...errors, ...warnings, ...remarks]) {
    const shown = formatDiagnostic(diagnostic);
    assert.ok(shown.length < 200_000 && !/\p{Cc}/u.test(shown.replace(/[\n\t]/g, '')), name);
    const { position } = diagnostic;
    assert.ok(position === null || (position.column >= 1 && position.column <= position.source.length + 1), name);
  }
  const migrated = loadConfiguration([{ path: 'fuzz', text: migrate({ path: 'fuzz', text }) }], ENV);
  // Rewriting adds no error: what was understood still is.
  if (errors.length === 0) assert.deepEqual(migrated.errors.map(({ message }) => message), [], name);
}

const WORDS: readonly string[] = [
  'global', 'defaults', 'frontend', 'backend', 'listen', 'peers', 'from', 'no', 'default', 'x', 'y', '1', '65536', '-1', '1s', ':80', '[::1]:9',
  'a:+1', 'unix@/a', 'fd@1', '/a', 'dns', 'if', 'unless', '{', '}', '!', '||', '%[src]', '\n', '\n', '\n', '\n', '"', "'", '\\', '"$A"', '"${A[*]}"', '"${B-c}"', '"$EMPTY"', '#', '\t', '\r',
  '\0', 'é', '\u{1f600}', '', '.if', '.elif', '.else', '.endif', '.notice', '1 && !0', 'streq("$A",b)', 'defined(A)',
  ...GLOBAL_ROWS.map(({ name }) => name), ...PROXY_ROWS.map(({ name }) => name), ...PROXY_ROWS.map(({ example }) => example), ...GLOBAL_ROWS.map(({ example }) => example),
  ...SERVER_KEYWORDS.map(({ name }) => name), ...OLD_GLOBAL.keys(), ...OLD_PROXY.keys(), ...[...SECTION_TYPES.values()].flatMap(({ word, rows }) => [word, ...rows.map(({ example }) => example)]),
];

const FILES: readonly string[] = ['', 'bad/'].flatMap((folder) => {
  const place = new URL(`../fixtures/config/${folder}`, import.meta.url);
  return readdirSync(place).filter((name) => name.endsWith('.cfg')).map((name) => readFileSync(new URL(name, place), 'utf8'));
});

/** One case. @throws with the seed in its message */
export function fuzz(seed: number): void {
  const random = new Random(seed);
  const next = random.float;
  const below = (count: number): number => random.below(count);
  const pick = (list: readonly string[]): string => random.pick(list);
  const kind = below(5);
  if (kind === 0) {
    const bytes = Buffer.from(Array.from({ length: below(600) }, () => below(256)));
    return check(bytes.toString(next() < 0.5 ? 'latin1' : 'utf8'), `bytes, seed ${seed}`);
  }
  if (kind === 1) return check(Array.from({ length: below(120) }, () => pick(WORDS)).join(next() < 0.1 ? '' : ' '), `words, seed ${seed}`);
  if (kind === 2) {
    const text = Array.from({ length: below(12) }, () => pick(['1', '0', '(', ')', '!', '&&', '||', ' ', 'streq(', 'a', ',', '"', '\\', 'defined(A)', 'version_atleast(3.0)'])).join('');
    evaluateCondition(text, { env: ENV, feature: () => true });
    return check(`global\n.if ${text}\nmaxconn 1\n.endif\n`, `condition, seed ${seed}`);
  }
  let text = pick(FILES);
  for (let change = below(6); change >= 0; change--) {
    const at = below(text.length + 1);
    const piece = next() < 0.5 ? pick(WORDS) : text.slice(at, at + below(40));
    const to = Math.min(text.length, at + below(30));
    text = next() < 0.5 ? `${text.slice(0, at)}${piece}${text.slice(at)}` : `${text.slice(0, at)}${piece}${text.slice(to)}`;
  }
  return check(text, `changed file, seed ${seed}`);
}
