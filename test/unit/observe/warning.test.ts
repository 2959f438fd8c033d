import assert from 'node:assert/strict';
import { rareWarning } from '../../../src/observe/warning.ts';

describe('observe/warning', () => {
  it('reports the first at once and counts what it holds back', () => {
    const seen: unknown[] = [];
    const report = (level: string, message: string, details: object): void => void seen.push([level, message, details]);
    const warn = rareWarning(report, 60_000);
    for (let i = 0; i < 5; i++) warn('down', { target: 'x' });
    assert.deepEqual(seen, [['warn', 'down', { target: 'x', count: 1 }]]);
    const eager = rareWarning(report, 0);
    eager('a', {});
    eager('b', {});
    assert.deepEqual(seen.slice(1), [['warn', 'a', { count: 1 }], ['warn', 'b', { count: 1 }]]);
  });
});
