/** Lines of rules compiled: an action with its words, then `if` or `unless`. */
import { nearest } from '../config/nearest.ts';
import { ActionInput, type Apply, type RuleSet } from './actions/action.ts';
import { ACTIONS, UNSUPPORTED_ACTIONS } from './actions/all.ts';
import { compileRedirect } from './actions/final.ts';
import { compileTest } from './acl.ts';
import { compileCondition, type Condition } from './condition.ts';
import { compileLogFormat } from './log-format.ts';
import type { Position } from '../config/diagnostics.ts';
import type { Choice, Rule } from './rules.ts';
import type { Place, RuleScope } from './scope.ts';
import type { Word } from './syntax.ts';

const PLACES: Readonly<Record<RuleSet, Place>> = {
  'http-request': 'request', 'http-response': 'response', 'http-after-response': 'response', 'tcp-request connection': 'tcp-request connection',
  'tcp-request session': 'tcp-request session', 'tcp-request content': 'tcp-request content', 'tcp-response content': 'response',
};

/** The words in front of `if` or `unless`, and those from there on. The first word is never one of them. */
function split(words: readonly Word[]): { readonly before: readonly Word[]; readonly condition: readonly Word[] } {
  const at = words.findIndex(({ text }, index) => index > 0 && (text === 'if' || text === 'unless'));
  return at < 0 ? { before: words, condition: [] } : { before: words.slice(0, at), condition: words.slice(at) };
}

/** undefined: reported. */
function conditionOf(words: readonly Word[], place: Place, scope: RuleScope): Condition | null | undefined {
  return words.length === 0 ? null : (compileCondition(words, place, scope) ?? undefined);
}

/** One line of `set`, `words` being what stands behind the directive; null: reported. */
export function compileRule(set: RuleSet, words: readonly Word[], position: Position, scope: RuleScope): Rule | null {
  const { before, condition: rest } = split(words);
  const [head, ...others] = before;
  if (head === undefined) {
    scope.report.error(`'${set}' needs an action: one of ${names(set).join(', ')}`, position);
    return null;
  }
  const [, name = '', parameter] = /^([^(]+)(?:\((.*)\))?$/.exec(head.text) ?? [undefined, head.text];
  const action = ACTIONS.find((one) => one.name === name);
  if (action === undefined || !action.sets.includes(set)) {
    unknown(set, name, head, scope);
    return null;
  }
  if ((action.parameter === null) !== (parameter === undefined)) {
    const hint = `${set} ${action.usage}`;
    scope.report.error(action.parameter === null ? `'${name}' takes nothing in parentheses` : `'${name}' needs a name in parentheses`, head.position, hint);
    return null;
  }
  const apply = action.compile(new ActionInput(set, parameter ?? '', others, head.position, scope));
  const condition = conditionOf(rest, PLACES[set], scope);
  return apply === null || condition === undefined ? null : { text: `${set} ${texts(before)}`, position, condition, apply };
}

function names(set: RuleSet): string[] {
  return ACTIONS.filter(({ sets }) => sets.includes(set)).map(({ name }) => name);
}

function unknown(set: RuleSet, name: string, { position }: Word, scope: RuleScope): void {
  const hint = UNSUPPORTED_ACTIONS.get(name);
  if (hint !== undefined) {
    scope.report.error(`'${set} ${name}' is not supported by Pillion yet`, position, hint);
    return;
  }
  const other = ACTIONS.find((one) => one.name === name);
  const near = nearest(name, [...names(set), ...UNSUPPORTED_ACTIONS.keys()]);
  scope.report.error(
    other === undefined ? `unknown action '${name}' of '${set}'` : `'${name}' is no action of '${set}'`, position,
    other !== undefined ? `it belongs to ${other.sets.join(', ')}` : near === null ? `one of ${names(set).join(', ')}` : `did you mean '${near}'?`,
  );
}

function texts(words: readonly Word[]): string {
  return words.map(({ text }) => (text === '' || /\s/.test(text) ? `"${text}"` : text)).join(' ');
}

/** The directive `redirect`: as `http-request redirect`, behind all of them. */
export function compileRedirectRule(words: readonly Word[], position: Position, scope: RuleScope): Rule | null {
  const { before, condition: rest } = split([{ text: 'redirect', position }, ...words]);
  const apply: Apply | null = compileRedirect(new ActionInput('http-request', '', before.slice(1), position, scope));
  const condition = conditionOf(rest, 'request', scope);
  return apply === null || condition === undefined ? null : { text: texts(before), position, condition, apply };
}

/** `use_backend NAME [if …]` and `use-server NAME [if …]`. Without a condition HAProxy takes it always. */
export function compileChoice(directive: 'use_backend' | 'use-server', words: readonly Word[], place: Place, position: Position, scope: RuleScope): Choice | null {
  const { before, condition: rest } = split(words);
  const [head, extra] = before;
  if (head === undefined) {
    scope.report.error(`'${directive}' needs the name of a ${directive === 'use_backend' ? 'backend' : 'server'}`, position);
    return null;
  }
  if (extra !== undefined) {
    scope.report.error(`unexpected '${extra.text}' behind the name`, extra.position, "a condition begins with 'if' or 'unless'");
    return null;
  }
  const name = compileLogFormat(head.text, head.position, place, 'value', scope);
  const condition = conditionOf(rest, place, scope);
  if (name === null || condition === undefined) return null;
  if (name.constant !== null) {
    const reference = directive === 'use_backend' ? name.constant : `${scope.proxy}/${name.constant}`;
    scope.references.push({ kind: directive === 'use_backend' ? 'use_backend' : 'server', name: reference, position: head.position });
  }
  return { name, position, condition };
}

/** `acl NAME criterion …`: another line of the same name adds to it. */
export function compileAcl(words: readonly Word[], position: Position, scope: RuleScope): void {
  const [name, ...rest] = words;
  if (name === undefined) return scope.report.error("'acl' needs a name and a criterion", position);
  if (!/^[A-Za-z0-9_.:-]+$/.test(name.text)) {
    return scope.report.error(`'${name.text}' is not a name of an ACL: only letters, digits, '-', '_', '.' and ':'`, name.position);
  }
  if (/^(or|if|unless)$/i.test(name.text)) return scope.report.error(`'${name.text}' cannot be the name of an ACL: it has a meaning in conditions`, name.position);
  const test = compileTest(rest, scope, name.position);
  const known = scope.acls.get(name.text);
  // A wrong one is still a name: rules that use it are not wrong for that.
  const tests = test === null ? [] : [test];
  if (known === undefined) scope.acls.set(name.text, { name: name.text, position: name.position, tests, used: false });
  else known.tests.push(...tests);
}
