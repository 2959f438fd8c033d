import assert from 'node:assert/strict';
import { editDistance, nearest } from '../../../src/config/nearest.ts';

describe('nearest word', () => {
  it('counts insertions, deletions, replacements and swaps of neighbours', () => {
    assert.equal(editDistance('balance', 'balance', 3), 0);
    assert.equal(editDistance('balnce', 'balance', 3), 1);
    assert.equal(editDistance('sevrer', 'server', 3), 1);
    assert.equal(editDistance('maxcon', 'maxconn', 3), 1);
    assert.equal(editDistance('', 'ab', 3), 2);
    assert.equal(editDistance('abcdef', 'uvwxyz', 2), 3, 'gives up above the limit');
  });

  const known = ['balance', 'bind', 'mode', 'maxconn', 'server', 'server-template'];
  for (const [word, expected] of [['balnce', 'balance'], ['Bind', 'bind'], ['sevrer', 'server'], ['mdoe', 'mode']] as const) {
    it(`takes ${word} for ${expected}`, () => assert.equal(nearest(word, known), expected));
  }

  it('is silent when nothing is near', () => {
    assert.equal(nearest('xyzzy', known), null);
    assert.equal(nearest('', known), null);
    assert.equal(nearest('b'.repeat(1000), known), null);
  });
});
