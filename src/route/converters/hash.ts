/** Converters that hash (HAProxy manual 7.3.1). */
import { createHash, createHmac, getHashes, timingSafeEqual } from 'node:crypto';
import { parseVariable } from '../arguments.ts';
import { ArgumentError, converter } from '../declare.ts';
import { avalanche, crc32, crc32c, djb2, sdbm, wt6 } from '../hashes.ts';
import { asBytes, octetsOf } from '../value.ts';
import type { Converter } from '../declare.ts';

function small(name: string, what: string, hash: (text: string) => number): Converter {
  return converter(name, '[avalanche:int]', 'bin', 'int', `A 32-bit hash: ${what}; with 1, its bits are mixed once more.`, (args) => {
    const mixed = args.int(0, 0) !== 0;
    return (value) => (mixed ? avalanche(hash(octetsOf(value))) : hash(octetsOf(value)));
  });
}

function known(name: string): string {
  if (!getHashes().some((hash) => hash.toLowerCase() === name.toLowerCase())) throw new ArgumentError(`unknown digest '${name}'`);
  return name.toLowerCase();
}

export const HASH_CONVERTERS: readonly Converter[] = [
  small('crc32', 'CRC-32', crc32),
  small('crc32c', 'CRC-32C', crc32c),
  converter('digest', 'algorithm:text', 'bin', 'bin', 'The digest by an algorithm of OpenSSL.', (args) => {
    const algorithm = known(args.text(0));
    return (value) => createHash(algorithm).update(asBytes(value)).digest();
  }),
  small('djb2', "Bernstein's", djb2),
  converter('hmac', 'algorithm:text key:text', 'bin', 'bin', 'The HMAC by an algorithm of OpenSSL; the key in base64, or the name of a variable with one.', (args) => {
    const algorithm = known(args.text(0));
    const text = args.text(1);
    const variable = /^(proc|sess|txn|req|res)\./.test(text) ? parseVariable(text) : null;
    return (value, context) => {
      const key = variable === null ? text : context.getVariable(variable.scope, variable.name);
      return key === null ? null : createHmac(algorithm, Buffer.from(octetsOf(key), 'base64')).update(asBytes(value)).digest();
    };
  }),
  small('sdbm', "sdbm's", sdbm),
  converter('secure_memcmp', 'var:var', 'bin', 'bool', 'Whether it equals a variable, in a time that does not tell where they differ.', (args) => {
    const { scope, name } = parseVariable(args.text(0));
    return (value, context) => {
      const other = context.getVariable(scope, name);
      if (other === null) return null;
      const [left, right] = [asBytes(value), asBytes(other)];
      return left.length === right.length && timingSafeEqual(left, right);
    };
  }),
  converter('sha1', '', 'bin', 'bin', 'The SHA-1 digest.', () => (value) => createHash('sha1').update(asBytes(value)).digest()),
  converter('sha2', '[bits:int]', 'bin', 'bin', 'The SHA-2 digest of 224, 256 (the default), 384 or 512 bits.', (args) => {
    const bits = args.int(0, 256);
    if (![224, 256, 384, 512].includes(bits)) throw new ArgumentError(`'sha2' has 224, 256, 384 or 512 bits, not ${bits}`);
    return (value) => createHash(`sha${bits}`).update(asBytes(value)).digest();
  }),
  small('wt6', "HAProxy's wt6", wt6),
];
