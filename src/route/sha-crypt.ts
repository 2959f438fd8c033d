/** Passwords as crypt(3) keeps them: SHA-crypt, $5$ and $6$ (Drepper, "Unix crypt using SHA-256 and SHA-512", 2008). */
import { createHash, timingSafeEqual } from 'node:crypto';

const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$]{0,16})\$([./0-9A-Za-z]+)$/;
const DEFAULT_ROUNDS = 5000;
/** Each takes about two microseconds of the only thread. */
const MAX_ROUNDS = 200_000;

/** Whether `hash` is one that {@link verifyHash} knows. */
export function isKnownHash(hash: string): boolean {
  const match = FORM.exec(hash);
  return match !== null && Number(match[2] ?? DEFAULT_ROUNDS) <= MAX_ROUNDS;
}

export function verifyHash(password: string, hash: string): boolean {
  const match = FORM.exec(hash);
  if (match === null || !isKnownHash(hash)) return false;
  const [, kind = '', rounds, salt = '', expected = ''] = match;
  const made = Buffer.from(encode(digest(kind === '5' ? 'sha256' : 'sha512', password, salt, Math.max(1000, Number(rounds ?? DEFAULT_ROUNDS)))));
  const given = Buffer.from(expected);
  return made.length === given.length && timingSafeEqual(made, given);
}

function digest(algorithm: 'sha256' | 'sha512', password: string, saltText: string, rounds: number): Buffer {
  const key = Buffer.from(password, 'latin1');
  const salt = Buffer.from(saltText, 'latin1');
  const hash = (...parts: readonly Uint8Array[]): Buffer => {
    const sum = createHash(algorithm);
    for (const part of parts) sum.update(part);
    return sum.digest();
  };
  const repeated = (source: Buffer, length: number): Buffer => Buffer.alloc(length, source);
  const alternate = hash(key, salt, key);
  const parts: Uint8Array[] = [key, salt, repeated(alternate, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? alternate : key);
  let result = hash(...parts);
  const p = key.length === 0 ? key : repeated(hash(...Array.from({ length: key.length }, () => key)), key.length);
  const first = result[0] ?? 0;
  const s = salt.length === 0 ? salt : repeated(hash(...Array.from({ length: 16 + first }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1;
    const middle: Uint8Array[] = [];
    if (round % 3 !== 0) middle.push(s);
    if (round % 7 !== 0) middle.push(p);
    result = hash(odd ? p : result, ...middle, odd ? result : p);
  }
  return result;
}

/** Octets in the order of the specification, in groups of three as four digits each. */
function encode(bytes: Buffer): string {
  const third = Math.floor(bytes.length / 3);
  const step = bytes.length === 64 ? [1, 2, 0] : [2, 0, 1];
  let text = '';
  const put = (value: number, digits: number): void => {
    for (let i = 0; i < digits; i++) text += DIGITS.charAt((value >> (6 * i)) & 0x3f);
  };
  let order = [0, 1, 2];
  for (let i = 0; i < third; i++) {
    const [a = 0, b = 0, c = 0] = order.map((group) => bytes[group * third + i] ?? 0);
    put((a << 16) | (b << 8) | c, 4);
    order = step.map((from) => order[from] ?? 0);
  }
  if (bytes.length === 64) put(bytes[63] ?? 0, 2);
  else put(((bytes[31] ?? 0) << 8) | (bytes[30] ?? 0), 3);
  return text;
}
