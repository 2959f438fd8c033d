/** `if` and `unless`: named and anonymous ACLs, `!`, and by standing side by side, or by `||` (HAProxy manual 7.2). */
import { nearest } from '../config/nearest.ts';
import { compileTest } from './acl.ts';
import { PREDEFINED } from './predefined.ts';
import { FAIL, PASS, unavailable, type Acl, type Place, type RuleScope, type Test, type Verdict } from './scope.ts';
import type { Evaluation } from './context.ts';
import type { Word } from './syntax.ts';

interface Term {
  readonly text: string;
  readonly negated: boolean;
  /** Any of them. */
  readonly tests: readonly Test[];
}

export interface Condition {
  /** As written, with `if` or `unless`. */
  readonly text: string;
  readonly evaluate: (context: Evaluation) => Verdict;
  /** The criteria that are of HTTP: in raw TCP they are never true. */
  readonly ofHttp: readonly string[];
  /** Each term with its verdict, for those who want to know why. */
  readonly explain: (context: Evaluation) => readonly { readonly text: string; readonly verdict: Verdict }[];
}

/** Compiles the words from `if` or `unless` on; null: reported. */
export function compileCondition(words: readonly Word[], place: Place, scope: RuleScope): Condition | null {
  const [keyword, ...rest] = words;
  if (keyword === undefined) return null;
  const unless = keyword.text === 'unless';
  const alternatives: Term[][] = [[]];
  let fine = true;
  let negated = false;
  let pending: Word | null = null;
  for (let at = 0; at < rest.length; at++) {
    let word = rest[at] as Word;
    pending = null;
    if (word.text === '||' || word.text.toLowerCase() === 'or') {
      if (alternatives.at(-1)?.length === 0) scope.report.error(`nothing stands before '${word.text}'`, word.position);
      alternatives.push([]);
      pending = word;
      continue;
    }
    while (word.text.startsWith('!')) {
      negated = !negated;
      word = { ...word, text: word.text.slice(1) };
    }
    if (word.text === '') {
      pending = word;
      continue;
    }
    let term: Term | null;
    if (word.text === '{') {
      const end = rest.findIndex((other, index) => index > at && other.text === '}');
      if (end < 0) {
        scope.report.error("'}' is missing behind '{': blanks stand around both", word.position);
        return null;
      }
      const inner = rest.slice(at + 1, end);
      const test = compileTest(inner, scope, word.position);
      term = test === null ? null : { text: `{ ${inner.map(({ text }) => text).join(' ')} }`, negated, tests: [test] };
      if (test !== null) check(test, word, place, scope);
      at = end;
    } else {
      term = named(word, negated, place, scope);
    }
    negated = false;
    if (term === null) fine = false;
    else alternatives.at(-1)?.push(term);
  }
  if (rest.length === 0) scope.report.error(`'${keyword.text}' needs a condition`, keyword.position);
  else if (pending !== null) scope.report.error(`a condition is missing behind '${pending.text === '' ? '!' : pending.text}'`, pending.position);
  if (!fine || rest.length === 0 || pending !== null) return null;
  return condition(alternatives, unless, words.map(({ text }) => text).join(' '));
}

function named(word: Word, negated: boolean, place: Place, scope: RuleScope): Term | null {
  const acl: Acl | undefined = scope.acls.get(word.text);
  if (acl !== undefined) {
    acl.used = true;
    for (const test of acl.tests) check(test, word, place, scope);
    return { text: word.text, negated, tests: acl.tests };
  }
  const predefined = PREDEFINED.get(word.text);
  if (predefined !== undefined) {
    const test = compileTest(predefined.split(' ').map((text) => ({ text, position: word.position })), scope, word.position);
    return test === null ? null : { text: word.text, negated, tests: [test] };
  }
  const near = nearest(word.text, [...scope.acls.keys(), ...PREDEFINED.keys()]);
  const hint = near === null ? "an ACL is declared above the rule that uses it: acl NAME criterion ..." : `did you mean '${near}'?`;
  scope.report.error(`there is no ACL named '${word.text}'`, word.position, hint);
  return null;
}

/** As HAProxy: a criterion that has nothing to look at is a warning, and never true. */
function check(test: Test, word: Word, place: Place, scope: RuleScope): void {
  const missing = unavailable(test.name, test.needs, place);
  if (missing !== null) scope.report.warning(`the condition is never true: ${missing}`, word.position);
}

function evaluateTerm({ tests, negated }: Term, context: Evaluation): Verdict {
  let verdict: number = FAIL;
  for (let i = 0; i < tests.length && verdict !== PASS; i++) verdict |= (tests[i] as Test).evaluate(context);
  return (negated ? PASS >> verdict : verdict) as Verdict;
}

function condition(alternatives: readonly (readonly Term[])[], unless: boolean, text: string): Condition {
  const tests = alternatives.flat().flatMap((term) => term.tests);
  return {
    text,
    ofHttp: tests.filter(({ needs }) => needs === 'request' || needs === 'body' || needs === 'response').map(({ name }) => name),
    evaluate(context) {
      let any: number = FAIL;
      for (let i = 0; i < alternatives.length && any !== PASS; i++) {
        const terms = alternatives[i] as readonly Term[];
        let all: number = PASS;
        for (let j = 0; j < terms.length && all !== FAIL; j++) all &= evaluateTerm(terms[j] as Term, context);
        any |= all;
      }
      return (unless ? PASS >> any : any) as Verdict;
    },
    explain: (context) => alternatives.flat().map((term) => ({ text: `${term.negated ? '!' : ''}${term.text}`, verdict: evaluateTerm(term, context) })),
  };
}

