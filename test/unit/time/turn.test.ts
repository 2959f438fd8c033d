import assert from 'node:assert/strict';
import { expireClock, now, toEpochMs } from '../../../src/time/clock.ts';
import { atTurnEnd, type TurnTask } from '../../../src/time/turn.ts';

function task(run: () => void): TurnTask {
  return { turnScheduled: false, endTurn: run };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('time/turn', () => {
  it('runs a task once however often it was asked for', async () => {
    let runs = 0;
    const one = task(() => runs++);
    for (let i = 0; i < 5; i++) atTurnEnd(one);
    assert.equal(runs, 0);
    await turn();
    assert.equal(runs, 1);
    atTurnEnd(one);
    await turn();
    assert.equal(runs, 2);
  });

  it('runs in the same end of turn what a task schedules', async () => {
    const order: string[] = [];
    const second = task(() => order.push('second'));
    atTurnEnd(
      task(() => {
        order.push('first');
        atTurnEnd(second);
      }),
    );
    await turn();
    assert.deepEqual(order, ['first', 'second']);
  });
});

describe('time/clock', () => {
  it('stands still within a turn and goes on after it', async () => {
    expireClock();
    const first = now();
    assert.equal(now(), first);
    atTurnEnd(task(() => {}));
    await turn();
    assert.ok(now() > first);
  });

  it('goes on after a turn in which nothing was scheduled', async () => {
    expireClock();
    const first = now();
    await turn();
    await turn();
    assert.ok(now() > first);
  });

  it('maps to the epoch', () => {
    expireClock();
    assert.ok(Math.abs(toEpochMs(now()) - Date.now()) < 1000);
  });
});
