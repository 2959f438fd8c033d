/** Nothing that stands in a file makes the loader throw or take long. The seed is printed with a failure. */
import assert from 'node:assert/strict';
import { check, fuzz } from '../../fuzz/configuration.ts';

/** As many take about two seconds. */
const CASES = 5000;

describe('loading anything', () => {
  it(`never throws: ${CASES} cases`, function () {
    this.timeout(60_000);
    this.slow(6000);
    for (let seed = 1; seed <= CASES; seed++) fuzz(seed);
  });

  const big: readonly [name: string, text: string][] = [
    ['one long word', `backend ${'a'.repeat(1_000_000)}\n`],
    ['one line of quotes', '"'.repeat(1_000_001)],
    ['one line of backslashes', '\\'.repeat(1_000_001)],
    ['one line of variables', `global\ndescription "${'$EMPTY'.repeat(150_000)}"\n`],
    ['one line of open braces', `global\ndescription "${'${EMPTY-'.repeat(100_000)}"\n`],
    ['one word of colons', `resolvers r\nnameserver a ${':'.repeat(60_000)}\n`],
    ['one word of minus signs', `global\n${'maxconn-'.repeat(100_000)}\n`],
    ['300,000 empty lines', '\n'.repeat(300_000)],
    ['trailing backslashes', 'a \\\n'.repeat(60_000)],
    ['30,000 unknown words', `backend b\n${'balnce roundrobn\n'.repeat(30_000)}`],
    ['100,000 old words', `defaults\n${'contimeout 5\n'.repeat(100_000)}`],
    ['100,000 words in skipped lines', `.if 0\n${'balnce "\n'.repeat(100_000)}.endif\n`],
    ['blocks in blocks', '.if 1\n'.repeat(100_000)],
    ['a condition of parentheses', `.if ${'('.repeat(60_000)}\n`],
    ['a condition of operators', `.if ${'1&&'.repeat(20_000)}1\n.endif\n`],
    ['wide port ranges', `listen l\n${'bind :1-4096\n'.repeat(300)}`],
    ['20,000 servers', `backend b\n${Array.from({ length: 20_000 }, (_, index) => `server s${index} a:1\n`).join('')}`],
    ['20,000 servers with unknown resolvers', `backend b\n${Array.from({ length: 20_000 }, (_, index) => `server s${index} a:1 resolvers r${index}\n`).join('')}`],
    ['20,000 sections', Array.from({ length: 20_000 }, (_, index) => `backend b${index}\n`).join('')],
    ['5,000 frontends without their backends', Array.from({ length: 5000 }, (_, index) => `frontend f${index}\ndefault_backend x${index}\nbackend b${index}\n`).join('')],
    ['10,000 users of unknown groups', `userlist u\n${Array.from({ length: 10_000 }, (_, index) => `group g${index}\nuser u${index} insecure-password x groups h${index}\n`).join('')}`],
  ];
  for (const [name, text] of big) {
    it(`takes ${name} in good time`, function () {
      this.timeout(20_000);
      this.slow(1500);
      const started = performance.now();
      check(text, name);
      // Generous: on an idle machine each is well below half a second.
      assert.ok(performance.now() - started < 10_000);
    });
  }
});
