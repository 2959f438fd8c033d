/** `map…`: looks the sample up in a file of keys and values (HAProxy manual 7.3.1). Read once, at start. */
import { ArgumentError, converter } from '../declare.ts';
import { readEntries } from '../files.ts';
import { patternSet, type Method } from '../matching.ts';
import { expandReplacement } from '../regex.ts';
import { asAddress, asInt } from '../value.ts';
import type { Converter } from '../declare.ts';
import type { Type, Value } from '../value.ts';

type Output = 'str' | 'int' | 'addr';

const METHODS: readonly (readonly [method: Method, input: Type, what: string])[] = [
  ['beg', 'str', 'the longest key with which the text begins'],
  ['dir', 'str', "a key that is one of the path's directories"],
  ['dom', 'str', "a key that is one of the domain's labels, or several"],
  ['end', 'str', 'a key with which the text ends'],
  ['int', 'int', 'a number or range'],
  ['ip', 'addr', 'the smallest network that the address is in'],
  ['reg', 'str', 'a regular expression that matches'],
  ['str', 'str', 'the key that is the text'],
  ['sub', 'str', 'a key that is in the text'],
];

const SUFFIXES: readonly (readonly [suffix: string, output: Output])[] = [['', 'str'], ['_str', 'str'], ['_int', 'int'], ['_ip', 'addr']];

function map(name: string, method: Method, input: Type, output: Output, what: string): Converter {
  const groups = name.includes('regm');
  const kind = output === 'str' ? 'text' : output === 'int' ? 'number' : 'address';
  return converter(name, 'file:text [default:text]', input, output,
    `The ${kind} in the file's line whose key is ${what}${groups ? String.raw` (\1: what the first group took)` : ''}.`, (args, { path }) => {
      const set = patternSet<Value>(method, false);
      for (const { key, value, line } of entries(path(args.text(0)))) {
        const parsed = parse(value, output);
        if (parsed === null) throw new ArgumentError(`${args.text(0)}:${line}: '${value}' is not ${output === 'int' ? 'a number' : 'an IP address'}`);
        const wrong = set.add(key, parsed);
        if (wrong !== null) throw new ArgumentError(`${args.text(0)}:${line}: ${wrong}`);
      }
      const fallback = args.count > 1 ? parse(args.text(1), output) : null;
      if (!groups) return (value) => set.find(value) ?? fallback;
      return (value) => {
        const found = set.findRegex?.(value);
        return found === undefined ? fallback : expandReplacement(String(found.value), found.match);
      };
    });
}

function entries(path: string): ReturnType<typeof readEntries> {
  try {
    return readEntries(path, true);
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function parse(text: string, output: Output): Value | null {
  if (output === 'str') return text;
  return output === 'int' ? (/^[+-]?\d+$/.test(text) ? asInt(text) : null) : asAddress(text);
}

export const MAP_CONVERTERS: readonly Converter[] = [
  ...SUFFIXES.slice(0, 1).map(([, output]) => map('map', 'str', 'str', output, 'the text')),
  ...METHODS.flatMap(([method, input, what]) => SUFFIXES.map(([suffix, output]) => map(`map_${method}${suffix}`, method, input, output, what))),
  map('map_regm', 'reg', 'str', 'str', 'a regular expression that matches'),
];
