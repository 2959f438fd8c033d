/** Log-format strings (HAProxy manual 8.2.6): one compiled thing for log lines, header values, names of backends, replies. */
import { nearest } from '../config/nearest.ts';
import { compileCalls } from './expression.ts';
import { LOG_VARIABLES } from './log-variables.ts';
import { unavailable } from './scope.ts';
import { scanCalls, within } from './syntax.ts';
import { asInt, fromConfiguration, hasControls, isControl, octetsOf } from './value.ts';
import { Address } from './address.ts';
import type { Position } from '../config/diagnostics.ts';
import type { Evaluation } from './context.ts';
import type { Get } from './declare.ts';
import type { Place, RuleScope } from './scope.ts';
import type { Value } from './value.ts';

export interface LogFormat {
  /** As written. */
  readonly text: string;
  /** Set when nothing in it depends on traffic. */
  readonly constant: string | null;
  render(context: Evaluation): string;
}

interface Flags {
  readonly quote: boolean;
  readonly hexadecimal: boolean;
  readonly escape: boolean;
}

const NO_FLAGS: Flags = { quote: false, hexadecimal: false, escape: false };

/**
 * `line`: missing values are `-`, runs of blanks are one blank, control characters are `#XX`; `value`: missing values are empty.
 */
export type Style = 'line' | 'value';

type Part = string | Get;

/** Compiles `text`; null: reported. */
export function compileLogFormat(text: string, position: Position, place: Place, style: Style, scope: RuleScope): LogFormat | null {
  const parts: Part[] = [];
  let literal = '';
  let defaults = NO_FLAGS;
  const fail = (message: string, at: number, length: number, hint: string | null = null): null => {
    scope.report.error(message, within(position, text, at, length), hint);
    return null;
  };
  const push = (get: Get, flags: Flags): void => {
    if (literal !== '') parts.push(fromConfiguration(literal));
    literal = '';
    parts.push((context) => format(get(context), flags, style));
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char !== '%') {
      if (!(style === 'line' && char === ' ' && text.charAt(at - 1) === ' ')) literal += char;
      continue;
    }
    const start = at++;
    if (text.charAt(at) === '%') {
      literal += '%';
      continue;
    }
    let flags = defaults;
    if (text.charAt(at) === '{') {
      const end = text.indexOf('}', at);
      if (end < 0) return fail("'}' is missing behind '%{'", start, 2);
      const read = parseFlags(text.slice(at + 1, end), defaults);
      if (typeof read === 'string') return fail(read, at + 1, end - at - 1);
      flags = read;
      at = end + 1;
    }
    if (text.charAt(at) === '[') {
      const scanned = scanCalls(text, at + 1, ']');
      if (!scanned.ok) return fail(`expression in '%[': ${scanned.message}`, scanned.at, 1);
      const expression = compileCalls(scanned.calls, text, position, scope);
      if (expression === null) return null;
      const missing = unavailable(expression.name, expression.needs, place);
      if (missing !== null) return fail(missing, at + 1, scanned.end - at - 1);
      // As in HAProxy, +X is for variables: expressions have the converter hex.
      push(expression.get, { ...flags, hexadecimal: false });
      at = scanned.end;
      continue;
    }
    const name = /^[A-Za-z]+/.exec(text.slice(at))?.[0] ?? '';
    if (name === 'o') {
      defaults = flags;
      at += 1;
      if (text.charAt(at) !== ' ') at--;
      continue;
    }
    const variable = LOG_VARIABLES.get(name);
    if (variable === undefined) {
      const near = nearest(name, LOG_VARIABLES.keys());
      const hint = near === null ? 'write %% for a percent sign, %[fetch] for an expression' : `did you mean '%${near}'?`;
      return fail(name === '' ? "nothing that is known stands behind '%'" : `unknown variable '%${name}'`, start, name.length + 1, hint);
    }
    const missing = unavailable(`%${name}`, variable.needs, place);
    if (missing !== null) return fail(missing, start, name.length + 1);
    push(variable.get, flags);
    at += name.length - 1;
  }
  if (literal !== '') parts.push(fromConfiguration(literal));
  return assemble(text, parts);
}

function assemble(text: string, parts: readonly Part[]): LogFormat {
  const [only] = parts;
  if (only === undefined || (parts.length === 1 && typeof only === 'string')) {
    const constant = only === undefined ? '' : String(only);
    return { text, constant, render: () => constant };
  }
  return {
    text,
    constant: null,
    render(context) {
      let result = '';
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i] as Part;
        result += typeof part === 'string' ? part : (part(context) as string);
      }
      return result;
    },
  };
}

function parseFlags(text: string, defaults: Flags): Flags | string {
  let { quote, hexadecimal, escape } = defaults;
  for (const flag of text.split(',')) {
    const on = flag.startsWith('+');
    const letter = flag.replace(/^[+-]/, '').trim();
    if (letter === 'Q') quote = on;
    else if (letter === 'X') hexadecimal = on;
    else if (letter === 'E') escape = on;
    else return `unknown flag '${flag}': there are +Q (quotes), +X (hexadecimal) and +E (escapes)`;
  }
  return { quote, hexadecimal, escape };
}

function format(value: Value | null, { quote, hexadecimal, escape }: Flags, style: Style): string {
  let text = value === null ? '' : hexadecimal ? hex(value) : octetsOf(value);
  // A value of the client's must not end the line that it stands in.
  if (style === 'line' && hasControls(text)) text = withoutControls(text);
  if (escape) text = text.replace(/["\\\]]/g, String.raw`\$&`);
  if (quote) return `"${escape ? text : text.replaceAll('"', style === 'line' ? '#22' : '"')}"`;
  return text === '' && style === 'line' ? '-' : text;
}

function withoutControls(text: string): string {
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    result += isControl(code) ? `#${code.toString(16).toUpperCase().padStart(2, '0')}` : text.charAt(i);
  }
  return result;
}

function hex(value: Value): string {
  if (value instanceof Address) return Buffer.from(value.bytes).toString('hex').toUpperCase();
  const number = typeof value === 'number' ? asInt(value) : null;
  return number === null ? octetsOf(value) : number.toString(16).toUpperCase().padStart(4, '0');
}
