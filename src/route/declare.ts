/** How fetches and converters are declared: once, with what parser, errors, docs and evaluation need to know. */
import type { Evaluation } from './context.ts';
import type { Need, RuleScope } from './scope.ts';
import type { Type, Value } from './value.ts';

/**
 * `text`: any; `int`: a whole number; `intvar`: a whole number or the name of a variable; `var`: a variable's name; `backend`,
 * `server`, `userlist`: names that are checked; `[…]`: may be left out.
 */
export type ArgumentKind = 'text' | 'int' | 'intvar' | 'var' | 'backend' | 'server' | 'userlist';

export interface ArgumentSpec {
  readonly name: string;
  readonly kind: ArgumentKind;
  readonly optional: boolean;
}

/** Checked arguments: `text(0)` is '' and `int(0, x)` is x where one was left out. */
export interface Arguments {
  readonly count: number;
  text(index: number): string;
  int(index: number, fallback: number): number;
}

export type Get = (context: Evaluation) => Value | null;
/** For ACLs: every value, such as each element of a header's list. */
export type GetAll = (context: Evaluation) => readonly Value[];

/** Thrown by compile functions for arguments that cannot be; the message is for the operator. */
export class ArgumentError extends Error {}

export interface Fetch {
  /** The first is the name of today. */
  readonly names: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly type: Type;
  readonly needs: Need;
  readonly summary: string;
  readonly origin: 'haproxy' | 'pillion';
  readonly compile: (args: Arguments, scope: RuleScope) => Get;
  readonly compileAll: ((args: Arguments, scope: RuleScope) => GetAll) | null;
}

export interface Converter {
  readonly names: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly input: Type;
  /** `same`: that of the input. */
  readonly output: Type | 'same';
  readonly summary: string;
  readonly compile: (args: Arguments, scope: RuleScope) => (value: Value, context: Evaluation) => Value | null;
}

/** `name<text>` … as in `field,int` or `[occurrence],int`: name and kind, optional in brackets. */
function spec(text: string): readonly ArgumentSpec[] {
  if (text === '') return [];
  return text.split(' ').map((entry) => {
    const optional = entry.startsWith('[');
    const [name = '', kind = 'text'] = entry.replace(/[[\]]/g, '').split(':');
    return { name, kind: kind as ArgumentKind, optional };
  });
}

interface FetchOptions {
  readonly args?: string;
  readonly needs?: Need;
  readonly origin?: 'pillion';
  readonly all?: (args: Arguments, scope: RuleScope) => GetAll;
}

/** @param names separated by blanks. `args`: `name:kind [name:kind]`. */
export function fetch(
  names: string, type: Type, summary: string, options: FetchOptions, compile: (args: Arguments, scope: RuleScope) => Get,
): Fetch {
  return {
    names: names.split(' '), arguments: spec(options.args ?? ''), type, needs: options.needs ?? 'nothing', summary,
    origin: options.origin ?? 'haproxy', compile, compileAll: options.all ?? null,
  };
}

export function converter(
  names: string, args: string, input: Type, output: Type | 'same', summary: string,
  compile: (args: Arguments, scope: RuleScope) => (value: Value, context: Evaluation) => Value | null,
): Converter {
  return { names: names.split(' '), arguments: spec(args), input, output, summary, compile };
}

/** How arguments are written, for messages and docs: `(name[,occ])`. */
export function signature(args: readonly ArgumentSpec[]): string {
  if (args.length === 0) return '';
  let text = '';
  for (const [index, { name, optional }] of args.entries()) {
    const entry = `${index > 0 ? ',' : ''}${name}`;
    text += optional ? `[${entry}]` : entry;
  }
  return args.every(({ optional }) => optional) ? `[(${text.replace(/^\[(.*)\]$/, '$1')})]` : `(${text})`;
}
