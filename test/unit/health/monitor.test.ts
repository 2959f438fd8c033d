import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import type { Check, CheckSink } from '../../../src/health/check.ts';
import { HealthMonitor, spread } from '../../../src/health/monitor.ts';
import type { Word } from '../../../src/health/verdict.ts';

/** A check that the tests answer by hand. */
class ManualCheck extends EventEmitter implements Check {
  sink: CheckSink | null = null;
  probes = 0;
  closed = 0;

  probe(sink: CheckSink): void {
    this.sink = sink;
    this.probes++;
    this.emit('probe');
  }

  close(): void {
    this.closed++;
  }

  async answer(word: Word): Promise<void> {
    await once(this, 'probe');
    this.sink?.onResult({ word, reason: word });
  }
}

interface Rig {
  readonly check: ManualCheck;
  readonly monitor: HealthMonitor;
  readonly changes: string[];
  readonly failures: string[];
}

describe('intervals', () => {
  it('spreads intervals by chance', () => {
    for (const [percent, random, expected] of [[0, 0.3, 1000], [50, 0, 500], [50, 1, 1500], [10, 0.5, 1000], [10, 0.75, 1050]] as const) {
      assert.equal(spread(1000, percent, () => random), expected);
    }
  });
});

describe('health monitor', () => {
  let monitor: HealthMonitor;

  function rig(interMs: number, random = 0): Rig {
    const check = new ManualCheck();
    const changes: string[] = [];
    const failures: string[] = [];
    const onFailure = (reason: string): number => failures.push(reason);
    monitor = new HealthMonitor({ interMs, rise: 2, fall: 3, random: () => random, onFailure }, check, (status, reason) => {
      changes.push(`${status}:${reason}`);
    });
    return { check, monitor, changes, failures };
  }

  afterEach(() => monitor.stop());

  it('is up at first, tells changes only and counts failures', async () => {
    const { check, changes, failures } = rig(1);
    assert.equal(monitor.status, 'UP');
    monitor.start();
    for (const word of ['pass', 'fail', 'fail', 'fail', 'fail', 'pass', 'pass', 'stopping', 'pass'] as const) await check.answer(word);
    assert.deepEqual(changes, ['DOWN:fail', 'UP:pass', 'NOLB:stopping', 'UP:pass']);
    assert.equal(failures.length, 4);
  });

  it('goes down at the first check when that fails', async () => {
    const { check, changes } = rig(1);
    monitor.start();
    await check.answer('fail');
    assert.deepEqual(changes, ['DOWN:fail']);
  });

  it('waits for the interval after a check', async () => {
    const { check } = rig(40);
    monitor.start();
    await check.answer('pass');
    const begin = performance.now();
    await check.answer('pass');
    assert.ok(performance.now() - begin >= 38);
  });

  it('waits for fastinter while a change is being confirmed, and for downinter while the server is down', async () => {
    const check = new ManualCheck();
    const changes: string[] = [];
    const times = { interMs: 600_000, fastInterMs: 1, downInterMs: 50 };
    monitor = new HealthMonitor({ ...times, rise: 2, fall: 3, random: () => 0 }, check, (status) => changes.push(status));
    monitor.start();
    await check.answer('pass');
    // Had it waited for inter, the next check would not come in this test.
    monitor.onPush({ word: 'fail', reason: 'lost' });
    await check.answer('fail');
    await check.answer('fail');
    const down = performance.now();
    await check.answer('pass');
    assert.ok(performance.now() - down >= 48);
    await check.answer('pass');
    assert.deepEqual(changes, ['DOWN', 'UP']);
  });

  it('spreads the first check', async () => {
    const { check } = rig(60, 0.9);
    const begin = performance.now();
    monitor.start();
    await check.answer('pass');
    assert.ok(performance.now() - begin >= 52);
  });

  it('takes pushed words between checks, and waits a whole interval after a pushed loss', async () => {
    const { check, changes } = rig(50);
    monitor.start();
    await check.answer('serving');
    monitor.onPush({ word: 'not-serving', reason: 'push' });
    monitor.onPush({ word: 'serving', reason: 'push' });
    assert.deepEqual(changes, ['NOLB:push', 'UP:push']);
    const begin = performance.now();
    monitor.onPush({ word: 'fail', reason: 'lost' });
    await check.answer('fail');
    assert.ok(performance.now() - begin >= 48);
    await check.answer('fail');
    assert.equal(changes.at(-1), 'DOWN:fail');
  });

  it('checks sooner at a hint, but hints do not multiply checks', async () => {
    const { check } = rig(60_000);
    monitor.start();
    await check.answer('pass');
    const begin = performance.now();
    for (let i = 0; i < 100; i++) monitor.checkNow();
    await once(check, 'probe');
    const waited = performance.now() - begin;
    assert.ok(waited >= 90 && waited < 5000, String(waited));
    for (let i = 0; i < 100; i++) monitor.checkNow();
    assert.equal(check.probes, 2);
  });

  it('says nothing after stop', async () => {
    const { check, changes } = rig(1);
    monitor.start();
    await once(check, 'probe');
    monitor.stop();
    check.sink?.onResult({ word: 'fail', reason: 'late' });
    monitor.onPush({ word: 'not-serving', reason: 'late' });
    monitor.checkNow();
    assert.deepEqual([changes, check.closed, monitor.status], [[], 1, 'UP']);
  });
});
