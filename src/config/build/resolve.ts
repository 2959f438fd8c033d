/** Drafts into the configuration that runs: references resolved, sections checked against each other. */
import { nearest } from '../nearest.ts';
import { HTTP2_BACKEND, HTTP2_FRONTEND } from '../tables/tuning.ts';
import { checkModes } from './modes.ts';
import { toSections } from './sections.ts';
import type { RuleScope } from '../../route/scope.ts';
import { toBindTls, toServerConnections } from './tls.ts';
import { toStickiness } from './stickiness.ts';
import { toSocket } from './unix-sockets.ts';
import { setErrorPages } from './error-pages.ts';
import { namedBackends, toRules } from './rules.ts';
import type { ProxyRules } from '../../route/rules.ts';
import type { HttpLimits } from '../http-settings.ts';
import type { Reporter } from '../diagnostics.ts';
import type { BindDraft, BindKeywords, ConfigurationDraft, GlobalDraft, ProxyDraft, ServerDraft } from '../draft.ts';
import type { BackendSettings, BindSettings, Configuration, FrontendSettings, GlobalSettings, GrpcCheckSettings, IdlePing, Mode, ServerSettings } from '../model.ts';

/** Quiet connections with streams are asked by PING after this. */
const CLIENT_PING_MS = 30_000;
/** gRPC servers in Go and C++ take more than one PING in 5 minutes without data for an attack (their keepalive enforcement). */
const SERVER_PING_MS = 310_000;
const PING_TIMEOUT_MS = 10_000;

/**
 * `complete`: no statement was left out for an error. Else only names and references are checked: what looks missing, or
 * of the wrong mode, may just be in a line that was refused.
 */
export function resolve(draft: ConfigurationDraft, complete: boolean, report: Reporter): Configuration {
  const frontends = draft.proxies.filter(isFrontend);
  const backends = draft.proxies.filter(isBackend);
  checkNames(frontends, report);
  checkNames(backends, report);
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  for (const proxy of draft.proxies) {
    checkServerNames(proxy, report);
    checkCheckedPorts(proxy, report);
  }
  const sections = toSections(draft, report);
  const used = new Map<ProxyDraft, ProxyDraft[]>();
  const routes = new Map<ProxyDraft, ProxyDraft | null>();
  for (const frontend of frontends) {
    const backend = target(frontend, byName, report);
    routes.set(frontend, backend);
    for (const one of new Set([...(backend === null ? [] : [backend]), ...namedBackends(frontend, byName)])) {
      const users = used.get(one);
      if (users === undefined) used.set(one, [frontend]);
      else users.push(frontend);
    }
  }
  setErrorPages(draft, report);
  const rules = toRules(draft, byName, report);
  if (complete) {
    for (const proxy of draft.proxies) warn(proxy, report);
    checkModes(draft.proxies, used, report);
  }
  return {
    global: toGlobal(draft.global),
    frontends: frontends.map((frontend) => toFrontend(frontend, routes.get(frontend)?.name ?? null, rules.get(frontend) ?? null, draft.global, report)),
    backends: backends.map((backend) => toBackend(backend, rules.get(backend) ?? null, byName, draft.global, report)),
    proxies: draft.proxies.map((proxy) => ({
      name: proxy.name, mode: proxy.settings.mode, isFrontend: isFrontend(proxy), isBackend: isBackend(proxy),
      stats: proxy.settings.mode === 'tcp' ? null : proxy.settings.stats,
    })),
    ...sections,
  };
}

function isFrontend(proxy: ProxyDraft): boolean {
  return proxy.section === 'frontend' || proxy.section === 'listen';
}

function isBackend(proxy: ProxyDraft): boolean {
  return proxy.section === 'backend' || proxy.section === 'listen';
}

/** As HAProxy, a frontend and a backend may share a name, two of a kind may not. */
function checkNames(proxies: readonly ProxyDraft[], report: Reporter): void {
  const seen = new Map<string, ProxyDraft>();
  for (const proxy of proxies) {
    const other = seen.get(proxy.name);
    if (other === undefined) seen.set(proxy.name, proxy);
    else if (other !== proxy) {
      const { file, line } = other.position;
      report.error(`${proxy.section} '${proxy.name}': the ${other.section} at ${file}:${line} has this name already`, proxy.position);
    }
  }
}

