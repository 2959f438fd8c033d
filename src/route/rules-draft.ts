/** The rules of one proxy in the making: lines are compiled as they are read, in order, as in HAProxy. */
import { compileLogFormat } from './log-format.ts';
import { type Choice, type ProxyRules, type Rule, type UnusualNames } from './rules.ts';
import type { Position, Reporter } from '../config/diagnostics.ts';
import type { Acl, CaptureSlot, ProxyReference, RuleScope } from './scope.ts';
import type { Word } from './syntax.ts';
import type { Userlist } from './users.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface RulesDraft {
  readonly scope: Mutable<RuleScope>;
  readonly tcpConnection: Rule[];
  readonly tcpSession: Rule[];
  readonly tcpContent: Rule[];
  readonly tcpResponse: Rule[];
  readonly httpRequest: Rule[];
  readonly redirects: Rule[];
  readonly httpResponse: Rule[];
  readonly httpAfterResponse: Rule[];
  readonly useBackend: Choice[];
  readonly useServer: Choice[];
}

export function newRulesDraft(
  proxy: string, env: Readonly<Record<string, string | undefined>>, userlists: ReadonlyMap<string, Userlist>, report: Reporter,
): RulesDraft {
  const acls = new Map<string, Acl>();
  const references: ProxyReference[] = [];
  const captures: { request: CaptureSlot[]; response: CaptureSlot[] } = { request: [], response: [] };
  return {
    scope: { report, proxy, acls, references, pages: [], captures, userlists, env, path: (file) => file },
    tcpConnection: [], tcpSession: [], tcpContent: [], tcpResponse: [], httpRequest: [], redirects: [], httpResponse: [], httpAfterResponse: [], useBackend: [], useServer: [],
  };
}

/** What may come from `defaults` as well, as written. */
export interface InheritedFormats {
  readonly logFormat: Word | null;
  readonly uniqueIdFormat: Word | null;
  /** In lower case. */
  readonly uniqueIdHeader: string | null;
  readonly inspectDelayMs: number;
  readonly unusualNames: UnusualNames | null;
  /** `option http-buffer-request`: how long the body is waited for before all rules, milliseconds; null: it is not. */
  readonly bufferRequest: { readonly ms: number; readonly position: Position } | null;
}

function buffering({ ms, position }: { readonly ms: number; readonly position: Position }): Rule {
  const decision = { kind: 'body', ms, atLeast: 0 } as const;
  return { text: 'option http-buffer-request', position, condition: null, apply: () => decision };
}

/** null: the proxy has no rules, and its streams need not be looked at. */
export function finishRules(draft: RulesDraft, formats: InheritedFormats): ProxyRules | null {
  const { scope } = draft;
  const { logFormat, uniqueIdFormat, uniqueIdHeader } = formats;
  const line = logFormat === null ? null : compileLogFormat(logFormat.text, logFormat.position, 'log', 'line', scope);
  const id = uniqueIdFormat === null ? null : compileLogFormat(uniqueIdFormat.text, uniqueIdFormat.position, 'request', 'line', scope);
  const rules: ProxyRules = {
    tcpConnection: draft.tcpConnection,
    tcpSession: draft.tcpSession,
    tcpContent: draft.tcpContent,
    tcpResponse: draft.tcpResponse,
    inspectDelayMs: formats.inspectDelayMs,
    httpRequest: [...(formats.bufferRequest === null ? [] : [buffering(formats.bufferRequest)]), ...draft.httpRequest, ...draft.redirects],
    httpResponse: draft.httpResponse,
    httpAfterResponse: draft.httpAfterResponse,
    useBackend: draft.useBackend,
    useServer: draft.useServer,
    captures: scope.captures,
    unusualNames: formats.unusualNames,
    uniqueId: id === null ? null : { format: id, header: uniqueIdHeader },
    logFormat: line,
  };
  return isEmpty(rules) ? null : rules;
}

function isEmpty(rules: ProxyRules): boolean {
  const { captures, uniqueId, logFormat, unusualNames } = rules;
  const lists = [rules.tcpConnection, rules.tcpSession, rules.tcpContent, rules.tcpResponse, rules.httpRequest, rules.httpResponse, rules.httpAfterResponse, rules.useBackend,
    rules.useServer, captures.request, captures.response];
  return lists.every((list) => list.length === 0) && uniqueId === null && logFormat === null && unusualNames === null;
}

/** Conditions of raw connections that ask for what only HTTP has. */
export function neverTrue({ useBackend, useServer, tcpContent }: RulesDraft): readonly { readonly criterion: string; readonly position: Position }[] {
  return [...useBackend, ...useServer, ...tcpContent].flatMap(({ condition, position }) => (condition?.ofHttp ?? []).map((criterion) => ({ criterion, position })));
}

/** Rules that are of HTTP only here (no response of raw TCP is looked at), for the warning that mode tcp has no use for them; null: there are none. */
export function httpOnly(draft: RulesDraft): Position | null {
  const [first] = [...draft.httpRequest, ...draft.redirects, ...draft.httpResponse, ...draft.httpAfterResponse, ...draft.tcpResponse];
  return first?.position ?? null;
}

