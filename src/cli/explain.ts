/** `pillion explain`: which frontend, backend and server would take a request, and why. */
import { FieldList } from '../model/fields.ts';
import { RuleSession, type BackendFacts, type ProxyDirectory } from '../route/context.ts';
import { explain, type Step } from '../route/explain.ts';
import { NO_RULES } from '../route/rules.ts';
import { NO_TRAFFIC, setProcessVariables } from '../route/start.ts';
import type { BackendSettings, Configuration, FrontendSettings } from '../config/model.ts';
import type { BackendCounters, ServerCounters } from '../model/records.ts';

/** What is asked about. */
export interface Question {
  readonly paths: readonly string[];
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The client's address. */
  readonly from: string;
  /** null: all that listen. */
  readonly frontend: string | null;
}

export type ExplainArguments = { readonly ok: true; readonly question: Question } | { readonly ok: false; readonly messages: readonly string[] };

const USAGE = "pillion explain -f FILE 'POST /pkg.Svc/Method' [-H 'name: value'] [--from ADDRESS] [--frontend NAME]";

/** `argv` behind the word `explain`. */
export function parseExplain(argv: readonly string[]): ExplainArguments {
  const paths: string[] = [];
  const headers: [string, string][] = [];
  const messages: string[] = [];
  let from = '127.0.0.1';
  let frontend: string | null = null;
  let request: string | null = null;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (['-f', '-H', '--from', '--frontend'].includes(word)) {
      const value = argv[++at];
      if (value === undefined) messages.push(`${word} needs a value: ${USAGE}`);
      else if (word === '-f') paths.push(value);
      else if (word === '--from') from = value;
      else if (word === '--frontend') frontend = value;
      else {
        const colon = value.indexOf(':', 1);
        if (colon < 0) messages.push(`-H: '${value}' is not 'name: value'`);
        else headers.push([value.slice(0, colon).toLowerCase(), value.slice(colon + 1).trim()]);
      }
    } else if (word.startsWith('-')) messages.push(`unknown flag '${word}': ${USAGE}`);
    else if (request === null) request = word;
    else messages.push(`unexpected word '${word}': the request is one word, in quotes: 'POST /pkg.Svc/Method'`);
  }
  const match = /^(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s+)?(\S+)$/.exec(request ?? '');
  if (paths.length === 0) messages.push(`'explain' needs a file: ${USAGE}`);
  if (match === null) messages.push(`'explain' needs a request: ${USAGE}`);
  if (messages.length > 0 || match === null) return { ok: false, messages };
  const [, method = 'GET', target = '/'] = match;
  return { ok: true, question: { paths, method, target, headers, from, frontend } };
}

/** Lines for the terminal; null: there is no such frontend. */
export function explainRequest(configuration: Configuration, question: Question): string | null {
  const frontends = configuration.frontends.filter(({ name, binds }) => (question.frontend === null ? binds.length > 0 : name === question.frontend));
  if (frontends.length === 0) return null;
  setProcessVariables(configuration.global.processVariables);
  const backends = new Map(configuration.backends.map((settings) => [settings.name, settings]));
  const facts = new Map(configuration.backends.map((settings) => [settings.name, idle(settings)]));
  return frontends.map((frontend) => explainIn(frontend, backends, facts, question)).join('\n');
}