/** The backend that a frontend's streams go to; a `listen` without default_backend is its own. */
function target(frontend: ProxyDraft, backends: ReadonlyMap<string, ProxyDraft>, report: Reporter): ProxyDraft | null {
  const reference = frontend.settings.defaultBackend;
  if (reference === null) {
    return frontend.section === 'listen' ? frontend : null;
  }
  const backend = backends.get(reference.name);
  if (backend !== undefined) return backend;
  const near = report.full ? null : nearest(reference.name, backends.keys());
  report.error(`there is no backend named '${reference.name}'`, reference.position, near && `did you mean '${near}'?`);
  return null;
}

/** What may run, but hardly as meant. */
function warn(proxy: ProxyDraft, report: Reporter): void {
  const { settings, section, name, servers } = proxy;
  const { client, connect, server } = settings.timeouts;
  const needed = isBackend(proxy) && servers.length > 0 && (connect === null || server === null);
  if (needed || (isFrontend(proxy) && client === null)) {
    const hint = "set 'timeout client', 'timeout connect' and 'timeout server' in a defaults section: "
      + 'without them, dead peers stay forever';
    report.warning(`missing timeouts for ${section} '${name}'`, proxy.position, hint);
  }
  if (isFrontend(proxy) && proxy.binds.length === 0) {
    report.warning(`${section} '${name}' has no 'bind': it listens nowhere`, proxy.position);
  }
  if (section === 'frontend' && settings.defaultBackend === null && proxy.rules.useBackend.length === 0 && proxy.rules.httpRequest.length === 0) {
    report.warning(`frontend '${name}' has no 'default_backend': nothing that it accepts can go anywhere`, proxy.position);
  }
  if (settings.mode === 'tcp' && settings.stats !== null && section !== 'defaults') {
    report.warning(`the statistics of ${section} '${name}' need mode http: they are not served`, proxy.position, "add 'mode http' to it");
  }
  if (section === 'backend' && servers.length === 0 && settings.stats === null && proxy.stickTable === null) report.warning(`backend '${name}' has no server`, proxy.position);
  if (proxy.grpcCheckPosition !== null && servers.length > 0 && !servers.some((entry) => entry.keywords.check)) {
    const message = `'option grpc-check' has no effect: no server of '${name}' has 'check'`;
    report.warning(message, proxy.grpcCheckPosition, "add 'check' to the servers, or 'default-server check' above them");
  }
}

function checkServerNames(proxy: ProxyDraft, report: Reporter): void {
  const names = new Map<string, ServerDraft>();
  for (const server of proxy.servers) {
    const other = names.get(server.name);
    if (other === undefined) names.set(server.name, server);
    else report.error(`server '${server.name}' of '${proxy.name}' exists already, at line ${other.position.line}`, server.position);
  }
}

/** As HAProxy: whose port is the client's, relative or not, has none that a check could connect to. */
function checkCheckedPorts(proxy: ProxyDraft, report: Reporter): void {
  for (const { name, address, keywords, position } of proxy.servers) {
    if (!keywords.check || keywords.checkPort !== null || address.kind !== 'tcp' || address.port.kind === 'fixed') continue;
    const hint = "give the server a port of its own, or add 'port' for the check";
    report.error(`server '${name}' of '${proxy.name}' has 'check', but no port that could be checked`, position, hint);
  }
}

function toGlobal(draft: GlobalDraft): GlobalSettings {
  const { maxconn, pidfile, daemon, nbthread, logs, graceMs, hardStopAfterMs, admin, otlp, user, group, node, description, processVariables } = draft;
  return { maxconn, pidfile, daemon, nbthread, logs, graceMs, hardStopAfterMs, admin, otlp, user, group, node, description, processVariables };
}

/** A head has to fit into a buffer, less what is kept free in it (HAProxy manual 3.2, "tune.maxrewrite"). */
function httpLimits({ bufferBytes, maxRewrite, maxFields }: GlobalDraft): HttpLimits {
  return { maxHead: Math.max(256, bufferBytes - Math.min(maxRewrite, bufferBytes / 2)), maxFields };
}

