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
    refuseHttpCheckOfHttp2(proxy, report);
    refuseHttp1InGrpc(proxy, report);
    warnOfFieldsInTcp(proxy, report);
  }
  for (const [backend, frontends] of used) {
    for (const frontend of frontends) checkPair(frontend, backend, report);
    if (backend.settings.mode === 'http' && frontends.some(({ settings }) => settings.mode === 'grpc')) requireHttp2(backend, report);
  }
}

/** Where nobody looks inside, nothing can be added. */
function warnOfFieldsInTcp({ settings, section, name, position }: ProxyDraft, report: Reporter): void {
  if (settings.mode !== 'tcp') return;
  const options = [settings.forwardFor === null ? null : 'option forwardfor', settings.originalTo === null ? null : 'option originalto', settings.forwarded === null ? null : 'option forwarded'];
  for (const option of options) {
    if (option !== null) report.warning(`'${option}' has no effect in ${section} '${name}': it has mode tcp`, position, "use 'send-proxy' of the servers");
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
  const hint = (proto: 'h1' | 'h2'): string => `use mode auto or ${proto === 'h2' ? 'grpc' : 'http'}, or leave 'proto' out`;
  for (const bind of binds) {
    if (bind.keywords.proto === null) continue;
    report.error(`'proto ${bind.keywords.proto}' of bind ${bind.text} cannot be used in mode tcp ('${name}')`, bind.position, hint(bind.keywords.proto));
  }
  for (const server of servers) {
    if (server.keywords.proto === null) continue;
    report.error(`'proto ${server.keywords.proto}' of server '${server.name}' cannot be used in mode tcp ('${name}')`, server.position, hint(server.keywords.proto));
  }
}

/** gRPC goes over HTTP/2 alone, and a server of mode http speaks HTTP/1 unless it is said otherwise. */
function requireHttp2(backend: ProxyDraft, report: Reporter): void {
  for (const server of backend.servers) {
    if (server.keywords.proto === 'h2') continue;
    const message = `server '${server.name}' speaks HTTP/1 in mode http, which gRPC cannot use`;
    report.error(message, server.position, "add 'proto h2' if the server speaks HTTP/2, or use 'mode grpc' here, too");
  }
}

/** HAProxy would speak HTTP/2 to such a server in checks, too. */
function refuseHttpCheckOfHttp2({ settings, servers }: ProxyDraft, report: Reporter): void {
  if (!settings.httpCheckOn) return;
  for (const { name, keywords, position } of servers) {
    if (!keywords.check || keywords.proto !== 'h2') continue;
    const hint = "use 'option grpc-check', or leave 'option httpchk' out: then 'check' connects";
    report.error(`server '${name}' speaks HTTP/2, and 'option httpchk' only HTTP/1 yet`, position, hint);
  }
}

/** gRPC needs HTTP/2 from end to end. */
function refuseHttp1InGrpc({ settings, name, binds, servers }: ProxyDraft, report: Reporter): void {
  if (settings.mode !== 'grpc') return;
  const hint = "use mode auto or http, or leave 'proto' out";
  for (const { text, keywords, position } of binds) {
    if (keywords.proto === 'h1') report.error(`'proto h1' of bind ${text} cannot be used in mode grpc ('${name}')`, position, hint);
  }
  for (const server of servers) {
    if (server.keywords.proto === 'h1') report.error(`'proto h1' of server '${server.name}' cannot be used in mode grpc ('${name}')`, server.position, hint);
  }
}
