/** Records for the observers' tests. */
import { FieldList } from '../../../src/model/fields.ts';
import type { RequestFacts } from '../../../src/model/fields.ts';
import type { BackendRecord, ConnectionRecord, FrontendRecord, LogSettings, ServerRecord, StreamRecord } from '../../../src/model/records.ts';
import { requestFacts } from '../../../src/grpc/request-facts.ts';

export function frontendRecord(name = 'fe', log: LogSettings = { enabled: true, skipNull: false }): FrontendRecord {
  return {
    name,
    log,
    counters: {
      connectionsTotal: 3, connectionsCurrent: 1, connectionsMax: 2, streamsTotal: 9, streamsCurrent: 4, bytesIn: 100, bytesOut: 200,
      protocolErrors: 5, glitches: 15, floods: 16, detectTimeouts: 6, tlsHandshakes: 18, tlsResumed: 19, tlsFailures: 20, proxyHeaderErrors: 21,
    },
  };
}

export function serverRecord(name = 's1', changes: Partial<ServerRecord> = {}): ServerRecord {
  return {
    name,
    backendName: 'be',
    address: '10.0.0.7:50051',
    status: 'UP',
    weight: 10,
    counters: {
      streamsTotal: 7, streamsCurrent: 2, streamsMax: 5, connectionsTotal: 2, connectionsCurrent: 1, connectFailures: 3, refused: 4, bytesIn: 50, bytesOut: 60,
      protocolErrors: 17, glitches: 18, checksFailed: 8, transitionsDown: 1,
    },
    ...changes,
  };
}

export function backendRecord(servers: readonly ServerRecord[] = [serverRecord()], name = 'be'): BackendRecord {
  return { name, servers, counters: { streamsTotal: 7, streamsCurrent: 3, streamsMax: 4, queued: 1, queuedMax: 5, retries: 2, retriesRefused: 6, redispatches: 3, unserved: 4 } };
}

export function connectionRecord(changes: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    id: 1, frontend: frontendRecord(), clientAddress: '10.0.0.1', clientPort: 4711, localAddress: '10.0.0.2', localPort: 8080, tls: null, acceptedAt: 0,
    protocol: 'h2', ...changes,
  };
}

export function grpcRequest(path = '/pkg.Svc/Method', ...more: readonly (readonly [string, string])[]): FieldList {
  return FieldList.of(
    [':method', 'POST'], [':scheme', 'http'], [':path', path], [':authority', 'greeter:50051'], ['content-type', 'application/grpc'],
    ['te', 'trailers'], ['user-agent', 'test'], ...more,
  );
}

export function grpcFacts(path?: string): RequestFacts {
  return requestFacts(grpcRequest(path));
}

/** A unary gRPC call that went well, unless changed. */
export function streamRecord(changes: Partial<StreamRecord> = {}): StreamRecord {
  const server = serverRecord();
  return {
    kind: 'h2', connection: connectionRecord(), backend: backendRecord([server]), server, request: grpcFacts(), httpStatus: 200, grpcStatus: 0,
    bytesIn: 10, bytesOut: 20, messagesIn: 1, messagesOut: 2, startedAt: 0, queueMs: 0, connectMs: 0.25, responseMs: 1.5, totalMs: 2.0004,
    retries: 0, attempts: null, redispatched: false, termination: '--', cause: '', span: null,
    logged: false,
    logLine: null,
    logLevel: null, ...changes,
  };
}