function explainIn(
  frontend: FrontendSettings, backends: ReadonlyMap<string, BackendSettings>, facts: ReadonlyMap<string, BackendFacts>, question: Question,
): string {
  const [bind] = frontend.binds;
  const record = { name: frontend.name, log: { enabled: false, skipNull: false }, counters: { ...NO_TRAFFIC, connectionsTotal: 1, connectionsCurrent: 1, connectionsMax: 1, streamsTotal: 1, streamsCurrent: 1 } };
  const directory: ProxyDirectory = {
    backend: (name) => facts.get(name), frontend: () => record, stopping: false, pid: 0, hostname: 'localhost', connections: 1,
  };
  const port = bind?.address.kind === 'tcp' ? bind.address.port : 0;
  const session = new RuleSession({
    id: 1, frontend: record, clientAddress: question.from, clientPort: 50_000, localAddress: '127.0.0.1', localPort: port, acceptedAt: 0, tls: null,
  }, directory);
  const raw = frontend.mode === 'tcp';
  const policy = { frontend: frontend.rules ?? NO_RULES, defaultBackend: frontend.defaultBackend, backend: (name: string) => backends.get(name)?.rules ?? null };
  const { frontend: steps, backend, backendSteps, end, server } = explain(policy, session, raw ? null : requestOf(question), (name) => facts.get(name));
  const lines = [
    `frontend ${frontend.name} (mode ${frontend.mode}${bind === undefined ? '' : `, bind ${bind.text}`})${raw ? ': a raw connection, its bytes are not known here' : ''}`,
    ...steps.flatMap(stepLines),
  ];
  if (backend !== null) {
    const how = steps.some(({ results }) => results[0] === `chooses ${backend}`) ? 'use_backend' : 'default_backend';
    lines.push(`backend ${backend} (${how})`, ...backendSteps.flatMap(stepLines));
  }
  lines.push(end === null ? `=> ${serverText(backends.get(backend ?? ''), server)}` : `=> ${end}`);
  return `${lines.join('\n')}\n`;
}

function stepLines({ position, text, results }: Step): string[] {
  return [`  ${position.file}:${position.line}: ${text}`, ...results.map((result) => `      ${result}`)];
}

function serverText(backend: BackendSettings | undefined, server: string | null): string {
  if (backend === undefined) return 'no backend';
  if (server !== null) return `server ${backend.name}/${server} (use-server), while it is usable`;
  const active = backend.servers.filter(({ backup, disabled, weight }) => !backup && !disabled && weight > 0).map(({ name }) => name);
  const [only] = active;
  if (only === undefined) return `no server of ${backend.name} takes streams unless a backup server does`;
  return active.length === 1 ? `server ${backend.name}/${only}` : `one of the servers ${active.map((name) => `${backend.name}/${name}`).join(', ')}, by balance ${backend.balance.algorithm}`;
}

/** With the fields that a gRPC client sends when the request looks like a call. */
function requestOf({ method, target, headers }: Question): FieldList {
  const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(\/.*)?$/i.exec(target);
  const host = headers.find(([name]) => name === 'host')?.[1] ?? absolute?.[2] ?? 'localhost';
  const path = absolute === null ? target : (absolute[3] ?? '/');
  const call = method === 'POST' && /^\/[\w.]+\/\w+$/.test(path) && !headers.some(([name]) => name === 'content-type');
  const more: [string, string][] = call ? [['content-type', 'application/grpc'], ['te', 'trailers']] : [];
  const list = FieldList.of(
    [':method', method], [':scheme', absolute?.[1]?.toLowerCase() ?? 'http'], [':authority', host], [':path', path], ...more, ...headers.filter(([name]) => name !== 'host'),
  );
  list.originForm = absolute === null && !call;
  return list;
}

/** A backend without traffic, all of whose servers are there. */
function idle(settings: BackendSettings): BackendFacts {
  const counters: BackendCounters = {
    streamsTotal: 0, streamsCurrent: 0, streamsMax: 0, queued: 0, queuedMax: 0, retries: 0, retriesRefused: 0, redispatches: 0, unserved: 0,
  };
  const none: ServerCounters = {
    streamsTotal: 0, streamsCurrent: 0, streamsMax: 0, connectionsTotal: 0, connectionsCurrent: 0, connectFailures: 0, refused: 0, protocolErrors: 0, glitches: 0, bytesIn: 0,
    bytesOut: 0, checksFailed: 0, transitionsDown: 0,
  };
  return {
    name: settings.name,
    settings,
    counters,
    servers: settings.servers.map(({ name, weight, maxconn, backup, disabled }, index) => ({
      id: index + 1, name, backendName: settings.name, address: '', status: disabled ? 'MAINT' : 'UP', weight, counters: none, usable: !disabled, maxconn, backup,
    })),
  };
}
