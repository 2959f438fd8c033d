/** Rules: a condition and what to do. Evaluated in order until one decides (HAProxy manual 4.2, "http-request"). */
import { PASS, UNKNOWN } from './scope.ts';
import type { Position } from '../config/diagnostics.ts';
import type { Condition } from './condition.ts';
import type { Evaluation } from './context.ts';
import type { Captures } from './scope.ts';
import type { LogFormat } from './log-format.ts';
import type { Reply } from './reply.ts';

/** What an action decides; null: nothing, the next rule is looked at. */
export type Decision =
  /** No further rules of this set. */
  | { readonly kind: 'accept' }
  | { readonly kind: 'reply'; readonly reply: Reply; /** The client waits for it for `timeout tarpit`. */ readonly tarpit: boolean }
  /** The stream is reset, the connection closed. */
  | { readonly kind: 'reject'; readonly cause: string }
  /** The connection is closed without a word. */
  | { readonly kind: 'drop'; readonly cause: string }
  /** The body is waited for, then evaluation goes on behind this rule. */
  | { readonly kind: 'body'; readonly ms: number; readonly atLeast: number }
  /** Conditions need bytes that have not come: evaluation begins anew when there are more. */
  | { readonly kind: 'wait' };

export const ACCEPT: Decision = { kind: 'accept' };
const WAIT: Decision = { kind: 'wait' };

export interface Rule {
  /** As written, without the condition. */
  readonly text: string;
  readonly position: Position;
  readonly condition: Condition | null;
  /** Whether it ends the evaluation, for explanations. */
  readonly apply: (context: Evaluation) => Decision | null;
}

/** Where evaluation stands, so that it can go on after a wait. */
export interface Progress {
  next: number;
}

export function runRules(rules: readonly Rule[], context: Evaluation, progress: Progress): Decision | null {
  while (progress.next < rules.length) {
    const rule = rules[progress.next] as Rule;
    if (rule.condition !== null) {
      const verdict = rule.condition.evaluate(context);
      if (verdict === UNKNOWN) return WAIT;
      if (verdict !== PASS) {
        progress.next++;
        continue;
      }
    }
    progress.next++;
    context.undecided = false;
    const decision = rule.apply(context);
    if (decision === null) continue;
    context.lastRule = rule.position;
    return decision;
  }
  return null;
}

/** A choice among names: `use_backend`, `use-server`. */
export interface Choice {
  readonly name: LogFormat;
  readonly position: Position;
  readonly condition: Condition | null;
}

/** What becomes of request fields whose names have other characters than letters, digits and hyphens. */
export type UnusualNames = 'delete' | 'reject';

/** All rules of one proxy, compiled. */
export interface ProxyRules {
  readonly tcpConnection: readonly Rule[];
  readonly tcpSession: readonly Rule[];
  readonly tcpContent: readonly Rule[];
  readonly tcpResponse: readonly Rule[];
  readonly inspectDelayMs: number;
  readonly httpRequest: readonly Rule[];
  readonly httpResponse: readonly Rule[];
  readonly httpAfterResponse: readonly Rule[];
  readonly useBackend: readonly Choice[];
  readonly useServer: readonly Choice[];
  readonly captures: Captures;
  /** `option http-restrict-req-hdr-names`; null: all names are let pass. */
  readonly unusualNames: UnusualNames | null;
  readonly uniqueId: { readonly format: LogFormat; /** Lower case; null: no field. */ readonly header: string | null } | null;
  readonly logFormat: LogFormat | null;
}

export const NO_RULES: ProxyRules = {
  tcpConnection: [], tcpSession: [], tcpContent: [], tcpResponse: [], inspectDelayMs: 0, httpRequest: [], httpResponse: [], httpAfterResponse: [], useBackend: [],
  useServer: [], captures: { request: [], response: [] }, unusualNames: null, uniqueId: null, logFormat: null,
};

/** The first choice whose condition holds, with its name rendered. */
export function choose(choices: readonly Choice[], context: Evaluation, usable: (name: string) => boolean): string | null {
  for (const { name, condition } of choices) {
    if (condition !== null && condition.evaluate(context) !== PASS) continue;
    const text = name.render(context);
    if (usable(text)) return text;
  }
  return null;
}
