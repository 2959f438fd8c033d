/** Every word of HAProxy's is known: as a row, as not supported yet, or as gone. None is two of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { GLOBAL_WORDS, PROXY_WORDS } from '../../../src/config/parser.ts';
import { BIND_KEYWORDS } from '../../../src/config/tables/proxy.ts';
import {
  SERVER_KEYWORDS, UNSUPPORTED_BIND_KEYWORDS, UNSUPPORTED_SERVER_KEYWORDS,
} from '../../../src/config/tables/server-keywords.ts';
import { lookUp } from '../../../src/config/vocabulary.ts';
import type { Token } from '../../../src/config/lexer.ts';

const tokens = (name: string): Token[] =>
  name.split(' ').map((text) => ({ text, position: { file: 'f', line: 1, column: 1, length: 1, source: '' } }));

describe('vocabulary', () => {
  const known: Readonly<Record<string, (name: string) => boolean>> = {
    proxy: (name) => ['row', 'unsupported', 'old', 'incomplete'].includes(lookUp(PROXY_WORDS, tokens(name)).kind),
    global: (name) => ['row', 'unsupported', 'old'].includes(lookUp(GLOBAL_WORDS, tokens(name)).kind),
    server: (name) => SERVER_KEYWORDS.some((row) => row.name === name) || UNSUPPORTED_SERVER_KEYWORDS.has(name),
    bind: (name) => BIND_KEYWORDS.some((row) => row.name === name) || UNSUPPORTED_BIND_KEYWORDS.has(name),
  };
  const file = readFileSync(new URL('../../fixtures/config/haproxy-words.txt', import.meta.url), 'utf8');
  const words = file.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

  it(`knows HAProxy's ${words.length} words`, () => {
    const unknown = words.filter((line) => {
      const space = line.indexOf(' ');
      return known[line.slice(0, space)]?.(line.slice(space + 1)) !== true;
    });
    assert.ok(words.length > 500);
    assert.deepEqual(unknown, []);
  });

  it('has each word once', () => {
    for (const { rows, unsupported, old } of [GLOBAL_WORDS, PROXY_WORDS]) {
      const names = [...rows.keys(), ...unsupported.keys(), ...old.keys()];
      assert.equal(new Set(names).size, names.length, names.filter((name, index) => names.indexOf(name) !== index).join());
    }
    for (const row of SERVER_KEYWORDS) assert.ok(!UNSUPPORTED_SERVER_KEYWORDS.has(row.name), row.name);
    for (const row of BIND_KEYWORDS) assert.ok(!UNSUPPORTED_BIND_KEYWORDS.has(row.name), row.name);
  });
});
