/** `--help`, `-v` and `-vv`. */

import { featureList } from '../config/tables/features.ts';

/** The command line on one screen: at most 24 lines of 79 characters. */
export const HELP: string = `\
Pillion: a gRPC-aware sidecar proxy, configured in HAProxy's language.

  pillion -f FILE|DIR [-f ...] [-- FILE...]      run a configuration
  pillion -c -f FILE                             check: 0, 1 errors, 2 no bind
  pillion --listen :8080 --to dns:greeter:50051  run without a file
  pillion migrate FILE | explain -f FILE 'POST /p.Svc/M' | help [DIRECTIVE]

  -V -d -q -dD      say more, debug in the foreground, say nothing, diagnose
  -D -db            to the background, stay in the foreground
  -p FILE -C DIR    write the process id, change to DIR first
  -n N -N N -dW     connections at once, per frontend; fail on warnings
  -sf -st PID...    replace processes: let them drain, or end them at once
  -cc CONDITION     0 if it holds;  -dK the words that are known
  -L NAME -dV       HAPROXY_LOCALPEER; trust servers' certificates
  -v -vv            version, with details

Without a file (or as PILLION_LISTEN, PILLION_TO, ...):
  --listen ADDRESS       where clients connect, e.g. :8080 or [::]:8080
  --to SERVERS           host:port,... or dns:name:port, one server per address
  --balance ALGORITHM    leastconn (default), roundrobin, random, source ...
  --grpc-service NAME    service to ask health for (default: whole server)
  --otlp URL             traces, to grpc://host:4317 or http(s)://host:4318/...
  --admin ADDRESS        serve /metrics, /ready and /live
  --print-config         show the configuration that these flags mean
`;

/** What only the process knows. */
export interface VersionInfo {
  readonly version: string;
  /** `process.versions`: node, v8, uv, ... */
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly arch: string;
}

export function versionText(info: VersionInfo, verbose: boolean): string {
  const first = `Pillion version ${info.version}`;
  if (!verbose) return `${first}\n`;
  const libraries = ['node', 'v8', 'uv', 'llhttp', 'openssl'].map((name) => `  ${name} ${info.versions[name] ?? 'unknown'}`);
  return `${[first, `System: ${info.platform} ${info.arch}`, 'Running with:', ...libraries,
    `Feature list : ${featureList()}`, "Language: HAProxy 3.2's, in part; 'pillion help' lists the directives", 'Protocols: HTTP/2 (h2c), raw TCP'].join('\n')}\n`;
}
