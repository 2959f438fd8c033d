/** Actions on the stream itself: its log line, its timeouts, its body. */
import { parseSize, parseTime } from '../../config/units.ts';
import { asInt } from '../value.ts';
import { done } from './headers.ts';
import { compileExpression } from '../expression.ts';
import type { Action, ActionInput, Apply } from './action.ts';
import type { Evaluation } from '../context.ts';

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'silent'] as const;

/** A time as a word, or an expression that yields milliseconds. */
function duration(input: ActionInput): ((context: Evaluation) => number | null) | null {
  const word = input.require('a time');
  if (word === null) return null;
  if (/^\d/.test(word.text)) {
    const parsed = parseTime(word.text, 'ms');
    if (!parsed.ok) input.error(parsed.message, word.position);
    return parsed.ok ? () => parsed.value : null;
  }
  const expression = compileExpression(word.text, word.position, input.place, input.scope);
  if (expression === null) return null;
  return (context) => {
    const value = expression.get(context);
    return value === null ? null : asInt(value);
  };
}

function setTimeout(input: ActionInput): Apply | null {
  const word = input.require("'server' or 'tunnel'");
  if (word === null) return null;
  if (word.text === 'client') {
    input.error("'set-timeout client' is not supported by Pillion yet", word.position, "'timeout client' holds for all connections of the proxy");
    return null;
  }
  const which = input.choice(word, 'timeout', ['server', 'tunnel']);
  const read = which === null ? null : duration(input);
  if (read === null || !done(input)) return null;
  return (context) => {
    const ms = read(context);
    if (ms === null || ms <= 0) return null;
    if (which === 'tunnel') context.tunnelTimeoutMs = ms;
    else context.serverTimeoutMs = ms;
    return null;
  };
}

function waitForBody(input: ActionInput): Apply | null {
  let ms: number | null = null;
  let atLeast = 0;
  for (let word = input.next(); word !== undefined; word = input.next()) {
    const choice = input.choice(word, "word of 'wait-for-body'", ['time', 'at-least']);
    const value = choice === null ? null : input.require(choice === 'time' ? 'a time' : 'a size');
    if (value === null) return null;
    const parsed = choice === 'time' ? parseTime(value.text, 'ms') : parseSize(value.text);
    if (!parsed.ok) {
      input.error(parsed.message, value.position);
      return null;
    }
    if (choice === 'time') ms = parsed.value;
    else atLeast = parsed.value;
  }
  if (ms === null) {
    input.error("'wait-for-body' needs 'time <time>'", input.position);
    return null;
  }
  const decision = { kind: 'body', ms, atLeast } as const;
  return () => decision;
}

export const STREAM_ACTIONS: readonly Action[] = [
  {
    name: 'set-log-level', parameter: null, usage: 'set-log-level <level>|silent', sets: ['http-request', 'http-response', 'http-after-response', 'tcp-request content', 'tcp-response content'],
    summary: "The stream's line has this level, or is not written.",
    compile: (input) => {
      const word = input.require('a level');
      const level = word === null ? null : input.choice(word, 'level', LEVELS);
      if (level === null || !done(input)) return null;
      return (context) => {
        context.logLevel = level;
        return null;
      };
    },
  },
  {
    name: 'set-timeout', parameter: null, usage: 'set-timeout server|tunnel <time>|<expression>', sets: ['http-request'],
    summary: "Another 'timeout server', or 'timeout tunnel' once the stream is a tunnel.", compile: setTimeout,
  },
  {
    name: 'wait-for-body', parameter: null, usage: 'wait-for-body time <time> [at-least <size>]', sets: ['http-request', 'http-response'],
    summary: "Waits for the message's body before the next rule, to its end, to so many octets, or to the limit of what is held.", compile: waitForBody,
  },
];
