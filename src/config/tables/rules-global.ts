/** `set-var` and `set-var-fmt` of the global section (HAProxy manual 3.1). */
import { newRulesDraft } from '../../route/rules-draft.ts';
import { compileProcessVariable } from '../../route/start.ts';
import { globalDirective } from '../directive.ts';
import type { Argument, Directive } from '../directive.ts';
import type { GlobalDraft } from '../draft.ts';
import type { Token } from '../lexer.ts';

function word(name: string, describe: string): Argument<Token> {
  return {
    usage: `<${name}>`,
    describe: `<${name}>: ${describe}`,
    take: (cursor, context) => {
      const token = cursor.next();
      if (token === undefined) context.report.error(`'${context.directive}' needs <${name}>, ${describe}`, cursor.head);
      return token;
    },
  };
}

function row(name: 'set-var' | 'set-var-fmt', value: Argument<Token>, example: string): Directive<GlobalDraft> {
  return globalDirective({
    name, arguments: [word('name', 'a variable of the process, such as proc.name'), value], origin: 'haproxy', default: 'none', example,
    summary: 'Sets a variable of the process at start, for var(proc.name) in rules.',
    apply: (global, [variable, text], { report, path }) => {
      const { scope } = newRulesDraft('global', global.environment, new Map(), report);
      const found = compileProcessVariable([variable, text], name === 'set-var-fmt', { ...scope, path });
      if (found !== null) global.processVariables.push(found);
    },
  });
}

export const RULE_GLOBAL_DIRECTIVES: readonly Directive<GlobalDraft>[] = [
  row('set-var', word('expression', 'one that asks for no traffic; see docs/rules.md'), 'set-var proc.zone str(a)'),
  row('set-var-fmt', word('format', 'text with %[expressions] that ask for no traffic'), 'set-var-fmt proc.zone "zone-%[env(ZONE)]"'),
];
