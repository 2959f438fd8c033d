import assert from 'node:assert/strict';
import { judge, statusOf, unproven } from '../../../src/health/verdict.ts';
import type { Health, Word } from '../../../src/health/verdict.ts';

const WORDS: Readonly<Record<string, Word>> = { p: 'pass', f: 'fail', s: 'stopping', S: 'serving', N: 'not-serving' };
const THRESHOLDS = { rise: 2, fall: 3 };

function show(health: Health): string {
  switch (health.kind) {
    case 'going-down':
      return `UP-${health.failed}`;
    case 'going-up':
      return `DOWN+${health.passed}`;
    case 'nolb':
      return health.failed === 0 ? 'NOLB' : `NOLB-${health.failed}`;
    default:
      return statusOf(health);
  }
}

/** The states that `words` lead through. */
function path(words: string, from: Health = { kind: 'up' }, thresholds: { rise: number; fall: number } = THRESHOLDS): string {
  const states: string[] = [];
  let health = from;
  for (const letter of words) {
    health = judge(health, WORDS[letter] as Word, thresholds);
    states.push(show(health));
  }
  return states.join(' ');
}

describe('health verdict', () => {
  const cases: readonly (readonly [title: string, words: string, states: string])[] = [
    ['falls after three failed checks in a row', 'fff', 'UP-1 UP-2 DOWN'],
    ['forgets failures at a passed check', 'ffpff', 'UP-1 UP-2 UP UP-1 UP-2'],
    ['rises after two passed checks in a row', 'fffpfpp', 'UP-1 UP-2 DOWN DOWN+1 DOWN DOWN+1 UP'],
    ['stays down', 'fffff', 'UP-1 UP-2 DOWN DOWN DOWN'],
    ['stops at once when up, and resumes at once', 'fsp', 'UP-1 NOLB UP'],
    ['needs as many checks to stop from down as to rise', 'fffss', 'UP-1 UP-2 DOWN DOWN+1 NOLB'],
    ['falls from NOLB like from UP', 'sffsfff', 'NOLB NOLB-1 NOLB-2 NOLB NOLB-1 NOLB-2 DOWN'],
    ['takes a pushed word at once', 'NSfffSfffN', 'NOLB UP UP-1 UP-2 DOWN UP UP-1 UP-2 DOWN NOLB'],
    ['takes a pushed word while going up', 'fffpS', 'UP-1 UP-2 DOWN DOWN+1 UP'],
  ];
  for (const [title, words, states] of cases) it(title, () => assert.equal(path(words), states));

  it('knows thresholds of one', () => {
    assert.equal(path('fpfsf', { kind: 'up' }, { rise: 1, fall: 1 }), 'DOWN UP DOWN NOLB DOWN');
  });

  for (const fall of [1, 2, 3]) {
    it(`is up before the first check, and down at the first failure (fall ${fall})`, () => {
      const start = unproven({ rise: 2, fall });
      assert.equal(statusOf(start), 'UP');
      assert.equal(path('f', start, { rise: 2, fall }), 'DOWN');
      assert.equal(path('p', start, { rise: 2, fall }), 'UP');
    });
  }
});
