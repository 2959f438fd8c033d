/** Keys of streams: what `balance` and `stick` look at. All are octets carried as latin1 strings; null: not there. */
import type { SampleKey } from '../config/balance-settings.ts';
import type { FieldList } from '../model/fields.ts';
import type { Subject } from './subject.ts';

export function sample(key: SampleKey, subject: Subject): string | null {
  if (key.fetch === 'src') return addressOctets(subject.connection.clientAddress);
  if (key.fetch === 'expression') return key.octets(subject);
  const fields = subject.requestFields;
  if (fields === null) return null;
  switch (key.fetch) {
    case 'path':
      return splitTarget(fields).path;
    case 'pathq':
      return fields.get(':path') ?? null;
    case 'url_param':
      return queryParameter(splitTarget(fields).query, key.name);
    case 'hdr':
      return firstValue(fields, key.name);
    case 'cook':
      return cookieValue(fields, key.name);
  }
}

function splitTarget(fields: FieldList): { path: string; query: string } {
  const target = fields.get(':path') ?? '';
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** The value of `name` in a query, as it is written; null when there is none. */
export function queryParameter(query: string, name: string): string | null {
  for (const pair of query.split('&')) {
    if (pair.startsWith(name) && pair.charAt(name.length) === '=') return pair.slice(name.length + 1);
  }
  return null;
}

/** The first value of a field that may hold a list; `host` is `:authority` in HTTP/2 (RFC 9113 §8.3.1). */
export function firstValue(fields: FieldList, name: string): string | null {
  const value = (name === 'host' ? fields.get(':authority') : undefined) ?? fields.get(name);
  if (value === undefined) return null;
  const comma = value.indexOf(',');
  return (comma < 0 ? value : value.slice(0, comma)).trim();
}

/** A cookie of the request (RFC 6265 §4.2.1); HTTP/2 may carry one field for each (RFC 9113 §8.2.3). */
export function cookieValue(fields: FieldList, name: string): string | null {
  for (const field of fields.fields) {
    if (field.name !== 'cookie') continue;
    for (const pair of field.value.split(';')) {
      const equals = pair.indexOf('=');
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
    }
  }
  return null;
}

/** The 4 or 16 octets of an IP address; null for what is none. */
export function addressOctets(address: string): string | null {
  const words = addressWords(address);
  return words === null ? null : words.map((word) => String.fromCharCode(word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff)).join('');
}

/** An IP address as one 32-bit word, or as four; null for what is none. */
export function addressWords(address: string): number[] | null {
  if (address === '') return null;
  const [text = ''] = address.split('%');
  if (!text.includes(':')) return [ipv4(text)];
  const [head = '', tail] = text.split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = tail === undefined ? before : [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return [0, 2, 4, 6].map((i) => (((all[i] ?? 0) << 16) | (all[i + 1] ?? 0)) >>> 0);
}

function ipv4(text: string): number {
  let value = 0;
  for (const part of text.split('.')) value = (value << 8) | (Number(part) & 0xff);
  return value >>> 0;
}

/** 16-bit groups of an IPv6 address; the last two may be written as an IPv4 address. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const word = ipv4(part);
    return [word >>> 16, word & 0xffff];
  });
}
