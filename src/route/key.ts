/** Expressions as keys: what `balance hash` and `stick on` take of a stream. */
import type { FieldList } from '../model/fields.ts';
import { Evaluation, RuleSession, type ConnectionFacts, type ProxyDirectory } from './context.ts';
import type { Expression } from './expression.ts';
import { Message } from './message.ts';
import { PASS } from './scope.ts';
import { cast } from './value.ts';
import type { Condition } from './condition.ts';

/** Keys are of the client, not of the state that proxies are in. */
const NO_PROXIES: ProxyDirectory = { backend: () => undefined, frontend: () => undefined, stopping: false, pid: 0, hostname: '', connections: 0 };

/** What a key is taken of; a raw connection has no fields. */
export interface KeySource {
  readonly connection: ConnectionFacts;
  readonly requestFields: FieldList | null;
  readonly firstBytes: Uint8Array | null;
  /** Of a stream under rules, so that variables are known. */
  readonly evaluation?: Evaluation | null;
}

/** The octets of the expression's value, as latin1; null: there is none. */
export function keyOctets(expression: Expression): (source: KeySource) => string | null {
  return (source) => {
    const value = expression.get(evaluate(source));
    const octets = value === null ? null : cast(value, 'bin');
    return octets instanceof Uint8Array ? Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1') : null;
  };
}

/** Whether a condition holds for what a key is taken of. */
export function meets(condition: Condition, source: KeySource): boolean {
  return condition.evaluate(evaluate(source)) === PASS;
}

function evaluate({ connection, requestFields, firstBytes, evaluation: ruled = null }: KeySource): Evaluation {
  if (ruled !== null) return ruled;
  const message = requestFields === null ? null : new Message(requestFields);
  const evaluation = new Evaluation(new RuleSession(connection, NO_PROXIES), requestFields, message, 0);
  evaluation.bytes = firstBytes;
  return evaluation;
}
