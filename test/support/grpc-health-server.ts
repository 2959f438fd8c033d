/** A gRPC server with a health service whose answers the tests decide. */
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import * as protoLoader from '@grpc/proto-loader';

export type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

interface Request {
  readonly service: string;
}
interface Response {
  readonly status: ServingStatus;
}
type Watcher = grpc.ServerWritableStream<Request, Response>;

const PROTO = fileURLToPath(new URL('../../protos/grpc/health/v1/health.proto', import.meta.url));
const definition = protoLoader.loadSync(PROTO, { enums: String, defaults: true })['grpc.health.v1.Health'] as protoLoader.ServiceDefinition;

/** Emits 'check' and 'watch' for every call of these, after it was counted. */
export class GrpcHealthServer extends EventEmitter {
  /** Calls so far. */
  checks = 0;
  watches = 0;
  readonly #methods: 'both' | 'check' | 'none';
  readonly #statuses = new Map<string, ServingStatus>([['', 'SERVING']]);
  readonly #watchers = new Set<Watcher>();
  #server = new grpc.Server();
  /** `host:port` or `unix:…`, as it was bound. */
  target = '';
  port = 0;

  /** @param methods which methods are implemented. */
  constructor(methods: 'both' | 'check' | 'none' = 'both') {
    super();
    this.#methods = methods;
  }

  /** @param target a grpc-js target; port 0 takes a free one. */
  async listen(target = '127.0.0.1:0'): Promise<void> {
    const check: grpc.handleUnaryCall<Request, Response> = (call, callback) => {
      this.checks++;
      this.emit('check');
      const status = this.#statuses.get(call.request.service);
      if (status === undefined) callback({ code: grpc.status.NOT_FOUND, details: 'unknown service' });
      else callback(null, { status });
    };
    const watch: grpc.handleServerStreamingCall<Request, Response> = (call) => {
      this.watches++;
      this.#watchers.add(call);
      call.on('cancelled', () => this.#watchers.delete(call));
      call.write({ status: this.#statuses.get(call.request.service) ?? 'SERVICE_UNKNOWN' });
      this.emit('watch');
    };
    this.#server = new grpc.Server();
    if (this.#methods === 'both') this.#server.addService(definition, { Check: check, Watch: watch });
    else if (this.#methods === 'check') this.#server.addService({ Check: definition['Check'] as protoLoader.MethodDefinition<object, object> }, { Check: check });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(target, grpc.ServerCredentials.createInsecure(), (error, port) => {
        if (error !== null) return reject(error);
        this.port = port;
        resolve();
      });
    });
    this.target = target.replace(/:0$/, `:${this.port}`);
  }

  /** Changes a service's status and tells its watchers. */
  set(status: ServingStatus, service = ''): void {
    this.#statuses.set(service, status);
    for (const watcher of this.#watchers) if (watcher.request.service === service) watcher.write({ status });
  }

  /** Ends all Watch calls with status OK. */
  endWatches(): void {
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }

  /** Drops all connections and the listening socket. */
  kill(): void {
    this.#server.forceShutdown();
    this.#watchers.clear();
  }

  /** Listens again where it did. */
  async restart(): Promise<void> {
    await this.listen(this.target);
  }

  async nextCheck(): Promise<void> {
    await once(this, 'check');
  }
}
