import assert from 'node:assert/strict';
import { expireClock, now } from '../../../src/time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../../../src/time/wheel.ts';

class Probe extends Timer {
  readonly fired: Promise<number>;
  count = 0;
  #resolve: (at: number) => void = () => {};

  constructor() {
    super();
    this.fired = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  override onTimer(): void {
    this.count++;
    this.#resolve(now());
  }
}

/** The clock is cached for a turn; a test is one long turn. */
function fresh(): number {
  expireClock();
  return now();
}

/** The wheel's interval does not keep the process alive; the test must. */
async function alive<T>(promise: Promise<T>): Promise<T> {
  const keep = setInterval(() => {}, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(keep);
  }
}

describe('time/wheel', () => {
  it('never fires early', async () => {
    const timers = [1, 9, 10, 11, 25, 60].map((ms) => {
      const probe = new Probe();
      const at = fresh() + ms;
      armTimer(probe, at);
      return { probe, at };
    });
    for (const { probe, at } of timers) assert.ok((await alive(probe.fired)) >= at);
  });

  it('fires a timer that is already due at the next tick', async () => {
    const probe = new Probe();
    armTimer(probe, fresh() - 1000);
    await alive(probe.fired);
    assert.equal(probe.count, 1);
  });

  it('does not fire what was disarmed, and disarming twice is harmless', async () => {
    const gone = new Probe();
    const stays = new Probe();
    armTimer(gone, fresh() + 5);
    armTimer(stays, fresh() + 30);
    disarmTimer(gone);
    disarmTimer(gone);
    await alive(stays.fired);
    assert.equal(gone.count, 0);
    assert.equal(gone.timerExpiry, 0);
  });

  it('moves a timer later without firing at the old time, and earlier too', async () => {
    const later = new Probe();
    const start = fresh();
    armTimer(later, start + 10);
    armTimer(later, start + 60);
    const earlier = new Probe();
    armTimer(earlier, start + 4_000);
    armTimer(earlier, start + 4_000);
    disarmTimer(earlier);
    armTimer(earlier, start + 20);
    assert.ok((await alive(earlier.fired)) < start + 2_000);
    assert.ok((await alive(later.fired)) >= start + 60);
    assert.equal(later.count, 1);
  });

  it('lets a callback end other timers of the same tick and arm itself again', async () => {
    const victim = new Probe();
    const again = new (class extends Probe {
      override onTimer(): void {
        disarmTimer(victim);
        super.onTimer();
        if (this.count < 3) armTimer(this, now() + 1);
        else end();
      }
    })();
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const at = fresh() + 15;
    // The list is swept from its head, which is what was armed last.
    armTimer(victim, at);
    armTimer(again, at);
    await alive(ended);
    assert.equal(again.count, 3);
    assert.equal(victim.count, 0);
  });

  it('holds timers beyond one round of the wheel', () => {
    const probe = new Probe();
    armTimer(probe, fresh() + 3_600_000);
    assert.ok(probe.timerExpiry > now() + 3_000_000);
    disarmTimer(probe);
  });
});
