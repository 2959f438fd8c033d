/** Expressions compiled: a sample fetch, and converters behind it (HAProxy manual 7.3.1). */
import { nearest } from '../config/nearest.ts';
import { checkArguments } from './arguments.ts';
import { ArgumentError, signature } from './declare.ts';
import { CONVERTERS } from './converters/all.ts';
import { FETCHES } from './fetches/all.ts';
import { scanCalls, within } from './syntax.ts';
import { unavailable } from './scope.ts';
import { cast, castable } from './value.ts';
import { unsupportedSample } from './unsupported.ts';
import type { Position } from '../config/diagnostics.ts';
import type { Fetch, Get, GetAll } from './declare.ts';
import type { Evaluation } from './context.ts';
import type { Need, Place, RuleScope } from './scope.ts';
import type { Call } from './syntax.ts';
import type { Type, Value } from './value.ts';

export interface Expression {
  readonly type: Type;
  readonly get: Get;
  /** Set where one sample has several values. */
  readonly all: GetAll | null;
  readonly needs: Need;
  /** As written. */
  readonly text: string;
  /** The fetch's own name. */
  readonly name: string;
}

/** Compiles the calls of `text`; null: something was wrong, and reported. */
export function compileCalls(
  calls: readonly Call[], text: string, position: Position, scope: RuleScope,
): Expression | null {
  const [first, ...rest] = calls;
  if (first === undefined) return null;
  const place = (call: Call): Position => within(position, text, call.offset, call.name.length);
  const fetch = FETCHES.get(first.name);
  if (fetch === undefined) {
    const hint = unsupportedSample(first.name);
    const near = nearest(first.name, FETCHES.keys());
    if (hint !== undefined) scope.report.error(`sample fetch '${first.name}' is not supported by Pillion yet`, place(first), hint);
    else scope.report.error(`unknown sample fetch '${first.name}'`, place(first), near === null ? null : `did you mean '${near}'?`);
    return null;
  }
  try {
    const args = checkArguments(first.name, fetch.arguments, first.arguments, scope, place(first));
    const head: Expression = {
      type: fetch.type, get: fetch.compile(args, scope), all: fetch.compileAll?.(args, scope) ?? null, needs: fetch.needs, text, name: first.name,
    };
    return rest.reduce<Expression | null>((before, call) => (before === null ? null : convert(before, call, place(call), scope)), head);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    scope.report.error(error.message, place(first), formHint(fetch));
    return null;
  }
}

function formHint(fetch: Fetch): string | null {
  return fetch.arguments.length === 0 ? null : `${fetch.names[0] ?? ''}${signature(fetch.arguments)}: ${fetch.summary}`;
}

function convert(before: Expression, call: Call, position: Position, scope: RuleScope): Expression | null {
  const row = CONVERTERS.get(call.name);
  if (row === undefined) {
    const hint = unsupportedSample(call.name);
    const near = nearest(call.name, CONVERTERS.keys());
    if (hint !== undefined) scope.report.error(`converter '${call.name}' is not supported by Pillion yet`, position, hint);
    else scope.report.error(`unknown converter '${call.name}'`, position, near === null ? null : `did you mean '${near}'?`);
    return null;
  }
  if (!castable(before.type, row.input)) {
    scope.report.error(`converter '${call.name}' takes type ${row.input}, and what stands before it has type ${before.type}`, position);
    return null;
  }
  try {
    const apply = row.compile(checkArguments(call.name, row.arguments, call.arguments, scope, position), scope);
    const { input } = row;
    const exact = before.type === input || input === 'any';
    const step = (value: Value | null, context: Evaluation): Value | null => {
      const fitting = value === null || exact ? value : cast(value, input);
      return fitting === null ? null : apply(fitting, context);
    };
    const { get, all } = before;
    return {
      ...before,
      type: row.output === 'same' ? (input === 'any' ? before.type : input) : row.output,
      get: (context) => step(get(context), context),
      all: all === null ? null : (context) => all(context).map((value) => step(value, context)).filter((value) => value !== null),
    };
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    scope.report.error(error.message, position);
    return null;
  }
}

/** A whole word as an expression for `place`; null: reported. */
export function compileExpression(text: string, position: Position, place: Place, scope: RuleScope): Expression | null {
  const scanned = scanCalls(text, 0, null);
  if (!scanned.ok) {
    scope.report.error(`expression '${text}': ${scanned.message}`, within(position, text, scanned.at, 1));
    return null;
  }
  const expression = compileCalls(scanned.calls, text, position, scope);
  if (expression === null) return null;
  const missing = unavailable(expression.name, expression.needs, place);
  if (missing === null) return expression;
  scope.report.error(missing, position);
  return null;
}
