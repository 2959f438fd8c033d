/** Variables of the process that `global` sets: expressions that need no traffic, evaluated once. */
import { parseVariable } from './arguments.ts';
import { Evaluation, RuleSession, setProcessVariable } from './context.ts';
import { ArgumentError } from './declare.ts';
import { compileExpression } from './expression.ts';
import { compileLogFormat } from './log-format.ts';
import type { FrontendCounters } from '../model/records.ts';
import type { RuleScope } from './scope.ts';
import type { Word } from './syntax.ts';
import type { Value } from './value.ts';

/** Of a frontend that nobody has come to. */
export const NO_TRAFFIC: Readonly<FrontendCounters> = {
  connectionsTotal: 0, connectionsCurrent: 0, connectionsMax: 0, streamsTotal: 0, streamsCurrent: 0, bytesIn: 0, bytesOut: 0, protocolErrors: 0, glitches: 0, floods: 0,
  detectTimeouts: 0, tlsHandshakes: 0, tlsResumed: 0, tlsFailures: 0, proxyHeaderErrors: 0,
};

export interface ProcessVariable {
  /** Without `proc.`. */
  readonly name: string;
  /** null: the expression yields nothing, and the variable is not set. */
  readonly value: Value | null;
}

/** `set-var <name> <expression>` or, with `formatted`, `set-var-fmt <name> <format>`; null: reported. */
export function compileProcessVariable([name, text]: readonly [Word, Word], formatted: boolean, scope: RuleScope): ProcessVariable | null {
  try {
    const variable = parseVariable(name.text);
    if (variable.scope !== 'proc') {
      scope.report.error(`'${name.text}' cannot be set here: only variables of the process can, 'proc.${variable.name}'`, name.position);
      return null;
    }
    if (formatted) {
      const format = compileLogFormat(text.text, text.position, 'start', 'value', scope);
      return format === null ? null : { name: variable.name, value: format.render(nobody()) };
    }
    const expression = compileExpression(text.text, text.position, 'start', scope);
    return expression === null ? null : { name: variable.name, value: expression.get(nobody()) };
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    scope.report.error(error.message, name.position);
    return null;
  }
}

export function setProcessVariables(variables: readonly ProcessVariable[]): void {
  for (const { name, value } of variables) if (value !== null) setProcessVariable(name, value);
}

/** No connection: what is evaluated asks for none. */
function nobody(): Evaluation {
  const session = new RuleSession({
    id: 0, frontend: { name: '', log: { enabled: false, skipNull: false }, counters: NO_TRAFFIC }, clientAddress: '', clientPort: 0, localAddress: '', localPort: 0, acceptedAt: 0, tls: null,
  }, { backend: () => undefined, frontend: () => undefined, stopping: false, pid: 0, hostname: '', connections: 0 });
  return new Evaluation(session, null, null, 0);
}
