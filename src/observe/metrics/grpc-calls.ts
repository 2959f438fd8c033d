/**
 * Counts of gRPC calls by method, server and status, and their durations by method.
 *
 * Counting happens in plain numbers; labels are made when somebody reads. A stream costs one look-up by path and one by
 * server, or two comparisons when it is like the stream before.
 */
import { GRPC_STATUS, STATUS_NAMES } from '../../grpc/status.ts';
import type { RequestFacts } from '../../model/fields.ts';
import type { ServerRecord, StreamRecord } from '../../model/records.ts';

/** Upper bounds of the duration's buckets, seconds. */
export const DURATION_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const BOUNDS_MS = Float64Array.from(DURATION_BUCKETS, (seconds) => seconds * 1000);

/** Where calls without a status are counted, and calls whose status is none of the 17. */
const NO_STATUS = STATUS_NAMES.length;
const OTHER_STATUS = NO_STATUS + 1;

/** Servers told apart per method, more than any backend has. */
const SERVER_LIMIT = 1024;

/** What is read at a scrape of one method, server and status. */
export interface CallCount {
  readonly method: string;
  /** Null: the stream reached no server. */
  readonly server: ServerRecord | null;
  /** A status name, `none` (reset before there was one) or `other`. */
  readonly status: string;
  readonly count: number;
}

/** Durations of one method's calls. */
export interface CallDurations {
  readonly method: string;
  /** Calls in each bucket (not cumulative), the last one being beyond all bounds. */
  readonly buckets: Float64Array;
  readonly sumSeconds: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

class MethodCounts {
  readonly name: string;
  readonly buckets: Float64Array = new Float64Array(BOUNDS_MS.length + 1);
  /** Calls by status, by server. */
  readonly servers: Map<ServerRecord | null, Float64Array> = new Map();
  sumMs = 0;
  messagesIn = 0;
  messagesOut = 0;

  constructor(name: string) {
    this.name = name;
  }

  statusesOf(server: ServerRecord | null): Float64Array {
    let statuses = this.servers.get(server);
    if (statuses === undefined) {
      if (this.servers.size >= SERVER_LIMIT) return this.statusesOf(null);
      statuses = new Float64Array(OTHER_STATUS + 1);
      this.servers.set(server, statuses);
    }
    return statuses;
  }
}

export class GrpcCalls {
  /** Calls counted as method `other` because the limit of methods was reached or their method is unknown to the server. */
  overflow = 0;
  readonly #limit: number;
  readonly #methods: Map<string, MethodCounts> = new Map();
  readonly #other = new MethodCounts('other');
  #lastFacts: RequestFacts | null = null;
  #lastMethod: MethodCounts = this.#other;
  #lastServer: ServerRecord | null = null;
  #lastStatuses: Float64Array = this.#other.statusesOf(null);

  /** `methodLimit`: methods told apart. */
  constructor(methodLimit: number) {
    this.#limit = methodLimit;
  }

  count(record: StreamRecord): void {
    const facts = record.request;
    if (facts === null || !facts.grpc) return;
    const { server, grpcStatus, totalMs } = record;
    let method = this.#lastMethod;
    if (facts !== this.#lastFacts || server !== this.#lastServer) {
      method = this.#methods.get(facts.path) ?? this.#admit(facts, record);
      // `other` is not remembered, so that each of its calls is counted as an overflow.
      this.#lastFacts = method === this.#other ? null : facts;
      this.#lastMethod = method;
      this.#lastServer = server;
      this.#lastStatuses = method.statusesOf(server);
    }
    const statuses = this.#lastStatuses;
    const slot = grpcStatus < 0 ? NO_STATUS : grpcStatus < NO_STATUS ? grpcStatus : OTHER_STATUS;
    statuses[slot] = (statuses[slot] as number) + 1;
    let bucket = 0;
    while (bucket < BOUNDS_MS.length && totalMs > (BOUNDS_MS[bucket] as number)) bucket++;
    method.buckets[bucket] = (method.buckets[bucket] as number) + 1;
    method.sumMs += totalMs;
    method.messagesIn += record.messagesIn;
    method.messagesOut += record.messagesOut;
  }

  /** Forgets servers that are gone. */
  retain(servers: ReadonlySet<ServerRecord>): void {
    for (const method of this.#all()) {
      for (const server of method.servers.keys()) if (server !== null && !servers.has(server)) method.servers.delete(server);
    }
    this.#lastFacts = null;
  }

  *counts(): Generator<CallCount> {
    for (const method of this.#all()) {
      for (const [server, statuses] of method.servers) {
        for (const [slot, count] of statuses.entries()) {
          if (count === 0) continue;
          const status = slot === NO_STATUS ? 'none' : (STATUS_NAMES[slot] ?? 'other');
          yield { method: method.name, server, status, count };
        }
      }
    }
  }

  *durations(): Generator<CallDurations> {
    for (const { name, buckets, sumMs, messagesIn, messagesOut } of this.#all()) {
      if (buckets.some((count) => count > 0)) yield { method: name, buckets, sumSeconds: sumMs / 1000, messagesIn, messagesOut };
    }
  }

  *#all(): Generator<MethodCounts> {
    yield* this.#methods.values();
    yield this.#other;
  }

  /**
   * Decides about a path not seen before. Names are the client's choice: only a server that knows the method makes it worth a
   * place, so that a client that invents names cannot use the places up.
   */
  #admit(facts: RequestFacts, record: StreamRecord): MethodCounts {
    const known = record.server !== null && record.grpcStatus >= 0 && record.grpcStatus !== GRPC_STATUS.UNIMPLEMENTED;
    if (!known || facts.rpc === '' || this.#methods.size >= this.#limit) {
      this.overflow++;
      return this.#other;
    }
    const method = new MethodCounts(facts.path);
    this.#methods.set(facts.path, method);
    return method;
  }
}
