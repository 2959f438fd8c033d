/** What a span says of its stream: OpenTelemetry's semantic conventions (stable ones, 1.45) and Pillion's own names. */
import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ADDRESS, ATTR_CLIENT_PORT, ATTR_ERROR_TYPE, ATTR_HTTP_REQUEST_METHOD, ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_LOCAL_ADDRESS, ATTR_NETWORK_LOCAL_PORT, ATTR_NETWORK_PROTOCOL_NAME, ATTR_NETWORK_PROTOCOL_VERSION, ATTR_NETWORK_TRANSPORT,
  ATTR_RPC_METHOD, ATTR_RPC_STATUS_CODE, ATTR_RPC_SYSTEM_NAME, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT, ATTR_URL_PATH, ATTR_URL_SCHEME,
  NETWORK_TRANSPORT_VALUE_TCP, NETWORK_TRANSPORT_VALUE_UNIX, RPC_SYSTEM_NAME_VALUE_GRPC,
} from '@opentelemetry/semantic-conventions';
import { GRPC_STATUS, statusName } from '../../grpc/status.ts';
import type { RequestFacts } from '../../model/fields.ts';
import type { StreamRecord } from '../../model/records.ts';

/** A span's name: the full method of a gRPC call, the method of any other request. */
export function spanName(facts: RequestFacts | null): string {
  if (facts === null) return 'stream';
  if (facts.rpc !== '') return `${facts.service}/${facts.rpc}`;
  return facts.grpc ? 'grpc' : facts.method || 'HTTP';
}

/** Attributes known when the stream ended. */
export function spanAttributes(record: StreamRecord): Attributes {
  const { connection, request, server, backend } = record;
  const attributes: Attributes = {
    [ATTR_NETWORK_PROTOCOL_NAME]: 'http',
    [ATTR_NETWORK_PROTOCOL_VERSION]: record.kind === 'h1' ? '1.1' : '2',
    'pillion.frontend': connection.frontend.name,
    'pillion.retries': record.retries,
    'pillion.redispatched': record.redispatched,
    'pillion.termination': record.termination,
    'pillion.bytes_in': record.bytesIn,
    'pillion.bytes_out': record.bytesOut,
  };
  if (connection.clientAddress === '') {
    attributes[ATTR_NETWORK_TRANSPORT] = NETWORK_TRANSPORT_VALUE_UNIX;
  } else {
    attributes[ATTR_NETWORK_TRANSPORT] = NETWORK_TRANSPORT_VALUE_TCP;
    attributes[ATTR_CLIENT_ADDRESS] = connection.clientAddress;
    attributes[ATTR_CLIENT_PORT] = connection.clientPort;
    attributes[ATTR_NETWORK_LOCAL_ADDRESS] = connection.localAddress;
    attributes[ATTR_NETWORK_LOCAL_PORT] = connection.localPort;
  }
  const { tls } = connection;
  if (tls !== null) {
    // Semantic conventions in development: names that have not been exported as stable yet.
    attributes['tls.protocol.version'] = tls.version.replace(/^TLSv/, '');
    attributes['tls.cipher'] = tls.cipher;
    if (tls.sni !== null) attributes['tls.client.server_name'] = tls.sni;
    if (tls.client !== null) attributes['tls.client.subject'] = tls.client.subject;
  }
  if (backend !== null) attributes['pillion.backend'] = backend.name;
  if (server !== null) {
    attributes['pillion.server'] = server.name;
    attributes['pillion.server.address'] = server.address;
  }
  if (record.queueMs >= 0) attributes['pillion.queue_ms'] = record.queueMs;
  if (record.connectMs >= 0) attributes['pillion.connect_ms'] = record.connectMs;
  if (record.responseMs >= 0) attributes['pillion.response_ms'] = record.responseMs;
  if (record.cause !== '') attributes['pillion.cause'] = record.cause;
  if (request !== null) addRequest(attributes, record, request);
  const error = errorType(record);
  if (error !== '') attributes[ATTR_ERROR_TYPE] = error;
  return attributes;
}

function addRequest(attributes: Attributes, record: StreamRecord, request: RequestFacts): void {
  const authority = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(request.authority);
  const host = authority?.[1] ?? authority?.[2] ?? '';
  if (host !== '') attributes[ATTR_SERVER_ADDRESS] = host;
  if (authority?.[3] !== undefined) attributes[ATTR_SERVER_PORT] = Number(authority[3]);
  if (request.grpc) {
    attributes[ATTR_RPC_SYSTEM_NAME] = RPC_SYSTEM_NAME_VALUE_GRPC;
    // Only the full name is of use to who looks for a call; Pillion does not know which names its servers have.
    attributes[ATTR_RPC_METHOD] = request.rpc === '' ? '_OTHER' : `${request.service}/${request.rpc}`;
    if (record.grpcStatus >= 0) attributes[ATTR_RPC_STATUS_CODE] = statusName(record.grpcStatus);
    attributes['pillion.messages_in'] = record.messagesIn;
    attributes['pillion.messages_out'] = record.messagesOut;
  } else {
    attributes[ATTR_HTTP_REQUEST_METHOD] = request.method;
    attributes[ATTR_URL_SCHEME] = request.scheme;
    attributes[ATTR_URL_PATH] = request.path.split('?', 1)[0];
    if (record.httpStatus >= 0) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = record.httpStatus;
  }
}

/**
 * What went wrong on the serving side, empty when nothing did: the gRPC statuses that the conventions count as a server's
 * errors ("gRPC", server spans), 5xx, and streams cut by anyone but the client.
 */
export function errorType(record: StreamRecord): string {
  const { grpcStatus, httpStatus, termination } = record;
  switch (grpcStatus) {
    case GRPC_STATUS.UNKNOWN:
    case GRPC_STATUS.DEADLINE_EXCEEDED:
    case GRPC_STATUS.UNIMPLEMENTED:
    case GRPC_STATUS.INTERNAL:
    case GRPC_STATUS.UNAVAILABLE:
    case GRPC_STATUS.DATA_LOSS:
      return statusName(grpcStatus);
  }
  if (grpcStatus < 0 && httpStatus >= 500) return String(httpStatus);
  const who = termination.charAt(0);
  // C: the client left; c: it fell silent; -: an ordinary end.
  return grpcStatus < 0 && who !== '-' && who !== 'C' && who !== 'c' ? termination : '';
}
