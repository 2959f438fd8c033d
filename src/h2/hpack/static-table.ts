import type { Field } from '../../model/fields.ts';

type Row = readonly [name: string, value?: string];

const ROWS: readonly Row[] = [
  [':authority'], [':method', 'GET'], [':method', 'POST'], [':path', '/'], [':path', '/index.html'], [':scheme', 'http'],
  [':scheme', 'https'], [':status', '200'], [':status', '204'], [':status', '206'], [':status', '304'], [':status', '400'],
  [':status', '404'], [':status', '500'], ['accept-charset'], ['accept-encoding', 'gzip, deflate'], ['accept-language'],
  ['accept-ranges'], ['accept'], ['access-control-allow-origin'], ['age'], ['allow'], ['authorization'], ['cache-control'],
  ['content-disposition'], ['content-encoding'], ['content-language'], ['content-length'], ['content-location'],
  ['content-range'], ['content-type'], ['cookie'], ['date'], ['etag'], ['expect'], ['expires'], ['from'], ['host'],
  ['if-match'], ['if-modified-since'], ['if-none-match'], ['if-range'], ['if-unmodified-since'], ['last-modified'], ['link'],
  ['location'], ['max-forwards'], ['proxy-authenticate'], ['proxy-authorization'], ['range'], ['referer'], ['refresh'],
  ['retry-after'], ['server'], ['set-cookie'], ['strict-transport-security'], ['transfer-encoding'], ['user-agent'],
  ['vary'], ['via'], ['www-authenticate'],
];

/** The static table (RFC 7541 Appendix A); index 1 is at position 0. */
export const STATIC_TABLE: readonly Field[] = ROWS.map(([name, value = '']): Field => ({ name, value, neverIndexed: false }));

export const STATIC_LENGTH: number = STATIC_TABLE.length;

/** The first index of each name. */
const byName = new Map<string, number>();
/** Indexes of the entries that have a value; no value stands under two names. */
const byValue = new Map<string, number>();
for (let i = STATIC_LENGTH; i > 0; i--) {
  const { name, value } = STATIC_TABLE[i - 1] as Field;
  byName.set(name, i);
  if (value !== '') byValue.set(value, i);
}

/** Index of the first static entry called `name`, 0 if there is none. */
export function staticNameIndex(name: string): number {
  return byName.get(name) ?? 0;
}

/** Index of the static entry with this name and this non-empty value, 0 if there is none. */
export function staticIndex(name: string, value: string): number {
  const index = byValue.get(value);
  return index !== undefined && (STATIC_TABLE[index - 1] as Field).name === name ? index : 0;
}
