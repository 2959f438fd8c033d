/** Fetches of header fields and cookies of requests and responses (HAProxy manual 7.3.6). */
import { parseAddress } from '../address.ts';
import { fetch } from '../declare.ts';
import { cookies, elements, lines, occurrence } from '../lists.ts';
import type { Evaluation } from '../context.ts';
import type { Arguments, Fetch, Get, GetAll } from '../declare.ts';
import type { Message } from '../message.ts';
import type { Need } from '../scope.ts';
import type { Value } from '../value.ts';

type Side = 'request' | 'response';

const NAMED = '[name:text] [occurrence:int]';

/** The named field's values by `read`; the last one unless an occurrence is given. */
function one(side: Side, args: Arguments, read: (message: Message, name: string) => string[]): Get {
  const name = args.text(0).toLowerCase();
  const index = args.int(1, -1) || -1;
  return (context) => {
    const message = context[side];
    return message === null ? null : occurrence(read(message, name), index);
  };
}

function every(side: Side, args: Arguments, read: (message: Message, name: string) => string[]): GetAll {
  const name = args.text(0).toLowerCase();
  const index = args.int(1, 0);
  return (context) => {
    const message = context[side];
    if (message === null) return [];
    const values = read(message, name);
    if (index === 0) return values;
    const value = occurrence(values, index);
    return value === null ? [] : [value];
  };
}

function count(side: Side, args: Arguments, read: (message: Message, name: string) => string[]): Get {
  const name = args.text(0).toLowerCase();
  return (context) => {
    const message = context[side];
    return message === null ? null : read(message, name).length;
  };
}

function map(get: Get, change: (value: string) => Value | null): Get {
  return (context) => {
    const value = get(context);
    return typeof value === 'string' ? change(value) : null;
  };
}

function names(message: Message, delimiter: string): string {
  return [...new Set(message.fields.map(({ name }) => name).filter((name) => !name.startsWith(':')))].join(delimiter);
}

function block(message: Message): string {
  return `${message.fields.filter(({ name }) => !name.startsWith(':')).map(({ name, value }) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** An address alone, in brackets, or with a port behind it. */
function addressOf(text: string): ReturnType<typeof parseAddress> {
  return parseAddress(text) ?? parseAddress(/^\[([^\]]+)\](:\d+)?$|^([\d.]+):\d+$/.exec(text)?.slice(1).find((part, index) => part !== undefined && index !== 1) ?? '');
}

/** The same fetches for both sides: `req.hdr` (once `hdr`) and `res.hdr` (once `shdr`). */
function side(which: Side, prefix: string, old: readonly string[], needs: Need): readonly Fetch[] {
  const whose = which === 'request' ? "the request's" : "the response's";
  const header = which === 'request' ? 'cookie' : 'set-cookie';
  const title = (base: string): string => [`${prefix}.${base}`, ...old.map((form) => form.replace('*', base))].join(' ');
  const read = (context: Evaluation): Message | null => context[which];
  const crumbs = (args: Arguments) => (context: Evaluation): { name: string; value: string }[] => {
    const message = read(context);
    return message === null ? [] : cookies(message, header, args.text(0));
  };
  return [
    fetch(title('hdr'), 'str', `A value of ${whose} field; a list's elements count one by one, and the last is taken unless another is asked for.`, {
      args: NAMED, needs, all: (args) => every(which, args, elements),
    }, (args) => one(which, args, elements)),
    fetch(title('hdr_cnt'), 'int', `How many values ${whose} field has; elements of a list count one by one.`, { args: '[name:text]', needs }, (args) => count(which, args, elements)),
    fetch(title('hdr_ip'), 'addr', `An address in ${whose} field.`, {
      args: NAMED, needs, all: (args) => {
        const all = every(which, args, elements);
        return (context) => all(context).map((value) => addressOf(String(value))).filter((value) => value !== null);
      },
    }, (args) => map(one(which, args, elements), addressOf)),
    fetch(title('hdr_val'), 'int', `A number in ${whose} field.`, { args: NAMED, needs }, (args) =>
      map(one(which, args, elements), (value) => (/^\s*[+-]?\d{1,15}/.test(value) ? Number.parseInt(value, 10) : 0))),
    fetch(`${prefix}.fhdr`, 'str', `A whole value of ${whose} field, commas included.`, {
      args: NAMED, needs, all: (args) => every(which, args, lines),
    }, (args) => one(which, args, lines)),
    fetch(`${prefix}.fhdr_cnt`, 'int', `How many fields of this name there are among ${whose}.`, { args: '[name:text]', needs }, (args) => count(which, args, lines)),
    fetch(`${prefix}.hdr_names`, 'str', `The names of ${whose} fields, separated by a comma or by what is given.`, { args: '[delimiter:text]', needs }, (args) => (context) => {
      const message = read(context);
      return message === null ? null : names(message, args.text(0) === '' ? ',' : args.text(0));
    }),
    fetch(`${prefix}.hdrs`, 'str', `All of ${whose} fields, a line each.`, { needs }, () => (context) => {
      const message = read(context);
      return message === null ? null : block(message);
    }),
    fetch(title('cook'), 'str', `The value of a cookie in ${whose} fields.`, {
      args: '[name:text]', needs, all: (args) => (context) => crumbs(args)(context).map(({ value }) => value),
    }, (args) => (context) => crumbs(args)(context).at(-1)?.value ?? null),
    fetch(title('cook_cnt'), 'int', 'How often the cookie occurs.', { args: '[name:text]', needs }, (args) => (context) => crumbs(args)(context).length),
    fetch(title('cook_val'), 'int', 'The value of a cookie as a number.', { args: '[name:text]', needs }, (args) => (context) => {
      const value = crumbs(args)(context)[0]?.value;
      return value === undefined ? null : Number(/^[+-]?\d{1,15}/.exec(value)?.[0] ?? 0);
    }),
    fetch(`${prefix}.cook_names`, 'str', 'The names of the cookies, separated by a comma or by what is given.', { args: '[delimiter:text]', needs }, (args) => (context) => {
      const message = read(context);
      const delimiter = args.text(0) === '' ? ',' : args.text(0);
      return message === null ? null : cookies(message, header, '').map(({ name }) => name).join(delimiter);
    }),
    fetch(`capture.${prefix}.hdr`, 'str', 'What was captured in this slot, from 0.', { args: 'slot:int', needs: which === 'request' ? 'connection' : needs }, (args) => (context) =>
      context.captures?.[which][args.int(0, 0)] ?? null),
  ];
}

export const HEADER_FETCHES: readonly Fetch[] = [
  ...side('request', 'req', ['*'], 'request'),
  ...side('response', 'res', ['s*'], 'response'),
];
