/** Converters of text (HAProxy manual 7.3.1). Input has been cast to the declared type. */
import { ArgumentError, converter } from '../declare.ts';
import { parseVariable } from '../arguments.ts';
import { compileRegex, expandReplacement } from '../regex.ts';
import { asBytes, hasControls, octetsOf } from '../value.ts';
import type { Converter } from '../declare.ts';
import type { Evaluation } from '../context.ts';
import type { Value } from '../value.ts';

/** Octets of a sample: HAProxy's are as large as a buffer. */
const MAX_TEXT = 64 * 1024;

function bounded(value: string): string | null {
  return value.length > MAX_TEXT ? null : value;
}

const text = (value: Value): string => octetsOf(value);

/** The text of a variable now; null: not set. */
function variable(name: string): (context: Evaluation) => string | null {
  const { scope, name: bare } = parseVariable(name);
  return (context) => {
    const value = context.getVariable(scope, bare);
    return value === null ? null : octetsOf(value);
  };
}

/** Fields between any of `delimiters`, as HAProxy's `field`: empty ones count. */
function field(value: string, index: number, delimiters: string, count: number): string | null {
  const parts: { start: number; end: number }[] = [];
  let start = 0;
  for (let at = 0; at <= value.length; at++) {
    if (at < value.length && !delimiters.includes(value.charAt(at))) continue;
    parts.push({ start, end: at });
    start = at + 1;
  }
  return cut(value, parts, index, count);
}

/** Words between runs of `delimiters`: there are no empty ones. */
function word(value: string, index: number, delimiters: string, count: number): string | null {
  const parts: { start: number; end: number }[] = [];
  let start = -1;
  for (let at = 0; at <= value.length; at++) {
    const separates = at === value.length || delimiters.includes(value.charAt(at));
    if (!separates && start < 0) start = at;
    if (separates && start >= 0) {
      parts.push({ start, end: at });
      start = -1;
    }
  }
  return cut(value, parts, index, count);
}

/** From the part `index` (negative: from the end) on, `count` parts; 0: all that remain in that direction. */
function cut(value: string, parts: readonly { start: number; end: number }[], index: number, count: number): string | null {
  const at = index > 0 ? index - 1 : parts.length + index;
  const first = parts[at];
  if (first === undefined || index === 0) return null;
  if (count === 1) return value.slice(first.start, first.end);
  if (index > 0) {
    const last = count === 0 ? parts.at(-1) : parts[Math.min(at + count, parts.length) - 1];
    return value.slice(first.start, last?.end);
  }
  const begin = count === 0 ? parts[0] : parts[Math.max(0, at - count + 1)];
  return value.slice(begin?.start, first.end);
}

function takeParts(name: string, take: (value: string, index: number, delimiters: string, count: number) => string | null): Converter {
  const what = name === 'field' ? 'field between delimiters' : 'word between runs of delimiters';
  return converter(name, 'index:int delimiters:text [count:int]', 'str', 'str',
    `The ${what} with this number from 1, or from the end when negative; with a count, so many of them (0: all).`, (args) => {
      if (args.int(0, 0) === 0) throw new ArgumentError(`the index of '${name}' is not 0`);
      return (value) => take(text(value), args.int(0, 1), args.text(1), args.int(2, 1));
    });
}

