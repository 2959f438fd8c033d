/** Converters of JSON (HAProxy manual 7.3.1). */
import { ArgumentError, converter } from '../declare.ts';
import { octetsOf } from '../value.ts';
import type { Converter } from '../declare.ts';
import type { Value } from '../value.ts';

const SHORT: Readonly<Record<string, string>> = { '"': String.raw`\"`, '/': String.raw`\/`, '\\': String.raw`\\`, '\b': String.raw`\b`, '\f': String.raw`\f`, '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };

/** How octets that are no UTF-8 are taken: left out (`utf8s`), replaced by `?` (`utf8p`), an end (`utf8`), or as latin1 (`ascii`). */
const CODINGS = ['ascii', 'utf8', 'utf8s', 'utf8p', 'utf8ps'];

/** The text for within a JSON string; null: it is not in the coding. */
function escape(octets: string, coding: string): string | null {
  let text = octets;
  if (coding !== 'ascii') {
    const bytes = Buffer.from(octets, 'latin1');
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      if (coding === 'utf8') return null;
      const lenient = new TextDecoder('utf-8').decode(bytes);
      text = lenient.replaceAll('\u{fffd}', coding.startsWith('utf8p') ? '?' : '');
    }
  }
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const code = text.charCodeAt(at);
    result += SHORT[char] ?? (code >= 0x20 && code < 0x7f ? char : `\\u${code.toString(16).padStart(4, '0')}`);
  }
  return result;
}

type Step = string | number;

/** `$.a.b[0]` or `$['a']`, a backslash taking away what a dot or bracket means; null: it has another form. */
function parsePath(text: string): readonly Step[] | null {
  if (!text.startsWith('$')) return null;
  const steps: Step[] = [];
  let rest = text.slice(1);
  while (rest !== '') {
    const match = /^\.((?:\\.|[^.[\]\\])+)|^\[(\d{1,6})\]|^\['([^']*)'\]/.exec(rest);
    if (match === null) return null;
    steps.push(match[2] === undefined ? (match[1]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? '') : Number(match[2]));
    rest = rest.slice(match[0].length);
  }
  return steps;
}

function follow(json: unknown, steps: readonly Step[]): unknown {
  let at: unknown = json;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<Step, unknown>)[step];
  }
  return at;
}

export const JSON_CONVERTERS: readonly Converter[] = [
  converter('json', '[coding:text]', 'str', 'str', `Escaped for a string of JSON; the input's coding is one of ${CODINGS.join(', ')} (the default is ascii).`, (args) => {
    const coding = args.text(0) === '' ? 'ascii' : args.text(0);
    if (!CODINGS.includes(coding)) throw new ArgumentError(`the coding of 'json' is one of ${CODINGS.join(', ')}, not '${coding}'`);
    return (value) => escape(octetsOf(value), coding);
  }),
  converter('json_query', 'path:text [type:text]', 'str', 'any', 'What stands at the path ($.a.b[0]) of a JSON text; type int: as a whole number.', (args) => {
    const steps = parsePath(args.text(0));
    if (steps === null) throw new ArgumentError(`'${args.text(0)}' is not a path such as $.a.b[0]`);
    if (args.text(1) !== '' && args.text(1) !== 'int') throw new ArgumentError("the type of 'json_query' is int");
    return (value): Value | null => {
      let found: unknown;
      try {
        found = follow(JSON.parse(Buffer.from(octetsOf(value), 'latin1').toString('utf8')), steps);
      } catch {
        return null;
      }
      if (args.text(1) === 'int') return typeof found === 'number' || (typeof found === 'string' && /^[+-]?\d+$/.test(found)) ? Math.trunc(Number(found)) : null;
      if (typeof found === 'string') return Buffer.from(found, 'utf8').toString('latin1');
      if (typeof found === 'number') return Number.isInteger(found) ? found : String(found);
      if (typeof found === 'boolean') return found;
      return Array.isArray(found) ? Buffer.from(JSON.stringify(found), 'utf8').toString('latin1') : null;
    };
  }),
];
