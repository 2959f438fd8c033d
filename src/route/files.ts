/** Files of patterns and maps: a line each, `#` begins a comment line (HAProxy manual 7.1 and "map"). */
import { readFileSync, statSync } from 'node:fs';
import { fromConfiguration } from './value.ts';

/** Octets of one file. */
const MAX_FILE = 256 * 1024 * 1024;

export interface Entry {
  readonly key: string;
  /** Empty in a file of patterns. */
  readonly value: string;
  readonly line: number;
}

/** @throws Error with a message for the operator */
export function readEntries(path: string, map: boolean): Entry[] {
  const entries: Entry[] = [];
  for (const [index, line] of readText(path).split('\n').entries()) {
    const text = line.replace(/\r$/, '').trimStart();
    if (text === '' || text.startsWith('#')) continue;
    if (!map) {
      entries.push({ key: text.trimEnd(), value: '', line: index + 1 });
      continue;
    }
    const [, key = '', value = ''] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
    entries.push({ key, value: value.trimEnd(), line: index + 1 });
  }
  return entries;
}

/** The text as octets. @throws Error */
export function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE) throw new Error(`it has ${size} octets, more than ${MAX_FILE}`);
    return fromConfiguration(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`cannot read '${path}': ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
