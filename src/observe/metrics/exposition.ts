/**
 * The exposition in Prometheus' text format, on prom-client: values are read from the records when somebody scrapes. Loaded at the
 * first scrape, since it takes some 20 MB. Names and labels: docs/observability.md.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { HistogramConfiguration } from 'prom-client';
import type { Counted } from '../../model/observer.ts';
import type { BackendRecord, FrontendRecord, ServerRecord, ServerStatus } from '../../model/records.ts';
import { DURATION_BUCKETS, type GrpcCalls } from './grpc-calls.ts';
import { addCertificates, type CertificateFigures } from './certificates.ts';

export interface ExpositionSources {
  readonly counted: Counted;
  readonly calls: GrpcCalls;
  /** Log lines lost so far. */
  readonly droppedLines: (() => number) | undefined;
  readonly certificates: (() => CertificateFigures | null) | undefined;
}

/** One row: metric name without prefix, kind, help, value. */
type Row<T> = readonly [name: string, kind: 'counter' | 'gauge', help: string, read: (record: T) => number];

const FRONTEND_ROWS: readonly Row<FrontendRecord>[] = [
  ['connections_total', 'counter', 'Connections accepted.', ({ counters }) => counters.connectionsTotal],
  ['connections', 'gauge', 'Connections open now.', ({ counters }) => counters.connectionsCurrent],
  ['connections_max', 'gauge', 'Most connections open at once.', ({ counters }) => counters.connectionsMax],
  ['streams_total', 'counter', 'Streams, and raw TCP connections, begun.', ({ counters }) => counters.streamsTotal],
  ['streams', 'gauge', 'Streams running now.', ({ counters }) => counters.streamsCurrent],
  ['received_bytes_total', 'counter', 'Body bytes from clients.', ({ counters }) => counters.bytesIn],
  ['sent_bytes_total', 'counter', 'Body bytes to clients.', ({ counters }) => counters.bytesOut],
  ['protocol_errors_total', 'counter', 'Rules of the protocol broken by clients.', ({ counters }) => counters.protocolErrors],
  ['glitches_total', 'counter', 'Things that honest clients do rarely.', ({ counters }) => counters.glitches],
  ['floods_total', 'counter', 'Connections ended for too many of those, or because the client did not read.', ({ counters }) => counters.floods],
  ['detect_timeouts_total', 'counter', 'Clients that said nothing while their protocol was being detected.', ({ counters }) => counters.detectTimeouts],
  ['tls_handshakes_total', 'counter', 'TLS handshakes with clients done.', ({ counters }) => counters.tlsHandshakes],
  ['tls_resumed_total', 'counter', 'TLS handshakes among them that resumed a session.', ({ counters }) => counters.tlsResumed],
  ['tls_failures_total', 'counter', 'TLS handshakes with clients that failed.', ({ counters }) => counters.tlsFailures],
  ['proxy_header_errors_total', 'counter', 'PROXY protocol headers that were malformed, missing or late.', ({ counters }) => counters.proxyHeaderErrors],
];

const BACKEND_ROWS: readonly Row<BackendRecord>[] = [
  ['streams_total', 'counter', 'Streams routed here.', ({ counters }) => counters.streamsTotal],
  ['streams', 'gauge', 'Streams of the backend now, those that wait included.', ({ counters }) => counters.streamsCurrent],
  ['queued', 'gauge', 'Streams waiting for a server now (qcur).', ({ counters }) => counters.queued],
  ['queued_max', 'gauge', 'Most streams that waited at once (qmax).', ({ counters }) => counters.queuedMax],
  ['retries_total', 'counter', 'Streams sent again.', ({ counters }) => counters.retries],
  ['retries_refused_total', 'counter', 'Retries not made: the retry budget was used up.', ({ counters }) => counters.retriesRefused],
  ['redispatches_total', 'counter', 'Streams sent again to another server.', ({ counters }) => counters.redispatches],
  ['unserved_total', 'counter', 'Streams that found no server.', ({ counters }) => counters.unserved],
];

const SERVER_ROWS: readonly Row<ServerRecord>[] = [
  ['streams_total', 'counter', 'Streams sent to the server.', ({ counters }) => counters.streamsTotal],
  ['streams', 'gauge', 'Streams running on the server now.', ({ counters }) => counters.streamsCurrent],
  ['connections_total', 'counter', 'Connections made to the server.', ({ counters }) => counters.connectionsTotal],
  ['connections', 'gauge', 'Connections open to the server now.', ({ counters }) => counters.connectionsCurrent],
  ['connect_failures_total', 'counter', 'Connections that could not be made.', ({ counters }) => counters.connectFailures],
  ['refused_total', 'counter', 'Streams that the server refused unprocessed.', ({ counters }) => counters.refused],
  ['protocol_errors_total', 'counter', 'Rules of the protocol broken by the server.', ({ counters }) => counters.protocolErrors],
  ['glitches_total', 'counter', 'Things that honest servers do rarely.', ({ counters }) => counters.glitches],
  ['sent_bytes_total', 'counter', 'Body bytes to the server.', ({ counters }) => counters.bytesIn],
  ['received_bytes_total', 'counter', 'Body bytes from the server.', ({ counters }) => counters.bytesOut],
  ['checks_failed_total', 'counter', 'Health checks failed.', ({ counters }) => counters.checksFailed],
  ['transitions_down_total', 'counter', 'Times that the server went down.', ({ counters }) => counters.transitionsDown],
  ['weight', 'gauge', 'Weight in force.', ({ weight }) => weight],
];

