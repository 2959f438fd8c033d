/** Which frontends may use which backends, by mode (HAProxy manual 4.2 "mode"; auto and grpc are ours). */
import type { Reporter } from '../diagnostics.ts';
import type { ProxyDraft } from '../draft.ts';
import type { Mode } from '../model.ts';

const ACCEPTED: Readonly<Record<Mode, readonly Mode[]>> = {
  // What a frontend in mode auto passes may be anything, so its backend must take anything.
  auto: ['auto'],
  tcp: ['tcp', 'auto'],
  grpc: ['http', 'grpc', 'auto'],
  http: ['http', 'grpc', 'auto'],
};

/** `used`: backends with the frontends that lead to them. */
export function checkModes(
  proxies: readonly ProxyDraft[], used: ReadonlyMap<ProxyDraft, readonly ProxyDraft[]>, report: Reporter,
): void {
  for (const proxy of proxies) {
    refuseHttp2InTcp(proxy, report);
    if (proxy.settings.mode === 'http') warnOfHttp1Clients(proxy, report);
  }
  for (const [backend, frontends] of used) {
    for (const frontend of frontends) checkPair(frontend, backend, report);
    if (backend.settings.mode === 'http') requireHttp2(backend, report);
  }
}

function checkPair(frontend: ProxyDraft, backend: ProxyDraft, report: Reporter): void {
  const { mode } = frontend.settings;
  if (ACCEPTED[mode].includes(backend.settings.mode)) return;
  const { file, line } = backend.position;
  const theirs = `${backend.settings.mode} ${backend.section} '${backend.name}' (${file}:${line})`;
  const message = `${mode} ${frontend.section} '${frontend.name}' cannot use ${theirs}`;
  const position = frontend.settings.defaultBackend?.position ?? frontend.position;
  report.error(message, position, `a backend for mode ${mode} has mode ${ACCEPTED[mode].join(' or ')}`);
}

/** Mode tcp does not look inside, so nobody would speak the protocol; HAProxy refuses it as well. */
function refuseHttp2InTcp({ settings, name, binds, servers }: ProxyDraft, report: Reporter): void {
  if (settings.mode !== 'tcp') return;
  const hint = "use mode auto or grpc, or leave 'proto' out";
  for (const bind of binds) {
    if (bind.keywords.proto === null) continue;
    report.error(`'proto h2' of bind ${bind.text} cannot be used in mode tcp ('${name}')`, bind.position, hint);
  }
  for (const server of servers) {
    if (server.keywords.proto === null) continue;
    report.error(`'proto h2' of server '${server.name}' cannot be used in mode tcp ('${name}')`, server.position, hint);
  }
}

function warnOfHttp1Clients({ section, name, binds }: ProxyDraft, report: Reporter): void {
  const open = binds.find((bind) => bind.keywords.proto === null);
  if (open === undefined) return;
  const message = `HTTP/1 clients of ${section} '${name}' are not served by this version of Pillion: they get status 505`;
  report.warning(message, open.position, "'mode auto' passes them to the servers as they are; 'proto h2' says that there are none");
}

function requireHttp2(backend: ProxyDraft, report: Reporter): void {
  for (const server of backend.servers) {
    if (server.keywords.proto === 'h2') continue;
    const message = `server '${server.name}': HTTP/1 servers are not supported by Pillion yet in mode http`;
    report.error(message, server.position, "add 'proto h2' if the server speaks HTTP/2, or use 'mode auto'");
  }
}
