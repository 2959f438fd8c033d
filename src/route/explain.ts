/** A request's way through the rules, step by step, for people. The same rules run as for real requests; only nobody is asked. */
import { Evaluation, type BackendFacts, type RuleSession } from './context.ts';
import { Message } from './message.ts';
import { PASS, UNKNOWN, type Verdict } from './scope.ts';
import type { Policy } from './policy.ts';
import type { Position } from '../config/diagnostics.ts';
import type { FieldList } from '../model/fields.ts';
import type { Condition } from './condition.ts';
import type { Choice, Decision, ProxyRules, Rule } from './rules.ts';

export interface Step {
  readonly position: Position;
  /** The rule as written. */
  readonly text: string;
  /** What came of it, and why. */
  readonly results: readonly string[];
}

export interface Explanation {
  readonly frontend: readonly Step[];
  /** null: the frontend's rules end it, or there is none. */
  readonly backend: string | null;
  readonly backendSteps: readonly Step[];
  /** What a rule decided instead of passing the request on; null: nothing. */
  readonly end: string | null;
  /** The server that `use-server` names; null: balancing decides. */
  readonly server: string | null;
  /** The request as it goes to the server. */
  readonly fields: FieldList | null;
}

/** @param request null: a raw connection, of which nothing has come */
export function explain(policy: Policy, session: RuleSession, request: FieldList | null, backendOf: (name: string) => BackendFacts | undefined): Explanation {
  const evaluation = new Evaluation(session, request, request === null ? null : new Message(request), 0);
  evaluation.first = true;
  const frontend: Step[] = [];
  const backendSteps: Step[] = [];
  const run = (rules: ProxyRules, steps: Step[], connection: boolean): string | null => {
    const sets = [...(connection ? [rules.tcpConnection, rules.tcpSession] : []), rules.tcpContent, ...(request === null ? [] : [rules.httpRequest])];
    for (const set of sets) {
      const end = runSet(set, evaluation, steps);
      if (end !== null) return end;
    }
    return null;
  };
  const result = (end: string | null, backend: string | null, server: string | null): Explanation =>
    ({ frontend, backend, backendSteps, end, server, fields: evaluation.request?.toList() ?? null });

  const ended = run(policy.frontend, frontend, true);
  if (ended !== null) return result(ended, null, null);
  const backend = chosen(policy.frontend.useBackend, 'use_backend', evaluation, frontend, (name) => backendOf(name) !== undefined) ?? policy.defaultBackend;
  if (backend === null) return result('no backend: an error of status 503 (gRPC: UNAVAILABLE)', null, null);
  evaluation.backend = backendOf(backend) ?? null;
  const rules = policy.backend(backend);
  if (rules === null) return result(null, backend, null);
  const stopped = rules === policy.frontend ? null : run(rules, backendSteps, false);
  if (stopped !== null) return result(stopped, backend, null);
  const usable = (name: string): boolean => evaluation.backend?.servers.some((server) => server.name === name) === true;
  return result(null, backend, chosen(rules.useServer, 'use-server', evaluation, backendSteps, usable));
}

/** What ends the request, or null. */
function runSet(rules: readonly Rule[], evaluation: Evaluation, steps: Step[]): string | null {
  for (const { text, position, condition, apply } of rules) {
    const { verdict, reasons } = weigh(condition, evaluation);
    const written = condition === null ? text : `${text} ${condition.text}`;
    if (verdict !== PASS) {
      steps.push({ position, text: written, results: ['does not apply', ...reasons] });
      continue;
    }
    const before = [...(evaluation.request?.fields ?? [])];
    const decision = apply(evaluation);
    const changes = difference(before, evaluation.request?.fields ?? []);
    const outcome = decision === null ? null : describe(decision);
    steps.push({ position, text: written, results: [outcome ?? 'applies', ...reasons, ...changes] });
    if (decision !== null && decision.kind === 'accept') return null;
    if (decision !== null && decision.kind !== 'body' && decision.kind !== 'wait') return outcome;
  }
  return null;
}

function chosen(choices: readonly Choice[], directive: string, evaluation: Evaluation, steps: Step[], known: (name: string) => boolean): string | null {
  for (const { name, position, condition } of choices) {
    const { verdict, reasons } = weigh(condition, evaluation);
    const text = `${directive} ${name.text}${condition === null ? '' : ` ${condition.text}`}`;
    const value = verdict === PASS ? name.render(evaluation) : '';
    const taken = verdict === PASS && known(value);
    const outcome = verdict !== PASS ? 'does not apply' : taken ? `chooses ${value}` : `passed over: there is no '${value}'`;
    steps.push({ position, text, results: [outcome, ...reasons] });
    if (taken) return value;
  }
  return null;
}

const TRUTH: Readonly<Record<Verdict, string>> = { 0: 'false', [UNKNOWN]: 'not known yet', [PASS]: 'true' };

function weigh(condition: Condition | null, evaluation: Evaluation): { verdict: Verdict; reasons: string[] } {
  if (condition === null) return { verdict: PASS, reasons: [] };
  return { verdict: condition.evaluate(evaluation), reasons: condition.explain(evaluation).map(({ text, verdict }) => `${text} is ${TRUTH[verdict]}`) };
}

function describe(decision: Decision): string {
  switch (decision.kind) {
    case 'accept': return 'ends this set of rules';
    case 'reply': {
      const { status, grpcStatus } = decision.reply;
      return `${decision.tarpit ? 'after timeout tarpit, ' : ''}answers with status ${status}${grpcStatus < 0 ? '' : ` and grpc-status ${grpcStatus}`}`;
    }
    case 'reject': return 'resets the stream, or closes a raw connection';
    case 'drop': return 'closes the connection';
    case 'body': return `waits for the body, at most ${decision.ms} ms`;
    case 'wait': return 'waits for more bytes';
  }
}

interface Line {
  readonly name: string;
  readonly value: string;
}

function difference(before: readonly Line[], after: readonly Line[]): string[] {
  const key = ({ name, value }: Line): string => `${name}: ${value}`;
  const [old, now] = [new Set(before.map(key)), new Set(after.map(key))];
  return [...[...old].filter((line) => !now.has(line)).map((line) => `- ${line}`), ...[...now].filter((line) => !old.has(line)).map((line) => `+ ${line}`)];
}
