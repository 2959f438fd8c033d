/**
 * The client of the gRPC health protocol (protos/grpc/health/v1/health.proto), on grpc-js: off the data path, and loaded only when
 * a server is checked with it, since it takes 50 ms and 19 MB.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { ChannelOptions, ClientReadableStream, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import type { TlsConnector } from '../tls/connector.ts';
import type { CheckAddress } from './check.ts';
import { decodeHealthResponse, encodeHealthRequest } from './health-messages.ts';
import type { ServingStatus } from './health-messages.ts';

/** A connection of its own to one server. `service` is empty for the server as a whole. */
export interface HealthClient {
  check(service: string, timeoutMs: number, done: (error: ServiceError | null, status?: ServingStatus) => void): ClientUnaryCall;
  watch(service: string): ClientReadableStream<ServingStatus>;
  close(): void;
}

/** Makes the client of a server; nothing is connected before the first call. `tls`: null for cleartext. */
export type HealthClientFactory = (address: CheckAddress, tls: TlsConnector | null) => HealthClient;

const CHECK = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';

const CHANNEL_OPTIONS: Partial<ChannelOptions> = {
  // The check is of this server, on a connection that nobody else closes or keeps open.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // A failed check is a finding; the interval decides when the next one is made.
  'grpc.enable_retries': 0,
  'grpc.max_receive_message_length': 4096,
  'grpc.enable_channelz': 0,
};

let loading: Promise<HealthClientFactory> | null = null;

/** Loads grpc-js, once. */
export function loadHealthClient(): Promise<HealthClientFactory> {
  loading ??= load();
  return loading;
}

async function load(): Promise<HealthClientFactory> {
  const { Client, credentials } = await import('@grpc/grpc-js');
  const plaintext = credentials.createInsecure();
  return (address, tls) => {
    const name = tls === null ? '' : nameOf(address, tls);
    const client = tls === null
      ? new Client(targetOf(address), plaintext, CHANNEL_OPTIONS)
      : new Client(targetOf(address), credentials.createFromSecureContext(tls.context, tls.verifyOptions(tls.serverName(null))), {
        ...CHANNEL_OPTIONS, 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name,
      });
    return {
      check: (service, timeoutMs, done) =>
        client.makeUnaryRequest(CHECK, encodeHealthRequest, decodeHealthResponse, service, { deadline: Date.now() + timeoutMs }, done),
      watch: (service) => client.makeServerStreamRequest(WATCH, encodeHealthRequest, decodeHealthResponse, service),
      close: () => client.close(),
    };
  };
}

/** grpc-js always tells a name, and an address may not be one (RFC 6066 §3). */
function nameOf(address: CheckAddress, tls: TlsConnector): string {
  const host = 'host' in address && isIP(address.host) === 0 ? address.host : 'localhost';
  return tls.serverName(null) ?? tls.settings.verifyHost ?? host;
}

function targetOf(address: CheckAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port } = address;
  if (isIPv4(host)) return `ipv4:${host}:${port}`;
  if (isIPv6(host)) return `ipv6:[${host}]:${port}`;
  return `dns:${host}:${port}`;
}
