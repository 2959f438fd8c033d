import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { AcceptLimit } from '../../../src/listen/accept-limit.ts';

describe('listen/accept-limit', () => {
  function enter(limit: AcceptLimit, log: string[], name: string): Socket {
    const socket = new Socket();
    limit.enter(socket, () => log.push(name));
    return socket;
  }

  it('lets in up to the limit, and one for each that leaves, in order', () => {
    const limit = new AcceptLimit(2, null);
    const log: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) enter(limit, log, name);
    assert.deepEqual(log, ['a', 'b']);
    assert.equal(limit.parked, 2);
    limit.leave();
    assert.deepEqual(log, ['a', 'b', 'c']);
    limit.leave();
    limit.leave();
    limit.leave();
    assert.deepEqual(log, ['a', 'b', 'c', 'd']);
    enter(limit, log, 'e');
    assert.deepEqual(log, ['a', 'b', 'c', 'd', 'e']);
  });

  it('keeps to the limit around several frontends', () => {
    const all = new AcceptLimit(2, null);
    const one = new AcceptLimit(10, all);
    const two = new AcceptLimit(1, all);
    const log: string[] = [];
    enter(one, log, 'one');
    enter(two, log, 'two');
    enter(two, log, 'two again');
    enter(one, log, 'one again');
    assert.deepEqual(log, ['one', 'two']);
    assert.deepEqual([one.parked, two.parked, all.parked], [0, 1, 1]);
    one.leave();
    assert.deepEqual(log, ['one', 'two', 'one again']);
    two.leave();
    assert.deepEqual(log, ['one', 'two', 'one again', 'two again']);
  });

  it('closes what comes beyond the places to wait', () => {
    const limit = new AcceptLimit(0, null);
    const sockets = Array.from({ length: 1025 }, () => enter(limit, [], ''));
    assert.equal(limit.rejected, 1);
    assert.equal(sockets.at(-1)?.destroyed, true);
    assert.equal(sockets[0]?.destroyed, false);
    for (const socket of sockets) socket.destroy();
  });
});
