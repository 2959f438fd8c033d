/**
 * Wrong files and what is said of each, word by word. `UPDATE_DIAGNOSTICS=1 npx mocha test/unit/config/bad.test.ts` writes what is said
 * now; read the difference before it is kept.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { formatDiagnostic } from '../../../src/config/diagnostics.ts';
import { loadConfiguration } from '../../../src/config/load.ts';

const FOLDER = new URL('../../fixtures/config/bad/', import.meta.url);
const ENV = { HOME: '/root' };

describe('wrong files', () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.cfg')).map((name) => name.slice(0, -'.cfg'.length));

  it('are many', () => assert.ok(names.length >= 150));

  for (const name of names) {
    it(name, () => {
      const text = readFileSync(new URL(`${name}.cfg`, FOLDER), 'utf8');
      const { configuration, errors, warnings, remarks } = loadConfiguration([{ path: `${name}.cfg`, text }], ENV);
      const said = [...errors, ...warnings, ...remarks].map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join('');
      assert.equal(configuration === null, errors.length > 0);
      const expected = new URL(`${name}.txt`, FOLDER);
      if (process.env['UPDATE_DIAGNOSTICS'] === '1') writeFileSync(expected, said);
      assert.ok(existsSync(expected), said);
      assert.equal(said, readFileSync(expected, 'utf8'));
      assert.notEqual(said, '');
    });
  }
});
