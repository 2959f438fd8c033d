/** From a stream to the hash that its server is chosen by (HAProxy configuration manual 4.2 "balance"; src/backend.c, get_server_*). */
import type { HashBalance, HashKey } from '../config/balance-settings.ts';
import { avalanche, hash } from './hash.ts';
import { addressWords, firstValue, queryParameter, sample } from './sample.ts';
import type { Subject } from './subject.ts';

/** No key: the stream lacks what is hashed. */
export const NO_KEY = -1;

/** Gives an unsigned 32-bit hash, or {@link NO_KEY}. */
export type KeyOf = (subject: Subject) => number;

export function keyOf({ key, hashing }: HashBalance): KeyOf {
  const spread = hashing.avalanche ? avalanche : (value: number): number => value;
  if (key.of === 'source') {
    return ({ connection }) => {
      const words = addressWords(connection.clientAddress);
      // HAProxy does not ask hash-type for the function here.
      return words === null ? NO_KEY : spread(words.reduce((sum, word) => sum ^ word, 0) >>> 0);
    };
  }
  return (subject) => {
    const text = textOf(key, subject);
    return text === null ? NO_KEY : spread(hash(text, hashing.function));
  };
}

function textOf(key: Exclude<HashKey, { of: 'source' }>, subject: Subject): string | null {
  if (key.of === 'hash') return sample(key.sample, subject);
  if (key.of === 'rdp-cookie') return subject.firstBytes === null ? null : rdpCookie(subject.firstBytes, key.name);
  const fields = subject.requestFields;
  if (fields === null) return null;
  switch (key.of) {
    case 'uri': {
      const path = fields.get(':path') ?? '';
      const authority = fields.get(':authority');
      // HTTP/2 requests have an absolute URI in HAProxy as well.
      const absolute = !key.pathOnly && !fields.originForm && authority !== undefined && path.startsWith('/');
      return uriKey(absolute ? `${fields.get(':scheme') ?? 'http'}://${authority}${path}` : path, key.length, key.depth, key.whole);
    }
    case 'url_param': {
      const target = fields.get(':path') ?? '';
      const mark = target.indexOf('?');
      return mark < 0 ? null : queryParameter(target.slice(mark + 1), key.name);
    }
    case 'hdr': {
      const value = firstValue(fields, key.name);
      return value === null || !key.domainOnly ? value : mainDomain(value);
    }
  }
}

/** The part of a URI that counts: `length` octets at most, up to the slash that ends `depth` directories, up to the query unless `whole`. */
export function uriKey(uri: string, length: number, depth: number, whole: boolean): string {
  let end = length > 0 ? Math.min(length, uri.length) : uri.length;
  let slashes = 0;
  for (let i = 0; i < end; i++) {
    const character = uri.charAt(i);
    if ((character === '/' && ++slashes === depth + 1 && depth > 0) || (character === '?' && !whole)) end = i;
  }
  return uri.slice(0, end);
}

/** `use_domain_only`: what stands before the last dot, back to the dot before it. */
export function mainDomain(host: string): string {
  const last = host.lastIndexOf('.');
  if (last < 0) return host.slice(0, 0);
  return host.slice(host.lastIndexOf('.', last - 1) + 1, last);
}

/** Where the cookie begins in the client's first packet: behind TPKT and the X.224 connection request. */
const COOKIE_AT = 11;

/** The value of `Cookie: name=value` in the first packet of the Remote Desktop Protocol ([MS-RDPBCGR] 2.2.1.1). */
function rdpCookie(bytes: Uint8Array, name: string): string | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).toString('latin1', COOKIE_AT);
  const prefix = 'Cookie: ';
  if (text.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase()) return null;
  const equals = text.indexOf('=');
  const end = text.indexOf('\r');
  if (equals < 0 || end < equals) return null;
  return text.slice(prefix.length, equals).toLowerCase() === name.toLowerCase() ? text.slice(equals + 1, end) : null;
}
