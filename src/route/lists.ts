/** Header values: lists and cookies. */
import type { Message } from './message.ts';

/** All whole values of `name`; in HTTP/2 `host` may be `:authority`. Without a name: of every field. */
export function lines(message: Message, name: string): string[] {
  const values: string[] = [];
  for (const field of message.fields) {
    if (name === '' ? !field.name.startsWith(':') : field.name === name) values.push(bare(field.value));
  }
  if (values.length === 0 && name === 'host') {
    const authority = message.get(':authority');
    if (authority !== undefined) values.push(authority);
  }
  return values;
}

/** Blanks around a value, which rules may have written, are none of it (RFC 9110 §5.5). */
function bare(value: string): string {
  return /^[ \t]|[ \t]$/.test(value) ? value.replace(/^[ \t]+|[ \t]+$/g, '') : value;
}

/** All comma-separated values of `name`; commas in quotes do not separate (RFC 9110 §5.6.1). */
export function elements(message: Message, name: string): string[] {
  const values: string[] = [];
  for (const line of lines(message, name)) {
    if (line.includes(',')) splitList(line, values);
    else values.push(line);
  }
  return values;
}

function splitList(line: string, values: string[]): void {
  let quoted = false;
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (quoted && char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      values.push(line.slice(start, at).trim());
      start = at + 1;
    }
  }
  values.push(line.slice(start).trim());
}

/** The n-th from 1, or from the end when negative. */
export function occurrence(values: readonly string[], index: number): string | null {
  return (index > 0 ? values[index - 1] : values.at(index)) ?? null;
}

/** Values of the cookie `name`, or of all; `set-cookie` has one per field, and attributes behind it. */
export function cookies(message: Message, header: 'cookie' | 'set-cookie', name: string): { name: string; value: string }[] {
  const found: { name: string; value: string }[] = [];
  for (const line of lines(message, header)) {
    const pairs = header === 'cookie' ? line.split(';') : [line.split(';', 1)[0] ?? ''];
    for (const pair of pairs) {
      const equals = pair.indexOf('=');
      if (equals < 0) continue;
      const key = pair.slice(0, equals).trim();
      if (name === '' || key === name) found.push({ name: key, value: pair.slice(equals + 1).trim().replace(/^"(.*)"$/, '$1') });
    }
  }
  return found;
}
