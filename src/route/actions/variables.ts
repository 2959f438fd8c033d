/** Actions on variables. */
import { done } from './headers.ts';
import type { Action, ActionInput, Apply, RuleSet } from './action.ts';

const ALL: readonly RuleSet[] = ['http-request', 'http-response', 'http-after-response', 'tcp-request connection', 'tcp-request session', 'tcp-request content', 'tcp-response content'];

function setVariable(input: ActionInput, formatted: boolean): Apply | null {
  const variable = input.variable();
  if (variable === null) return null;
  const { scope, name } = variable;
  if (formatted) {
    const format = input.format('the value');
    if (format === null || !done(input)) return null;
    return (context) => {
      context.variables(scope).set(name, format.render(context));
      return null;
    };
  }
  const expression = input.expression();
  if (expression === null || !done(input)) return null;
  return (context) => {
    const value = expression.get(context);
    // Octets are a view of a buffer that is used again.
    if (value !== null) context.variables(scope).set(name, value instanceof Uint8Array ? Uint8Array.from(value) : value);
    return null;
  };
}

export const VARIABLE_ACTIONS: readonly Action[] = [
  {
    name: 'set-var', parameter: 'var', usage: 'set-var(<var>) <expression>', sets: ALL, summary: 'Keeps a sample in a variable; without a sample it stays as it is.',
    compile: (input) => setVariable(input, false),
  },
  { name: 'set-var-fmt', parameter: 'var', usage: 'set-var-fmt(<var>) <format>', sets: ALL, summary: 'Keeps a text in a variable.', compile: (input) => setVariable(input, true) },
  {
    name: 'unset-var', parameter: 'var', usage: 'unset-var(<var>)', sets: ALL, summary: 'Removes a variable.',
    compile: (input) => {
      const variable = input.variable();
      if (variable === null || !done(input)) return null;
      return (context) => {
        context.variables(variable.scope).unset(variable.name);
        return null;
      };
    },
  },
];
