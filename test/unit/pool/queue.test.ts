import assert from 'node:assert/strict';
import { Queue, type Place } from '../../../src/pool/queue.ts';

describe('the queue', () => {
  function drained(queue: Queue<string>): string[] {
    const order: string[] = [];
    for (let one = queue.shift(); one !== null; one = queue.shift()) order.push(one);
    return order;
  }

  it('is first come, first served', () => {
    const queue = new Queue<string>();
    for (const name of ['a', 'b', 'c']) queue.join(name);
    assert.equal(queue.first, 'a');
    assert.deepEqual(drained(queue), ['a', 'b', 'c']);
    assert.equal(queue.first, null);
    queue.join('d');
    assert.deepEqual(drained(queue), ['d']);
  });

  it('lets anybody leave from anywhere', () => {
    for (const leaver of [0, 1, 2, 3]) {
      const queue = new Queue<string>();
      const names = ['a', 'b', 'c', 'd'];
      const places = names.map((name) => queue.join(name));
      queue.leave(places[leaver] as Place<string>);
      assert.equal(queue.length, 3);
      queue.join('e');
      assert.deepEqual(drained(queue), [...names.filter((_, index) => index !== leaver), 'e']);
    }
  });

  it('counts who waits and who waited at most, and no leaver twice', () => {
    const queue = new Queue<string>();
    const place = queue.join('a');
    queue.join('b');
    queue.leave(place);
    queue.leave(place);
    assert.deepEqual([queue.length, queue.longest], [1, 2]);
    const next = queue.join('c');
    assert.deepEqual(drained(queue), ['b', 'c']);
    queue.leave(next);
    assert.deepEqual([queue.length, queue.longest], [0, 2]);
  });
});