export const TEXT_CONVERTERS: readonly Converter[] = [
  converter('add_item', 'delimiter:text [var:text] [suffix:text]', 'str', 'str', 'Adds a variable and a suffix, behind the delimiter unless the text is empty.', (args) => {
    const read = args.text(1) === '' ? (): string => '' : variable(args.text(1));
    return (value, context) => {
      const item = `${read(context) ?? ''}${args.text(2)}`;
      const before = text(value);
      return bounded(item === '' ? before : before === '' ? item : `${before}${args.text(0)}${item}`);
    };
  }),
  converter('bytes', 'offset:int [length:int]', 'bin', 'bin', 'The octets from the offset on.', (args) => (value) => {
    const octets = asBytes(value);
    const offset = args.int(0, 0);
    if (offset < 0 || octets.length <= offset) return null;
    return octets.subarray(offset, args.text(1) === '' ? octets.length : offset + args.int(1, 0));
  }),
  converter('capture-req', 'slot:int', 'str', 'str', 'Keeps the text in a slot of the request, and passes it on.', (args) => (value, context) => {
    if (context.captures !== null && args.int(0, 0) < context.captures.request.length) context.captures.request[args.int(0, 0)] = text(value);
    return value;
  }),
  converter('capture-res', 'slot:int', 'str', 'str', 'Keeps the text in a slot of the response, and passes it on.', (args) => (value, context) => {
    if (context.captures !== null && args.int(0, 0) < context.captures.response.length) context.captures.response[args.int(0, 0)] = text(value);
    return value;
  }),
  converter('concat', '[start:text] [var:text] [end:text]', 'str', 'str', 'Adds a text, a variable and a text.', (args) => {
    const read = args.text(1) === '' ? (): string => '' : variable(args.text(1));
    return (value, context) => bounded(`${text(value)}${args.text(0)}${read(context) ?? ''}${args.text(2)}`);
  }),
  takeParts('field', field),
  converter('has_ctl', '', 'str', 'bool', 'Whether there is a control character in it.', () => (value) => hasControls(text(value))),
  converter('host_only', '', 'str', 'str', 'A Host field without its port.', () => (value) => text(value).replace(/:\d*$/, '')),
  converter('iif', 'true:text false:text', 'bool', 'str', 'The first text when true, else the second.', (args) => (value) => (value === true ? args.text(0) : args.text(1))),
  converter('length len', '', 'str', 'int', 'How many octets it has.', () => (value) => text(value).length),
  converter('lower', '', 'str', 'str', 'In lower case.', () => (value) => text(value).replace(/[A-Z]+/g, (part) => part.toLowerCase())),
  converter('ltrim', 'characters:text', 'str', 'str', 'Without these characters at the begin.', (args) => (value) => trim(text(value), args.text(0), true, false)),
  converter('param', 'name:text [delimiter:text]', 'str', 'str', 'The value of name=value in a list; the delimiter is & unless another is given.', (args) => (value) => {
    for (const pair of text(value).split(args.text(1) === '' ? '&' : args.text(1).charAt(0))) {
      const equals = pair.indexOf('=');
      if ((equals < 0 ? pair : pair.slice(0, equals)) === args.text(0)) return equals < 0 ? '' : pair.slice(equals + 1);
    }
    return null;
  }),
  converter('port_only', '', 'str', 'int', 'The port of a Host field; 0: it has none.', () => (value) => Number(/:(\d+)$/.exec(text(value))?.[1] ?? 0)),
  converter('regsub', 'regex:text replacement:text [flags:text]', 'str', 'str', String.raw`Replaces what matches, \1 being what the first group took; flags: g every match, i whatever the case.`, (args) => {
    const flags = args.text(2);
    if (!/^[gi]*$/.test(flags)) throw new ArgumentError(`the flags of 'regsub' are g and i, not '${flags}'`);
    const compiled = compileRegex(args.text(0), flags.includes('i'), flags.includes('g') ? 'g' : '');
    if (!compiled.ok) throw new ArgumentError(compiled.message);
    const replacement = args.text(1);
    return (value) => bounded(text(value).replace(compiled.regex, (...match: unknown[]) => expandReplacement(replacement, match as (string | undefined)[])));
  }),
  converter('reverse', '', 'str', 'str', 'Backwards.', () => (value) => text(value).split('').toReversed().join('')),
  converter('reverse_dom', '', 'str', 'str', 'A domain name with its labels in the opposite order.', () => (value) => text(value).split('.').toReversed().join('.')),
  converter('rtrim', 'characters:text', 'str', 'str', 'Without these characters at the end.', (args) => (value) => trim(text(value), args.text(0), false, true)),
  converter('set-var', 'name:var', 'any', 'same', 'Keeps the sample in a variable, and passes it on.', (args) => {
    const { scope, name } = parseVariable(args.text(0));
    return (value, context) => {
      context.variables(scope).set(name, value);
      return value;
    };
  }),
  converter('strcmp', 'var:var', 'str', 'int', 'Compares with a variable: negative, 0 (the same) or positive.', (args) => {
    const read = variable(args.text(0));
    return (value, context) => {
      const other = read(context);
      const own = text(value);
      return other === null ? null : own === other ? 0 : own < other ? -1 : 1;
    };
  }),
  converter('unset-var', 'name:var', 'any', 'same', 'Removes a variable, and passes the sample on.', (args) => {
    const { scope, name } = parseVariable(args.text(0));
    return (value, context) => {
      context.variables(scope).unset(name);
      return value;
    };
  }),
  converter('upper', '', 'str', 'str', 'In upper case.', () => (value) => text(value).replace(/[a-z]+/g, (part) => part.toUpperCase())),
  takeParts('word', word),
];

function trim(value: string, characters: string, begin: boolean, end: boolean): string {
  let from = 0;
  let to = value.length;
  while (begin && from < to && characters.includes(value.charAt(from))) from++;
  while (end && to > from && characters.includes(value.charAt(to - 1))) to--;
  return value.slice(from, to);
}

