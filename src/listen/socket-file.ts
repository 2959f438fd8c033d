/** Permissions and owner of a Unix socket (HAProxy manual 5.1 "mode", "user", "group"). */
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import type { SocketFileSettings } from '../config/model.ts';

/** @throws Error for the operator, when there is no such user or group, or the system refuses */
export function applySocketFile(path: string, { mode, user, group }: SocketFileSettings): void {
  // Owner first: a change of it takes some permissions away.
  if (user !== null || group !== null) chownSync(path, idOf('passwd', user), idOf('group', group));
  if (mode !== null) chmodSync(path, mode);
}

/** -1, which leaves things as they are, for null. */
function idOf(database: 'passwd' | 'group', who: string | number | null): number {
  if (who === null) return -1;
  if (typeof who === 'number') return who;
  for (const line of readFileSync(`/etc/${database}`, 'utf8').split('\n')) {
    const [name, , id] = line.split(':');
    if (name === who) return Number(id);
  }
  throw new Error(`there is no ${database === 'passwd' ? 'user' : 'group'} '${who}'`);
}