function toFrontend(proxy: ProxyDraft, backend: string | null, rules: ProxyRules | null, global: GlobalDraft, report: Reporter): FrontendSettings {
  const { logs, http2 } = global;
  const { settings } = proxy;
  return {
    name: proxy.name,
    mode: settings.mode,
    binds: settings.disabled ? [] : proxy.binds.flatMap((bind) => toBinds(bind, settings.mode, global, report)),
    maxconn: settings.maxconn,
    defaultBackend: backend,
    clientTimeoutMs: settings.timeouts.client,
    httpRequestTimeoutMs: settings.timeouts['http-request'],
    keepAliveTimeoutMs: settings.timeouts['http-keep-alive'],
    clientFinTimeoutMs: settings.timeouts['client-fin'],
    maxConnectionAge: settings.maxConnectionAge,
    detectTimeoutMs: settings.detectTimeoutMs,
    logs: [...(settings.logGlobal ? logs : []), ...settings.logs],
    logFormat: settings.logFormat,
    dontLogNull: settings.dontLogNull,
    logAsap: settings.logAsap,
    forwardFor: settings.forwardFor,
    originalTo: settings.originalTo,
    bufferBytes: global.bufferBytes,
    tarpitMs: settings.timeouts.tarpit ?? settings.timeouts.connect,
    rules,
    http: settings.http,
    httpLimits: httpLimits(global),
    http2: { ...HTTP2_FRONTEND, ...http2.both, ...http2.fe },
  };
}

function idlePing({ idlePingMs, idlePingTimeoutMs }: Pick<BindKeywords, 'idlePingMs' | 'idlePingTimeoutMs'>, fallbackMs: number): IdlePing {
  const afterMs = idlePingMs ?? fallbackMs;
  return {
    afterMs: afterMs === 0 ? null : afterMs,
    timeoutMs: idlePingTimeoutMs ?? Math.min(PING_TIMEOUT_MS, afterMs),
    always: idlePingMs !== null,
  };
}

function toBinds(bind: BindDraft, mode: Mode, global: GlobalDraft, report: Reporter): BindSettings[] {
  const { addresses, text, keywords } = bind;
  const tls = toBindTls(bind, mode, global, report);
  const { proto, acceptProxy, backlog, v6only, name } = keywords;
  return addresses.map((address) => ({ ...toSocket(address, keywords.socketFile, global.unixBind), text, proto, idlePing: idlePing(keywords, CLIENT_PING_MS), acceptProxy, tls, backlog, v6only, name }));
}

function toBackend(proxy: ProxyDraft, rules: ProxyRules | null, byName: ReadonlyMap<string, ProxyDraft>, global: GlobalDraft, report: Reporter): BackendSettings {
  const { http2, bufferBytes, checkSpread } = global;
  const { settings } = proxy;
  return {
    name: proxy.name,
    mode: settings.mode,
    balance: 'hashing' in settings.balance ? { ...settings.balance, hashing: settings.hashing } : settings.balance,
    allBackups: settings.allBackups,
    stickiness: toStickiness(proxy, byName, report),
    servers: proxy.servers.map((server) => toServer(server, settings.grpcCheck, global, report, proxy.rules.scope))
      .map((server) => (settings.disabled ? { ...server, disabled: true } : server)),
    connectTimeoutMs: settings.timeouts.connect,
    serverTimeoutMs: settings.timeouts.server,
    serverFinTimeoutMs: settings.timeouts['server-fin'],
    tunnelTimeoutMs: settings.timeouts.tunnel,
    queueTimeoutMs: settings.timeouts.queue,
    checkTimeoutMs: settings.timeouts.check,
    retries: settings.retries,
    redispatch: settings.redispatch,
    retryOn: settings.retryOn,
    retryBudget: settings.retryBudget,
    bufferBytes,
    fullconn: settings.fullconn,
    grpcCheck: settings.grpcCheck,
    httpCheck: settings.httpCheckOn ? settings.httpCheck : null,
    checkSpread,
    logHealthChecks: settings.logHealthChecks,
    // A listen's own is the frontend's as well.
    forwardFor: settings.forwardFor,
    originalTo: settings.originalTo,
    forwarded: settings.forwarded,
    rules,
    http: settings.http,
    httpLimits: httpLimits(global),
    http2: { ...HTTP2_BACKEND, ...http2.both, ...http2.be },
  };
}

function toServer(server: ServerDraft, grpcCheck: GrpcCheckSettings | null, global: GlobalDraft, report: Reporter, scope: RuleScope): ServerSettings {
  const { idlePingMs, idlePingTimeoutMs, tls: _tls, sendProxy: _sendProxy, ...keywords } = server.keywords;
  return {
    name: server.name,
    address: server.address,
    ...keywords,
    // As HAProxy: a minimum is a limit too.
    maxconn: Math.max(keywords.maxconn, keywords.minconn),
    ...toServerConnections(server, grpcCheck, global, report, scope),
    idlePing: idlePing({ idlePingMs, idlePingTimeoutMs }, SERVER_PING_MS),
    discovery: server.template === null ? { kind: 'static' } : { kind: 'dns', ...server.template },
  };
}
