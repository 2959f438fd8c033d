/** The files behind `-f`: a file as it is, a directory's *.cfg in order, `-` for stdin (HAProxy management guide 3, "-f"). */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from './diagnostics.ts';
import type { Source } from './lexer.ts';

const STDIN = '-';

/** One file; configurations of this size are made by mistake. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Reads all `paths` in order; what cannot be read is an error each. Blocks: it runs before anything listens, and at reload. */
export function readSources(paths: readonly string[]): { readonly sources: readonly Source[]; readonly errors: readonly Diagnostic[] } {
  const sources: Source[] = [];
  const errors: Diagnostic[] = [];
  for (const named of paths) {
    try {
      for (const file of filesOf(named)) sources.push({ path: file, text: readText(file) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      errors.push({ severity: 'error', message: `cannot read '${named}': ${reason}`, position: null, hint: null });
    }
  }
  return { sources, errors };
}

function filesOf(named: string): string[] {
  if (named === STDIN || !statSync(named).isDirectory()) return [named];
  const names = readdirSync(named).filter((name) => name.endsWith('.cfg') && !name.startsWith('.'));
  // HAProxy sorts by the C locale: by code, not by language.
  return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => path.join(named, name))
    .filter((file) => statSync(file).isFile());
}

function readText(file: string): string {
  const bytes = readFileSync(file === STDIN ? 0 : file);
  if (bytes.length > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
  return bytes.toString('utf8');
}
