/** Nothing that stands in a file makes the loader throw or take long. The seed is printed with a failure. */
import assert from 'node:assert/strict';
import { formatDiagnostic } from '../../../src/config/diagnostics.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { GLOBAL_ROWS, PROXY_ROWS } from '../../../src/config/tables/all.ts';
import { SERVER_KEYWORDS } from '../../../src/config/tables/server-keywords.ts';

/** A small generator of its own (mulberry32), so that a failing case can be run again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = [
  'global', 'defaults', 'frontend', 'backend', 'listen', 'peers', 'from', 'no', 'default', '.if', 'x', 'y', '1', '65536', '-1', '1s', ':80', '[::1]:9',
  'a:+1', 'unix@/a', 'fd@1', '/a', 'dns', '\n', '\n', '\n', '\n', '"', "'", '\\', '"$A"', '"${A[*]}"', '"${B-c}"', '#', '\t', '\r', '\0', 'é', '\u{1f600}', '',
  ...GLOBAL_ROWS.map((row) => row.name), ...PROXY_ROWS.map((row) => row.name), ...PROXY_ROWS.map((row) => row.example), ...SERVER_KEYWORDS.map((row) => row.name),
];
const ENV = { A: 'a "b\' c', B: undefined };

function check(text: string, seed: string): void {
  const { configuration, errors, warnings } = loadConfiguration([{ path: 'fuzz', text }], ENV);
  assert.equal(configuration === null, errors.length > 0, seed);
  for (const diagnostic of [...errors, ...warnings]) {
    const shown = formatDiagnostic(diagnostic);
    assert.ok(shown.length < 200_000 && !/\p{Cc}/u.test(shown.replace(/[\n\t]/g, '')), seed);
    const { position } = diagnostic;
    assert.ok(position === null || (position.column >= 1 && position.column <= position.source.length + 1), seed);
  }
}

describe('loading anything', () => {
  it('never throws on random bytes', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed);
      const bytes = Buffer.from(Array.from({ length: Math.floor(next() * 600) }, () => Math.floor(next() * 256)));
      check(bytes.toString('latin1'), `latin1, seed ${seed}`);
      check(bytes.toString('utf8'), `utf8, seed ${seed}`);
    }
  });

  it('never throws on words in any order', () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const next = random(seed);
      const words = Array.from({ length: Math.floor(next() * 120) }, () => WORDS[Math.floor(next() * WORDS.length)] ?? '');
      check(words.join(next() < 0.1 ? '' : ' '), `words, seed ${seed}`);
    }
  });

  const big: readonly [name: string, text: string][] = [
    ['one long word', `backend ${'a'.repeat(1_000_000)}\n`],
    ['one line of quotes', '"'.repeat(1_000_001)],
    ['one line of backslashes', '\\'.repeat(1_000_001)],
    ['a million empty lines', '\n'.repeat(1_000_000)],
    ['continuations without end', 'a \\\n'.repeat(200_000)],
    ['100,000 unknown words', `backend b\n${'balnce roundrobn\n'.repeat(100_000)}`],
    ['wide port ranges', `listen l\n${'bind :1-4096\n'.repeat(300)}`],
    ['20,000 servers', `backend b\n${Array.from({ length: 20_000 }, (_, index) => `server s${index} a:1\n`).join('')}`],
    ['20,000 sections', Array.from({ length: 20_000 }, (_, index) => `backend b${index}\n`).join('')],
  ];
  for (const [name, text] of big) {
    it(`takes ${name} in good time`, () => {
      const started = performance.now();
      check(text, name);
      // Generous: on an idle machine each is well below half a second.
      assert.ok(performance.now() - started < 5000);
    });
  }
});
