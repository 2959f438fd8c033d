import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../src/config/load.ts';

function told(line: string): readonly string[] {
  const { errors, warnings } = loadConfiguration([{ path: 'a.cfg', text: `global\n  ${line}\n` }], {});
  return [...errors, ...warnings].map(({ message }) => message);
}

describe('ssl-load-extra-files', () => {
  it('says which files are not looked for', () => {
    assert.deepEqual(told('ssl-load-extra-files bundle key'), []);
    assert.deepEqual(told('ssl-load-extra-files all'), []);
    assert.deepEqual(told('ssl-load-extra-del-ext'), []);
    assert.deepEqual(told('ssl-load-extra-files key ocsp sctl'), ["'ssl-load-extra-files ocsp sctl' has no effect"]);
  });

  it('takes no other words, and not none at all', () => {
    assert.match(told('ssl-load-extra-files bundles')[0] ?? '', /unknown kind of file 'bundles'/);
    assert.match(told('ssl-load-extra-files')[0] ?? '', /needs one of all, none/);
  });
});
