/** A place to evaluate expressions in: one request, one connection, two backends. */
import assert from 'node:assert/strict';
import { collectDiagnostics } from '../../../src/config/diagnostics.ts';
import { FieldList } from '../../../src/model/fields.ts';
import type { BackendFacts, ConnectionFacts, ProxyDirectory, ServerFacts } from '../../../src/route/context.ts';
import { Evaluation, RuleSession } from '../../../src/route/context.ts';
import { compileExpression } from '../../../src/route/expression.ts';
import { compileLogFormat, type Style } from '../../../src/route/log-format.ts';
import { Message } from '../../../src/route/message.ts';
import type { Place, RuleScope } from '../../../src/route/scope.ts';
import { octetsOf, type Value } from '../../../src/route/value.ts';
import type { Word } from '../../../src/route/syntax.ts';
import { backendRecord, connectionRecord, serverRecord, streamRecord } from '../observe/records.ts';

export { streamRecord };

export function words(line: string): Word[] {
  return [...line.matchAll(/\S+/g)].map(({ 0: text, index }) => ({
    text, position: { file: 't', line: 1, column: index + 1, length: text.length, source: line },
  }));
}

export function scope(): RuleScope & { readonly diagnostics: ReturnType<typeof collectDiagnostics> } {
  const diagnostics = collectDiagnostics();
  return {
    report: diagnostics, diagnostics, proxy: 'f', acls: new Map(), references: [], pages: [], captures: { request: [], response: [] }, userlists: new Map(), path: (file) => file,
    env: { HOME: '/root' },
  };
}

export const position = { file: 't', line: 1, column: 1, length: 1, source: '' };

function server(name: string, changes: Partial<ServerFacts> = {}): ServerFacts {
  return { ...serverRecord(name), id: 1, usable: true, maxconn: 10, backup: false, ...changes };
}

const app: BackendFacts = {
  ...backendRecord([]), name: 'app', settings: { serverTimeoutMs: 5000, tunnelTimeoutMs: null }, servers: [server('s1'), server('s2', { id: 2, usable: false })],
  counters: { ...backendRecord().counters, queued: 3 },
};

export const REQUEST: readonly (readonly [string, string])[] = [
  [':method', 'GET'], [':scheme', 'http'], [':authority', 'example.com:8080'], [':path', '/a/b?x=1&Y=2'], ['x', 'a, b'], ['x', 'c'], ['cookie', 'k=v; k2="w"'],
  ['user-agent', 'Mozilla (x, y)'],
];

export function evaluation(fields: readonly (readonly [string, string])[] | null = REQUEST, connection: Partial<ConnectionFacts> = {}, originForm: boolean = false): Evaluation {
  const facts: ConnectionFacts = { ...connectionRecord({ clientAddress: '10.1.2.3', clientPort: 5000, localAddress: '10.0.0.1', localPort: 8080 }), tls: null, ...connection };
  const directory: ProxyDirectory = {
    backend: (name) => (name === 'app' ? app : undefined), frontend: () => facts.frontend, stopping: false, pid: 42, hostname: 'here', connections: 7,
  };
  const list = fields === null ? null : FieldList.of(...fields);
  if (list !== null) list.originForm = originForm;
  const context = new Evaluation(new RuleSession(facts, directory), list, list === null ? null : new Message(list), 0);
  context.backend = app;
  return context;
}

/** The value as text; null: no sample. */
export function evaluate(text: string, context: Evaluation = evaluation(), place: Place = 'request'): string | null {
  const at = scope();
  const expression = compileExpression(text, position, place, at);
  assert.deepEqual(at.diagnostics.errors.map(({ message }) => message), []);
  assert.ok(expression);
  const value: Value | null = expression.get(context);
  return value === null ? null : octetsOf(value);
}

export function errorsOf(text: string, place: Place = 'request'): string[] {
  const at = scope();
  compileExpression(text, position, place, at);
  return at.diagnostics.errors.map(({ message, hint }) => (hint === null ? message : `${message} | ${hint}`));
}

export function render(text: string, context: Evaluation = evaluation(), place: Place = 'request', style: Style = 'value'): string {
  const at = scope();
  const format = compileLogFormat(text, position, place, style, at);
  assert.deepEqual(at.diagnostics.errors.map(({ message }) => message), []);
  return format?.render(context) ?? '';
}
