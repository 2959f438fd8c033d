/**
 * The client of the gRPC health protocol, on grpc-js: off the data path, and loaded only when a server is checked with it, since
 * it takes 50 ms and some 15 MB.
 */
import type { ChannelOptions, ClientReadableStream, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { isIPv4, isIPv6 } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { CheckAddress } from './check.ts';

export interface HealthResponse {
  readonly status: 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

/** A connection of its own to one server. `service` is empty for the server as a whole. */
export interface HealthClient {
  check(service: string, timeoutMs: number, done: (error: ServiceError | null, response?: HealthResponse) => void): ClientUnaryCall;
  watch(service: string): ClientReadableStream<HealthResponse>;
  close(): void;
}

/** Makes the client of a server; nothing is connected before the first call. */
export type HealthClientFactory = (address: CheckAddress) => HealthClient;

/** protos/ lies beside src/ in the repository and beside dist/ in the package. */
const PROTO = fileURLToPath(new URL('../../protos/grpc/health/v1/health.proto', import.meta.url));

let loading: Promise<HealthClientFactory> | null = null;

/** Loads grpc-js and the protocol, once. */
export function loadHealthClient(): Promise<HealthClientFactory> {
  loading ??= load();
  return loading;
}

async function load(): Promise<HealthClientFactory> {
  const [grpc, protoLoader] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  const definition = await protoLoader.load(PROTO, { enums: String, defaults: true });
  const service = definition['grpc.health.v1.Health'] as ServiceDefinition;
  const checkMethod = service['Check'] as HealthMethod;
  const watchMethod = service['Watch'] as HealthMethod;
  const credentials = grpc.credentials.createInsecure();
  return (address) => {
    const client = new grpc.Client(targetOf(address), credentials, CHANNEL_OPTIONS);
    return {
      check: (name, timeoutMs, done) =>
        client.makeUnaryRequest(
          checkMethod.path,
          checkMethod.requestSerialize,
          checkMethod.responseDeserialize,
          { service: name },
          { deadline: Date.now() + timeoutMs },
          done,
        ),
      watch: (name) =>
        client.makeServerStreamRequest(watchMethod.path, watchMethod.requestSerialize, watchMethod.responseDeserialize, { service: name }),
      close: () => client.close(),
    };
  };
}

/** The method's coders as {@link PROTO} types them. */
type HealthMethod = MethodDefinition<{ readonly service: string }, HealthResponse>;

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

function targetOf(address: CheckAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port } = address;
  if (isIPv4(host)) return `ipv4:${host}:${port}`;
  if (isIPv6(host)) return `ipv6:[${host}]:${port}`;
  return `dns:${host}:${port}`;
}
