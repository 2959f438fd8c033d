/** The rules of all proxies: formats compiled, names checked once all proxies are known. */
import { nearest } from '../nearest.ts';
import { finishRules, httpOnly, neverTrue } from '../../route/rules-draft.ts';
import type { Reporter } from '../diagnostics.ts';
import { isKnownHash } from '../../route/sha-crypt.ts';
import type { ConfigurationDraft, ProxyDraft, UserlistDraft } from '../draft.ts';
import type { ProxyReference } from '../../route/scope.ts';
import type { ProxyRules } from '../../route/rules.ts';

/** `backends`: those that `use_backend` can lead to, by name. */
export function toRules(
  { proxies, userlists }: Pick<ConfigurationDraft, 'proxies' | 'userlists'>, backends: ReadonlyMap<string, ProxyDraft>, report: Reporter,
): ReadonlyMap<ProxyDraft, ProxyRules | null> {
  const rules = new Map<ProxyDraft, ProxyRules | null>();
  for (const proxy of proxies) {
    const { logLine, uniqueIdFormat, uniqueIdHeader, inspectDelayMs, mode, bufferRequest, unusualNames, timeouts } = proxy.settings;
    const isFrontend = proxy.section !== 'backend';
    rules.set(proxy, finishRules(proxy.rules, {
      logFormat: isFrontend ? logLine : null,
      uniqueIdFormat: isFrontend && mode !== 'tcp' ? uniqueIdFormat : null,
      uniqueIdHeader,
      inspectDelayMs,
      unusualNames: mode === 'tcp' ? null : unusualNames,
      bufferRequest: bufferRequest && mode !== 'tcp' ? { ms: timeouts['http-request'] ?? timeouts.client ?? Infinity, position: proxy.position } : null,
    }));
    const useless = mode === 'tcp' ? httpOnly(proxy.rules) : null;
    if (useless !== null) report.warning(`rules of HTTP are ignored in mode tcp ('${proxy.name}')`, useless, "use mode http, grpc or auto");
    if (mode === 'tcp') {
      for (const { criterion, position } of neverTrue(proxy.rules)) {
        report.warning(`'${criterion}' is never true in mode tcp ('${proxy.name}'): it needs an HTTP request`, position, 'mode http, grpc and auto look at requests');
      }
    }
    for (const reference of proxy.rules.scope.references) check(reference, backends, userlists, report);
    for (const acl of proxy.rules.scope.acls.values()) {
      if (!acl.used && acl.tests.length > 0) report.warning(`acl '${acl.name}' of '${proxy.name}' is not used by any rule`, acl.position);
    }
  }
  return rules;
}

function check({ kind, name, position }: ProxyReference, backends: ReadonlyMap<string, ProxyDraft>, userlists: ReadonlyMap<string, UserlistDraft>, report: Reporter): void {
  if (report.full) return;
  if (kind === 'userlist') {
    if (!userlists.has(name)) missing('userlist', name, userlists.keys(), position, report);
    for (const [user, { password, hashed, position: where }] of userlists.get(name)?.users ?? []) {
      if (hashed && !isKnownHash(password)) report.error(`the password of user '${user}' is in a form that is not supported: $5$ and $6$ are`, where, 'mkpasswd -m sha-512');
    }
    return;
  }
  if (kind === 'server') {
    const slash = name.indexOf('/');
    const backend = backends.get(name.slice(0, slash));
    const server = name.slice(slash + 1);
    if (backend === undefined) return missing('backend', name.slice(0, slash), backends.keys(), position, report);
    const known = backend.servers.some((one) => one.name === server || (one.template !== null && server.startsWith(one.name)));
    if (!known) missing('server', server, backend.servers.map((one) => one.name), position, report);
  } else if (!backends.has(name)) missing('backend', name, backends.keys(), position, report);
}

function missing(what: string, name: string, known: Iterable<string>, position: ProxyReference['position'], report: Reporter): void {
  const near = nearest(name, known);
  report.error(`there is no ${what} named '${name}'`, position, near && `did you mean '${near}'?`);
}

/** The backends that a frontend's `use_backend` lines name. */
export function namedBackends({ rules }: ProxyDraft, backends: ReadonlyMap<string, ProxyDraft>): readonly ProxyDraft[] {
  const found: ProxyDraft[] = [];
  for (const { name } of rules.useBackend) {
    const backend = name.constant === null ? undefined : backends.get(name.constant);
    if (backend !== undefined && !found.includes(backend)) found.push(backend);
  }
  return found;
}
