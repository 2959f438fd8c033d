/** grpc.health.v1.Health: Check and Watch over a table of services. */
import { status } from '@grpc/grpc-js';
import type { ServerUnaryCall, ServerWritableStream, UntypedServiceImplementation, sendUnaryData } from '@grpc/grpc-js';
import type { HealthCheckRequest, HealthCheckResponse } from './services.ts';

type Watcher = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

const MOST_WATCHERS = 100;

export class Health {
  #serving = true;
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<Watcher>();

  /** @param services the names that are known besides the empty one, which stands for the server as a whole. */
  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services]);
  }

  /** Says NOT_SERVING to all, and ends the watches, which would hold up a graceful shutdown for ever. */
  shutdown(): void {
    this.#serving = false;
    for (const watcher of this.#watchers) {
      watcher.write({ status: this.#status(watcher.request.service) });
      watcher.end();
    }
    this.#watchers.clear();
  }

  handlers(): UntypedServiceImplementation {
    return {
      check: (call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>, callback: sendUnaryData<HealthCheckResponse>): void => {
        const { service } = call.request;
        if (this.#services.has(service)) callback(null, { status: this.#status(service) });
        else callback({ code: status.NOT_FOUND, details: `no service '${service}' here` });
      },
      watch: (call: Watcher): void => {
        if (this.#watchers.size >= MOST_WATCHERS) {
          call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: `more than ${MOST_WATCHERS} watches` });
          return;
        }
        call.write({ status: this.#status(call.request.service) });
        if (!this.#serving) {
          call.end();
          return;
        }
        this.#watchers.add(call);
        call.once('close', () => this.#watchers.delete(call));
        call.once('cancelled', () => this.#watchers.delete(call));
      },
    };
  }

  #status(service: string): HealthCheckResponse['status'] {
    if (!this.#services.has(service)) return 'SERVICE_UNKNOWN';
    return this.#serving ? 'SERVING' : 'NOT_SERVING';
  }
}
