import type { Field } from '../../../../src/model/fields.ts';
import { FieldList } from '../../../../src/model/fields.ts';

/** Numbers from 0 (inclusive) to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const NAMES = [
  ':method', ':path', ':scheme', ':authority', ':status', 'content-type', 'te', 'user-agent', 'x-a', 'x-b', 'x-long-name-of-a-field',
  'grpc-timeout', 'grpc-status', 'date', 'accept-encoding', 'cookie', 'content-length', 'x-unknown\xff\x00name',
];
const VALUES = [
  '', 'GET', 'POST', '/', '/index.html', '/a.B/C', '/a?b=c', 'http', 'https', '200', '404', '0', 'trailers', 'application/grpc', 'gzip, deflate',
  'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '\xff\xfe\x00\x01', 'x'.repeat(200), '{}|~^\\<>',
];

function octets(random: () => number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(Math.floor(random() * 256));
  return text;
}

function pick(random: () => number, from: readonly string[]): string {
  return from[Math.floor(random() * from.length)] as string;
}

function randomField(random: () => number): Field {
  const unique = random() < 0.15;
  return {
    name: unique && random() < 0.3 ? `x-${Math.floor(random() * 1e6)}` : pick(random, NAMES),
    value: unique ? octets(random, Math.floor(random() ** 3 * 400)) : pick(random, VALUES),
    neverIndexed: random() < 0.05,
  };
}

/** A list of up to `most` fields: mostly repeated ones, some of arbitrary octets, some never indexed. */
export function randomList(random: () => number, most: number): FieldList {
  const fields = Array.from({ length: 1 + Math.floor(random() * most) }, () => randomField(random));
  return new FieldList(fields, fields.reduce((size, { name, value }) => size + name.length + value.length + 32, 0));
}
