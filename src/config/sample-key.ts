/** Keys of `balance hash` and `stick`: the usual ones by themselves, all others as expressions. */
import { compileExpression } from '../route/expression.ts';
import { keyOctets } from '../route/key.ts';
import type { RuleScope } from '../route/scope.ts';
import type { SampleKey } from './balance-settings.ts';
import type { Token } from './lexer.ts';

/** For messages and help. */
export const SAMPLE_KEYS = 'an expression such as src, path, req.hdr(<name>), req.cook(<name>) or req.hdr(host),lower';

/** undefined: it is none, which was reported. */
export function compileSampleKey({ text, position }: Token, scope: RuleScope): SampleKey | undefined {
  const simple = simpleKey(text);
  if (simple !== null) return simple;
  const expression = compileExpression(text, position, 'request', scope);
  return expression === null ? undefined : { fetch: 'expression', octets: keyOctets(expression) };
}

/** Of a response: a header, or a cookie that it sets. null: it is neither. */
export function responseKey({ text }: Token): SampleKey | null {
  const [, fetch = '', name = ''] = /^(?:res\.)?(hdr|cook)\(([^(),]+)\)$/.exec(text) ?? [];
  if (fetch === 'hdr') return { fetch, name: name.toLowerCase() };
  return fetch === 'cook' ? { fetch, name } : null;
}

function simpleKey(text: string): SampleKey | null {
  const [, fetch = '', name = ''] = /^([a-z_.]+)(?:\(([^(),]+)\))?$/.exec(text) ?? [];
  switch (fetch) {
    case 'src':
    case 'path':
    case 'pathq':
      return name === '' ? { fetch } : null;
    case 'url_param':
    case 'urlp':
      return name === '' ? null : { fetch: 'url_param', name };
    case 'hdr':
    case 'req.hdr':
      return name === '' ? null : { fetch: 'hdr', name: name.toLowerCase() };
    case 'cook':
    case 'req.cook':
      return name === '' ? null : { fetch: 'cook', name };
    default:
      return null;
  }
}
