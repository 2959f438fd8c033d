/** docs/rules.md is what the tables say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describeRuleWord } from '../../../src/route/describe.ts';
import { rulesManual } from '../../../src/route/docs.ts';

describe('documentation of rules', () => {
  it('docs/rules.md is up to date (npm run docs)', () => {
    assert.equal(readFileSync(new URL('../../../docs/rules.md', import.meta.url), 'utf8'), rulesManual());
  });
});

describe('help for words of rules', () => {
  for (const [word, expected] of [
    ['path', /^path\n {4}The path, without the query\.\n\n {4}Sample fetch of type str\n$/],
    ['hdr', /Also: req\.hdr/],
    ['field', /^field\(index,delimiters\[,count\]\)\n.*\n\n {4}Converter from str to str\n$/],
    ['http-request deny', /^deny \[deny_status/],
    ['METH_GET', /method GET HEAD\n\n {4}Predefined ACL/],
    ['%ci', /Variable of log-format/],
  ] as const) it(word, () => assert.match(describeRuleWord(word).join(''), expected));
  it('is none for others', () => assert.deepEqual(describeRuleWord('nothing'), []));
});
