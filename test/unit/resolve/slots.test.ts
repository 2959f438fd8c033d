import assert from 'node:assert/strict';
import { assign, freeSlots } from '../../../src/resolve/slots.ts';

describe('slots', () => {
  const cases: readonly (readonly [title: string, before: string, addresses: string, after: string])[] = [
    ['fill in order', '---', 'ab', 'ab-'],
    ['stay put when others leave', 'abc', 'bc', '-bc'],
    ['stay put when others come first in order', '-bc', 'abc', 'abc'],
    ['are reused, lowest first', 'a-c-', 'acxy', 'axcy'],
    ['are reused in the update in which they fall free', 'abc', 'acx', 'axc'],
    ['are not shared by an address given twice', '--', 'aa', 'a-'],
    ['leave out what does not fit', 'ab', 'abcd', 'ab'],
    ['empty when all leave', 'ab', '', '--'],
  ];
  for (const [title, before, addresses, after] of cases) {
    it(title, () => {
      const slots = Array.from(before, (letter) => (letter === '-' ? null : letter));
      const result = assign(slots, Array.from(addresses));
      assert.equal(result.map((address) => address ?? '-').join(''), after);
      assert.equal(slots.map((address) => address ?? '-').join(''), before);
    });
  }

  it('are free at first', () => {
    assert.deepEqual(freeSlots(2), [null, null]);
  });
});
