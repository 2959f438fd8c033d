/** The configurations of tutorials as they are printed, with their places filled in. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** The text of test/fixtures/tutorials/`name`, in which each of `places` (an address, a port, a path) is replaced wherever it stands. */
export function tutorial(name: string, places: Readonly<Record<string, string>> = {}): string {
  let text = readFileSync(new URL(`../fixtures/tutorials/${name}`, import.meta.url), 'utf8');
  for (const [printed, filled] of Object.entries(places)) {
    assert.ok(text.includes(printed), `${name} has no ${printed}`);
    text = text.replaceAll(printed, filled);
  }
  return text;
}
