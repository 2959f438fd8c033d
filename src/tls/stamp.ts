/** What can be seen of files without reading them: when that changes, they have to be read again. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BindTlsSettings, ServerTlsSettings } from '../config/tls-settings.ts';
import { keyFilesOf } from './pem.ts';

/** Every path that the settings of a `bind` or `server` line lead to, but those inside directories and lists. */
export function pathsOf(settings: BindTlsSettings | ServerTlsSettings): readonly string[] {
  const crt = typeof settings.crt === 'object' && settings.crt !== null ? settings.crt : settings.crt === null ? [] : [settings.crt];
  const lists = 'crtLists' in settings ? settings.crtLists : [];
  const others = [settings.caFile, settings.crlFile].filter((file) => file !== null && file !== '@system-ca');
  return [...crt, ...lists, ...others].filter((file) => file !== null);
}

/**
 * Secrets that Kubernetes mounts are links into a directory that is swapped as a whole; followed, they lead to other inodes then.
 * @param more files that were found in directories and lists
 */
export async function stampOf(paths: readonly string[], more: readonly string[]): Promise<string> {
  const all = new Set([...paths, ...more]);
  for (const file of [...all]) for (const key of [...keyFilesOf(file), ...['rsa', 'ecdsa', 'dsa'].map((type) => `${file}.${type}`)]) all.add(key);
  const parts: string[] = [];
  for (const file of all) parts.push(await one(file));
  return parts.join('\n');
}

async function one(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isDirectory()) return line(file, found);
    const names = (await readdir(file)).toSorted();
    const inside = await Promise.all(names.map(async (name) => line(name, await stat(path.join(file, name)))));
    return [file, ...inside].join(' ');
  } catch {
    return `${file} -`;
  }
}

function line(name: string, { ino, size, mtimeMs }: { readonly ino: number; readonly size: number; readonly mtimeMs: number }): string {
  return `${name} ${ino} ${size} ${mtimeMs}`;
}
