import assert from 'node:assert/strict';
import { drain } from '../../../src/lifecycle/drain.ts';

describe('lifecycle/drain', () => {
  interface Script {
    readonly log: string[];
    readonly run: Promise<'empty' | 'hard stop'>;
    readonly end: () => void;
  }

  function start(graceMs: number, hardStopAfterMs: number | null, connections: number): Script {
    const log: string[] = [];
    let end = (): void => {};
    const emptied = new Promise<void>((resolve) => {
      end = resolve;
    });
    const run = drain({
      graceMs,
      hardStopAfterMs,
      announce: () => log.push('announce'),
      closeListeners: () => log.push('close'),
      empty: async () => {
        log.push('wait');
        if (connections > 0) await emptied;
        log.push('empty');
      },
    });
    return { log, run, end };
  }

  it('tells clients first, closes listeners after the grace, and waits for the last connection', async () => {
    const { log, run, end } = start(20, null, 1);
    assert.deepEqual(log, ['announce']);
    queueMicrotask(end);
    assert.equal(await run, 'empty');
    assert.deepEqual(log.slice(0, 4), ['announce', 'close', 'wait', 'empty']);
  });

  it('ends at once when nothing is left and there is no grace', async () => {
    const { run } = start(0, 60_000, 0);
    assert.equal(await run, 'empty');
  });

  it('is cut short by the hard stop, in the grace too', async () => {
    const waiting = start(0, 20, 1);
    assert.equal(await waiting.run, 'hard stop');
    const inGrace = start(60_000, 20, 1);
    assert.equal(await inGrace.run, 'hard stop');
    assert.ok(inGrace.log.includes('close'));
  });
});
