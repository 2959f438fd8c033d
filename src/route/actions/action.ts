/** How actions of rules are declared: once, for parser, errors, docs and evaluation. */
import { nearest } from '../../config/nearest.ts';
import { compileExpression, type Expression } from '../expression.ts';
import { compileLogFormat, type LogFormat } from '../log-format.ts';
import { parseVariable, type VariableName } from '../arguments.ts';
import { ArgumentError } from '../declare.ts';
import type { Position } from '../../config/diagnostics.ts';
import type { Decision } from '../rules.ts';
import type { Evaluation } from '../context.ts';
import type { Place, RuleScope } from '../scope.ts';
import type { Word } from '../syntax.ts';

export type Apply = (context: Evaluation) => Decision | null;

/** `http-request` and so on: the sets of rules, by their directive. */
export type RuleSet = 'http-request' | 'http-response' | 'http-after-response' | 'tcp-request connection' | 'tcp-request session' | 'tcp-request content' | 'tcp-response content';

export interface Action {
  /** As written; with parentheses behind it when `parameter` is not null. */
  readonly name: string;
  /** What stands in parentheses: `var`, or null. */
  readonly parameter: string | null;
  readonly usage: string;
  readonly summary: string;
  readonly sets: readonly RuleSet[];
  /** Takes its words; null: reported. */
  readonly compile: (input: ActionInput) => Apply | null;
}

/** The words of one action, taken from left to right. */
export class ActionInput {
  readonly set: RuleSet;
  readonly scope: RuleScope;
  /** What stood in parentheses. */
  readonly parameter: string;
  readonly position: Position;
  readonly #words: readonly Word[];
  #at = 0;

  constructor(set: RuleSet, parameter: string, words: readonly Word[], position: Position, scope: RuleScope) {
    this.set = set;
    this.parameter = parameter;
    this.#words = words;
    this.position = position;
    this.scope = scope;
  }

  get place(): Place {
    switch (this.set) {
      case 'http-request': return 'request';
      case 'http-response':
      case 'tcp-response content':
      case 'http-after-response': return 'response';
      case 'tcp-request connection':
      case 'tcp-request session':
      case 'tcp-request content': return this.set;
    }
  }

  peek(): Word | undefined {
    return this.#words[this.#at];
  }

  next(): Word | undefined {
    return this.#words[this.#at++];
  }

  /** The next word; a report that `what` is missing. */
  require(what: string): Word | null {
    const word = this.next();
    if (word === undefined) this.error(`${what} is missing`, this.position);
    return word ?? null;
  }

  format(what: string): LogFormat | null {
    const word = this.require(what);
    return word === null ? null : compileLogFormat(word.text, word.position, this.place, 'value', this.scope);
  }

  /** An expression; a line may spell it in several words, as HAProxy's tutorials do not. */
  expression(): Expression | null {
    const word = this.require('an expression');
    return word === null ? null : compileExpression(word.text, word.position, this.place, this.scope);
  }

  integer(what: string, min: number, max: number): number | null {
    const word = this.require(what);
    if (word === null) return null;
    const value = /^[+-]?\d{1,15}$/.test(word.text) ? Number(word.text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.error(Number.isNaN(value) ? `${what}: '${word.text}' is not a whole number` : `${what}: ${value} is out of range: expected ${min} to ${max}`, word.position);
    return null;
  }

  variable(): VariableName | null {
    try {
      return parseVariable(this.parameter);
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      this.error(error.message, this.position);
      return null;
    }
  }

  /** One of `words`, or null with a report. */
  choice<T extends string>(word: Word, what: string, words: readonly T[]): T | null {
    const found = words.find((one) => one === word.text);
    if (found !== undefined) return found;
    const near = nearest(word.text, words);
    this.error(`unknown ${what} '${word.text}'`, word.position, near === null ? `expected one of ${words.join(', ')}` : `did you mean '${near}'?`);
    return null;
  }

  error(message: string, position: Position, hint: string | null = null): void {
    this.scope.report.error(message, position, hint);
  }
}
