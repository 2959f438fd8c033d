/** Actions that change header fields. */
import { METHODS, patternSet, type Method } from '../matching.ts';
import { compileRegex, expandReplacement } from '../regex.ts';
import { compileLogFormat } from '../log-format.ts';
import { octetsOf } from '../value.ts';
import type { Action, ActionInput, Apply } from './action.ts';
import type { Evaluation } from '../context.ts';
import type { Message } from '../message.ts';

const HTTP = ['http-request', 'http-response', 'http-after-response'] as const;

/** Which message the set's rules change. */
export function messageOf(input: ActionInput): (context: Evaluation) => Message | null {
  return input.set === 'http-request' ? (context) => context.request : (context) => context.response;
}

/** A field's name in lower case, as it is sent; null: reported. */
function fieldName(input: ActionInput): string | null {
  const word = input.require('the name of a field');
  if (word === null) return null;
  const name = word.text.toLowerCase();
  if (/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) return name;
  input.error(`'${word.text}' is not the name of a header field`, word.position);
  return null;
}

function write(input: ActionInput, change: (message: Message, name: string, value: string) => void): Apply | null {
  const name = fieldName(input);
  const format = name === null ? null : input.format('the value');
  if (name === null || format === null || !done(input)) return null;
  const message = messageOf(input);
  return (context) => {
    const target = message(context);
    if (target !== null) change(target, name, format.render(context));
    return null;
  };
}

export function done(input: ActionInput): boolean {
  const word = input.next();
  if (word !== undefined) input.error(`unexpected '${word.text}'`, word.position, "a condition begins with 'if' or 'unless'");
  return word === undefined;
}

/** In HTTP/2 the host is `:authority`. */
function setHeader(message: Message, name: string, value: string): void {
  if (name === 'host' && message.get(':authority') !== undefined) {
    message.set(':authority', value);
    if (message.get('host') === undefined) return;
  }
  message.set(name, value);
}

function replace(input: ActionInput, each: 'line' | 'element'): Apply | null {
  const name = fieldName(input);
  const pattern = name === null ? null : input.require('a regular expression');
  const replacement = pattern === null ? null : input.require('the replacement');
  if (name === null || pattern === null || replacement === null || !done(input)) return null;
  const regex = compileRegex(pattern.text, false);
  if (!regex.ok) {
    input.error(regex.message, pattern.position);
    return null;
  }
  if (regex.warning !== null) input.scope.report.warning(regex.warning, pattern.position);
  const format = compileLogFormat(replacement.text, replacement.position, input.place, 'value', input.scope);
  if (format === null) return null;
  const message = messageOf(input);
  return (context) => {
    const target = message(context);
    if (target === null) return null;
    const text = format.render(context);
    // The whole value is replaced, whatever part of it matches.
    const one = (value: string): string => {
      const match = regex.regex.exec(value);
      return match === null ? value : expandReplacement(text, match);
    };
    const change = each === 'line' ? one : (value: string): string => value.split(/,\s*/).map(one).join(', ');
    target.replace(name, change);
    if (name === 'host') target.replace(':authority', change);
    return null;
  };
}

/** `del-header NAME [-m str|beg|end|sub|reg]`. */
function remove(input: ActionInput): Apply | null {
  const word = input.require('the name of a field');
  if (word === null) return null;
  let method: Method = 'str';
  if (input.peek()?.text === '-m') {
    input.next();
    const given = input.require('a matching method');
    const found = given === null ? null : input.choice(given, 'matching method', METHODS.filter((one) => ['str', 'beg', 'end', 'sub', 'reg'].includes(one)));
    if (found === null) return null;
    method = found;
  }
  if (!done(input)) return null;
  const names = patternSet<true>(method, true);
  const wrong = names.add(word.text, true);
  if (wrong !== null) {
    input.error(wrong, word.position);
    return null;
  }
  const message = messageOf(input);
  return (context) => {
    message(context)?.remove((name) => names.find(name) === true);
    return null;
  };
}

export const HEADER_ACTIONS: readonly Action[] = [
  {
    name: 'add-header', parameter: null, usage: 'add-header <name> <format>', sets: HTTP, summary: 'Adds a field.',
    compile: (input) => write(input, (message, name, value) => message.add(name, value)),
  },
  {
    name: 'capture', parameter: null, usage: 'capture <expression> len <n>|id <slot>', sets: ['http-request', 'http-response'],
    summary: 'Keeps a sample for the log (%hr, %hs) in a new slot of so many octets, or in one that was declared.', compile: capture,
  },
  { name: 'del-header', parameter: null, usage: 'del-header <name> [-m str|beg|end|sub|reg]', sets: HTTP, summary: 'Removes fields.', compile: remove },
  {
    name: 'replace-header', parameter: null, usage: 'replace-header <name> <regex> <replacement>', sets: HTTP,
    summary: "Puts the replacement in the place of each of the field's values that matches.", compile: (input) => replace(input, 'line'),
  },
  {
    name: 'replace-value', parameter: null, usage: 'replace-value <name> <regex> <replacement>', sets: HTTP,
    summary: "Puts the replacement in the place of each element of the field's list that matches.", compile: (input) => replace(input, 'element'),
  },
  {
    name: 'set-header', parameter: null, usage: 'set-header <name> <format>', sets: HTTP, summary: 'Puts one field in the place of all of that name.',
    compile: (input) => write(input, setHeader),
  },
];

function capture(input: ActionInput): Apply | null {
  const expression = input.expression();
  const word = expression === null ? null : input.require("'len' or 'id'");
  const kind = word === null ? null : input.choice(word, 'word', ['len', 'id']);
  const number = kind === null ? null : input.integer(kind === 'len' ? 'the length' : 'the slot', kind === 'len' ? 1 : 0, 65_536);
  if (expression === null || number === null || !done(input)) return null;
  const side = input.set === 'http-request' ? 'request' : 'response';
  const slots = input.scope.captures[side];
  let slot = number;
  if (kind === 'len') {
    slot = slots.length;
    slots.push({ length: number, header: null });
  } else if (slots[slot] === undefined) {
    input.error(`there is no slot ${slot}: 'declare capture ${side} len <n>' above makes one`, input.position);
    return null;
  }
  const { length = 0 } = slots[slot] ?? {};
  return (context) => {
    const value = expression.get(context);
    if (value !== null && context.captures !== null) context.captures[side][slot] = octetsOf(value).slice(0, length);
    return null;
  };
}
