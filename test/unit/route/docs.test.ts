/** docs/rules.md is what the tables say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rulesManual } from '../../../src/route/docs.ts';

describe('documentation of rules', () => {
  it('docs/rules.md is up to date (npm run docs)', () => {
    assert.equal(readFileSync(new URL('../../../docs/rules.md', import.meta.url), 'utf8'), rulesManual());
  });
});
