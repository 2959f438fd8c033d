/** Users of `userlist` sections, and whether a request's credentials are theirs (HAProxy manual 12.1). */
import { createHash, timingSafeEqual } from 'node:crypto';
import { verifyHash } from './sha-crypt.ts';
import type { Message } from './message.ts';

export interface User {
  readonly password: string;
  readonly hashed: boolean;
  readonly groups: ReadonlySet<string>;
}

export interface Userlist {
  readonly users: ReadonlyMap<string, User>;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The credentials of `authorization: Basic …` (RFC 7617), or null. */
export function basicCredentials(message: Message | null): Credentials | null {
  const [scheme = '', token = ''] = (message?.get('authorization') ?? '').split(/ +/, 2);
  if (scheme.toLowerCase() !== 'basic') return null;
  const text = Buffer.from(token, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Hashed passwords that were right; verifying one takes ten milliseconds of the only thread. */
const MAX_REMEMBERED = 1000;
const remembered = new Set<string>();

/** The user with these credentials, or undefined. */
export function authenticate(list: Userlist | undefined, { user, password }: Credentials): User | undefined {
  const found = list?.users.get(user);
  return found !== undefined && (found.hashed ? verifyOnce(password, found.password) : equal(password, found.password)) ? found : undefined;
}

function equal(given: string, expected: string): boolean {
  const sum = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest();
  return timingSafeEqual(sum(given), sum(Buffer.from(expected, 'utf8').toString('latin1')));
}

function verifyOnce(password: string, hash: string): boolean {
  const key = createHash('sha256').update(hash).update('\0').update(password, 'latin1').digest('base64');
  if (remembered.has(key)) return true;
  if (!verifyHash(password, hash)) return false;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.add(key);
  return true;
}
