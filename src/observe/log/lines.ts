/** What the log's lines say: the fields of docs/observability.md, from the records. */
import { statusName } from '../../grpc/status.ts';
import type { BackendRecord, ConnectionRecord, ServerRecord, ServerStatus, StreamRecord } from '../../model/records.ts';

/** Longest value taken from a peer, characters. */
const LONGEST_VALUE = 1024;

/** The fields of a line. Those that do not apply are undefined and left out. */
export type LineFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One stream, or one raw TCP connection. */
export function streamFields(record: StreamRecord): LineFields {
  const { connection, backend, server, request } = record;
  return {
    client: clientOf(connection),
    conn: connection.id,
    ...tlsFields(connection),
    frontend: connection.frontend.name,
    backend: backend?.name,
    server: server?.name,
    server_address: server?.address,
    protocol: request === null ? record.kind : request.grpc ? 'grpc' : 'http',
    http_version: request === null || request.grpc ? undefined : record.kind === 'h1' ? 1 : 2,
    method: request === null ? undefined : bounded(request.path),
    http_method: request === null || request.grpc ? undefined : bounded(request.method),
    authority: request === null || request.authority === '' ? undefined : bounded(request.authority),
    grpc_status: record.grpcStatus < 0 ? undefined : record.grpcStatus,
    grpc_code: record.grpcStatus < 0 ? undefined : statusName(record.grpcStatus),
    http_status: record.httpStatus < 0 ? undefined : record.httpStatus,
    bytes_in: record.bytesIn,
    bytes_out: record.bytesOut,
    messages_in: request?.grpc === true ? record.messagesIn : undefined,
    messages_out: request?.grpc === true ? record.messagesOut : undefined,
    queue_ms: milliseconds(record.queueMs),
    connect_ms: milliseconds(record.connectMs),
    response_ms: milliseconds(record.responseMs),
    total_ms: milliseconds(record.totalMs),
    retries: record.retries,
    retry_causes: record.attempts === null ? undefined : bounded(record.attempts.map(({ cause }) => cause).join('; ')),
    redispatched: record.redispatched ? true : undefined,
    termination: record.termination,
    cause: record.cause === '' ? undefined : bounded(record.cause),
    trace_id: record.span?.traceId,
  };
}

/**
 * True when the proxy or a server failed the stream, as opposed to the client leaving or an application's own error: gRPC
 * UNAVAILABLE, an HTTP gateway status, or a termination state that blames a server, the proxy or its limits (manual 8.5).
 */
export function isFailure(record: StreamRecord): boolean {
  if (record.grpcStatus === 14) return true;
  if (record.httpStatus >= 502 && record.httpStatus <= 504) return true;
  switch (record.termination.charCodeAt(0)) {
    case 0x53: // S: the server aborted or refused
    case 0x73: // s: the server timed out
    case 0x50: // P: the proxy aborted, a limit or a denied response
    case 0x52: // R: the proxy ran out of a resource
    case 0x49: // I: internal error
    case 0x44: // D: killed because the server went down
    case 0x55: // U: killed because a backup server stood down
      return true;
    default:
      return false;
  }
}

/** A connection that ended without a stream, or not as it should. */
export function connectionFields(connection: ConnectionRecord, streams: number, reason: string): LineFields {
  return {
    client: clientOf(connection),
    conn: connection.id,
    ...tlsFields(connection),
    frontend: connection.frontend.name,
    protocol: connection.protocol,
    streams,
    cause: reason === '' ? undefined : bounded(reason),
  };
}

/** A server's change of state in HAProxy's words, with what is left of its backend. */
export function serverText(backend: BackendRecord, server: ServerRecord, reason: string): string {
  let usable = 0;
  for (const other of backend.servers) if (isUsable(other.status)) usable++;
  const because = reason === '' ? '' : `, reason: ${bounded(reason)}`;
  const left = isUsable(server.status) ? 'online' : 'left';
  return (
    `Server ${backend.name}/${server.name} is ${server.status}${because}. ` +
    `${usable} of ${backend.servers.length} servers ${left}. ${server.counters.streamsCurrent} streams active.`
  );
}

/** True for states in which a server takes new streams. */
export function isUsable(status: ServerStatus): boolean {
  return status === 'UP' || status === 'no check';
}

/** Of a connection with TLS alone. */
function tlsFields({ tls }: ConnectionRecord): LineFields | undefined {
  if (tls === null) return undefined;
  return {
    tls: tls.version,
    sni: tls.sni === null ? undefined : bounded(tls.sni),
    client_cert: tls.client === null ? undefined : bounded(tls.client.subject),
  };
}

function clientOf(connection: ConnectionRecord): string {
  const { clientAddress } = connection;
  if (clientAddress === '') return 'unix';
  return clientAddress.includes(':') ? `[${clientAddress}]:${connection.clientPort}` : `${clientAddress}:${connection.clientPort}`;
}

/** Microseconds are kept, what is below is noise. */
function milliseconds(value: number): number | undefined {
  return value < 0 ? undefined : Math.round(value * 1000) / 1000;
}

function bounded(value: string): string {
  return value.length <= LONGEST_VALUE ? value : `${value.slice(0, LONGEST_VALUE)}…`;
}
