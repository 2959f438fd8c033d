/** Actions that change the request's method and target, and the response's status. */
import { compileLogFormat } from '../log-format.ts';
import { compileRegex, expandReplacement } from '../regex.ts';
import { pathAndQuery } from '../uri.ts';
import { done } from './headers.ts';
import type { Action, ActionInput, Apply } from './action.ts';
import type { Message } from '../message.ts';

const REQUEST = ['http-request'] as const;

/** What may not stand in a target is encoded, so that a rule cannot break the request line. */
function encoded(text: string): string {
  return text.replace(/[\0- \x7f-\xff]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function rewrite(input: ActionInput, change: (message: Message, value: string) => void): Apply | null {
  const format = input.format('the new value');
  if (format === null || !done(input)) return null;
  return (context) => {
    if (context.request !== null) change(context.request, format.render(context));
    return null;
  };
}

function split(message: Message): { path: string; query: string } {
  const text = pathAndQuery(message) ?? '/';
  const mark = text.indexOf('?');
  return mark < 0 ? { path: text, query: '' } : { path: text.slice(0, mark), query: text.slice(mark) };
}

function setPath(message: Message, value: string): void {
  const path = encoded(value);
  message.set(':path', path.startsWith('/') ? path : `/${path}`);
}

function replacePath(input: ActionInput, withQuery: boolean): Apply | null {
  const pattern = input.require('a regular expression');
  const replacement = pattern === null ? null : input.require('the replacement');
  if (pattern === null || replacement === null || !done(input)) return null;
  const regex = compileRegex(pattern.text, false);
  if (!regex.ok) {
    input.error(regex.message, pattern.position);
    return null;
  }
  if (regex.warning !== null) input.scope.report.warning(regex.warning, pattern.position);
  const format = compileLogFormat(replacement.text, replacement.position, input.place, 'value', input.scope);
  if (format === null) return null;
  return (context) => {
    const { request } = context;
    if (request === null) return null;
    const { path, query } = split(request);
    const text = format.render(context);
    const before = withQuery ? path + query : path;
    const match = regex.regex.exec(before);
    if (match === null) return null;
    const after = expandReplacement(text, match);
    if (after !== before) setPath(request, withQuery ? after : after + query);
    return null;
  };
}

function setUri(message: Message, value: string): void {
  const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?]*)(.*)$/i.exec(value);
  if (absolute === null) {
    setPath(message, value);
    return;
  }
  const [, scheme = '', authority = '', rest = ''] = absolute;
  setPath(message, rest === '' ? '/' : rest);
  if (message.get(':scheme') !== undefined) message.set(':scheme', scheme.toLowerCase());
  if (message.get(':authority') !== undefined) message.set(':authority', authority);
  if (message.get('host') !== undefined) message.set('host', authority);
}

export const TARGET_ACTIONS: readonly Action[] = [
  {
    name: 'replace-path', parameter: null, usage: 'replace-path <regex> <replacement>', sets: REQUEST, summary: 'Another path in place of one that matches; the query stays.',
    compile: (input) => replacePath(input, false),
  },
  {
    name: 'replace-pathq', parameter: null, usage: 'replace-pathq <regex> <replacement>', sets: REQUEST, summary: 'Another path and query in place of those that match.',
    compile: (input) => replacePath(input, true),
  },
  {
    name: 'replace-uri', parameter: null, usage: 'replace-uri <regex> <replacement>', sets: REQUEST, summary: 'Another path and query in place of those that match.',
    compile: (input) => replacePath(input, true),
  },
  {
    name: 'set-method', parameter: null, usage: 'set-method <format>', sets: REQUEST, summary: 'Another method.',
    compile: (input) => rewrite(input, (message, value) => {
      if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value) && value !== 'CONNECT') message.set(':method', value);
    }),
  },
  {
    name: 'set-path', parameter: null, usage: 'set-path <format>', sets: REQUEST, summary: 'Another path; the query stays.',
    compile: (input) => rewrite(input, (message, value) => setPath(message, `${value}${split(message).query}`)),
  },
  {
    name: 'set-pathq', parameter: null, usage: 'set-pathq <format>', sets: REQUEST, summary: 'Another path and query.', compile: (input) => rewrite(input, setPath),
  },
  {
    name: 'set-query', parameter: null, usage: 'set-query <format>', sets: REQUEST, summary: 'Another query; the path stays.',
    compile: (input) => rewrite(input, (message, value) => setPath(message, `${split(message).path}${value === '' ? '' : `?${value}`}`)),
  },
  {
    name: 'set-status', parameter: null, usage: 'set-status <code> [reason <text>]', sets: ['http-response', 'http-after-response'],
    summary: 'Another status; HTTP/2 has no reasons.',
    compile: (input) => {
      const status = input.integer('the status', 200, 999);
      if (status === null) return null;
      if (input.peek()?.text === 'reason') {
        input.next();
        if (input.require('the reason') === null) return null;
      }
      if (!done(input)) return null;
      return (context) => {
        context.response?.set(':status', String(status));
        return null;
      };
    },
  },
  { name: 'set-uri', parameter: null, usage: 'set-uri <format>', sets: REQUEST, summary: 'Another target, absolute or not.', compile: (input) => rewrite(input, setUri) },
];
