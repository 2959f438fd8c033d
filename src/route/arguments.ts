/** Arguments of fetches and converters, checked against their declaration. */
import { ArgumentError, signature } from './declare.ts';
import { fromConfiguration } from './value.ts';
import type { Position } from '../config/diagnostics.ts';
import type { Arguments, ArgumentSpec } from './declare.ts';
import type { Scope } from './context.ts';
import type { RuleScope } from './scope.ts';

/** @throws ArgumentError */
export function checkArguments(
  name: string, specs: readonly ArgumentSpec[], given: readonly string[] | null, scope: RuleScope, position: Position,
): Arguments {
  // Empty parentheses are an empty text where a text is needed.
  const list = given !== null && given.length === 0 && specs[0]?.kind === 'text' && !specs[0].optional ? [''] : (given ?? []);
  const form = `${name}${signature(specs)}`;
  const needed = specs.filter(({ optional }) => !optional).length;
  if (list.length < needed) {
    const missing = specs[list.length]?.name ?? '';
    throw new ArgumentError(`'${name}' needs ${needed === 1 ? 'an argument' : `${needed} arguments`} (<${missing}> is missing): ${form}`);
  }
  if (list.length > specs.length) {
    throw new ArgumentError(specs.length === 0 ? `'${name}' takes no arguments` : `'${name}' takes at most ${specs.length} argument${specs.length === 1 ? '' : 's'}: ${form}`);
  }
  const texts: string[] = [];
  for (const [index, entry] of specs.entries()) {
    const text = list[index];
    if (text === undefined) break;
    if (text === '' && entry.optional) {
      texts.push('');
      continue;
    }
    check(name, entry, text, scope, position);
    texts.push(entry.kind === 'text' ? fromConfiguration(text) : text);
  }
  return {
    count: texts.length,
    text: (index) => texts[index] ?? '',
    int: (index, fallback) => (texts[index] === undefined || texts[index] === '' ? fallback : Number(texts[index])),
  };
}

function check(name: string, { name: what, kind }: ArgumentSpec, text: string, scope: RuleScope, position: Position): void {
  switch (kind) {
    case 'text': return;
    case 'int':
      if (!/^[+-]?\d{1,18}$/.test(text)) throw new ArgumentError(`<${what}> of '${name}' is a whole number, not '${text}'`);
      return;
    case 'intvar':
      if (!/^[+-]?\d{1,15}$/.test(text)) parseVariable(text);
      return;
    case 'var':
      parseVariable(text);
      return;
    case 'backend':
      scope.references.push({ kind: 'backend', name: text, position });
      return;
    case 'userlist':
      scope.references.push({ kind: 'userlist', name: text, position });
      return;
    case 'server':
      if (scope.proxy === '' && !text.includes('/')) throw new ArgumentError(`'${name}' needs the server's backend in a defaults section: <backend>/<server>`);
      scope.references.push({ kind: 'server', name: text.includes('/') ? text : `${scope.proxy}/${text}`, position });
  }
}

export interface VariableName {
  readonly scope: Scope;
  readonly name: string;
}

const SCOPES: readonly string[] = ['proc', 'sess', 'txn', 'req', 'res'] satisfies Scope[];

/** `txn.name`. @throws ArgumentError */
export function parseVariable(text: string): VariableName {
  const dot = text.indexOf('.');
  const scope = text.slice(0, Math.max(0, dot));
  const name = text.slice(dot + 1);
  if (!isScope(scope)) {
    throw new ArgumentError(`'${text}' is not the name of a variable: it begins with one of ${SCOPES.map((one) => `'${one}.'`).join(', ')}`);
  }
  if (!/^[A-Za-z0-9_.]+$/.test(name)) {
    throw new ArgumentError(`'${text}' is not the name of a variable: letters, digits, '_' and '.' may follow '${scope}.'`);
  }
  return { scope, name };
}

function isScope(text: string): text is Scope {
  return SCOPES.includes(text);
}