const STATUSES: readonly ServerStatus[] = ['UP', 'DOWN', 'NOLB', 'DRAIN', 'MAINT', 'no check'];

/** Makes the registry; the answer renders it. */
export function createExposition({ counted, calls, droppedLines, certificates }: ExpositionSources): () => Promise<string> {
  const registry = new Registry();

  addRows(registry, 'frontend', FRONTEND_ROWS, ['frontend'], () => counted.frontends, (frontend) => ({ frontend: frontend.name }));
  addRows(registry, 'backend', BACKEND_ROWS, ['backend'], () => counted.backends, (backend) => ({ backend: backend.name }));
  addRows(registry, 'server', SERVER_ROWS, ['backend', 'server'], () => counted.backends.flatMap((backend) => backend.servers), labelsOf);
  new Gauge({
    name: 'pillion_server_status',
    help: '1 for the state that the server is in, 0 for the others.',
    labelNames: ['backend', 'server', 'status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const backend of counted.backends) {
        for (const server of backend.servers) {
          for (const status of STATUSES) this.set({ ...labelsOf(server), status }, server.status === status ? 1 : 0);
        }
      }
    },
  });
  addCalls(registry, calls);
  if (certificates !== undefined) addCertificates(registry, certificates);
  if (droppedLines !== undefined) {
    new Counter({
      name: 'pillion_log_dropped_lines_total',
      help: 'Log lines lost because their reader was too slow or away.',
      registers: [registry],
      collect() {
        this.reset();
        this.inc(droppedLines());
      },
    });
  }

  return () => registry.metrics();
}

function labelsOf(server: ServerRecord): { readonly backend: string; readonly server: string } {
  return { backend: server.backendName, server: server.name };
}

function addRows<T, L extends string>(
  registry: Registry,
  subject: string,
  rows: readonly Row<T>[],
  labelNames: readonly L[],
  records: () => readonly T[],
  labels: (record: T) => Readonly<Record<L, string>>,
): void {
  for (const [name, kind, help, read] of rows) {
    const settings = { name: `pillion_${subject}_${name}`, help, labelNames, registers: [registry] };
    if (kind === 'counter') {
      new Counter<L>({
        ...settings,
        collect() {
          this.reset();
          for (const record of records()) this.inc(labels(record), read(record));
        },
      });
    } else {
      new Gauge<L>({
        ...settings,
        collect() {
          this.reset();
          for (const record of records()) this.set(labels(record), read(record));
        },
      });
    }
  }
}

function addCalls(registry: Registry, calls: GrpcCalls): void {
  new Counter({
    name: 'pillion_grpc_calls_total',
    help: 'gRPC calls that ended, by the status sent to the client; none: reset without one.',
    labelNames: ['method', 'backend', 'server', 'status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { method, server, status, count } of calls.counts()) {
        this.inc({ method, backend: server?.backendName ?? '', server: server?.name ?? '', status }, count);
      }
    },
  });
  new Counter({
    name: 'pillion_grpc_messages_received_total',
    help: 'Complete gRPC messages from clients, in calls that ended.',
    labelNames: ['method'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { method, messagesIn } of calls.durations()) this.inc({ method }, messagesIn);
    },
  });
  new Counter({
    name: 'pillion_grpc_messages_sent_total',
    help: 'Complete gRPC messages to clients, in calls that ended.',
    labelNames: ['method'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { method, messagesOut } of calls.durations()) this.inc({ method }, messagesOut);
    },
  });
  new Counter({
    name: 'pillion_grpc_calls_other_total',
    help: 'Calls counted as method "other": unknown to the server, or more methods than are told apart.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(calls.overflow);
    },
  });
  registry.registerMetric(new CallDurationHistogram(calls));
}

const DURATION: HistogramConfiguration<'method' | 'le'> = {
  name: 'pillion_grpc_call_duration_seconds',
  help: 'Time from the request header section to the end of the call.',
  labelNames: ['method'],
  buckets: [...DURATION_BUCKETS],
  registers: [],
};

type Exposition = ReturnType<Histogram<'method' | 'le'>['get']>;

/** A histogram whose buckets were filled elsewhere. */
class CallDurationHistogram extends Histogram<'method' | 'le'> {
  readonly #calls: GrpcCalls;
  /** Never filled: gives the description that goes with the values. */
  readonly #empty = new Histogram(DURATION);

  constructor(calls: GrpcCalls) {
    super(DURATION);
    this.#calls = calls;
  }

  /** What the registry asks for its text, in preference to {@link get}. */
  getForPromString(): Exposition {
    return this.get();
  }

  override async get(): Exposition {
    const exposition = await this.#empty.get();
    const values: typeof exposition.values = [];
    for (const { method, buckets, sumSeconds } of this.#calls.durations()) {
      let cumulative = 0;
      for (const [i, count] of buckets.entries()) {
        cumulative += count;
        values.push({ metricName: `${DURATION.name}_bucket`, labels: { method, le: DURATION_BUCKETS[i] ?? '+Inf' }, value: cumulative });
      }
      values.push({ metricName: `${DURATION.name}_sum`, labels: { method }, value: sumSeconds });
      values.push({ metricName: `${DURATION.name}_count`, labels: { method }, value: cumulative });
    }
    return { ...exposition, values };
  }
}
