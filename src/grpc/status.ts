/** gRPC status codes, the mappings onto them, and responses that consist of a status only. */
import { FieldList } from '../model/fields.ts';

/** The names of the 17 codes; the index is the number. */
export const STATUS_NAMES = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE',
  'DATA_LOSS', 'UNAUTHENTICATED',
] as const;

export type StatusName = (typeof STATUS_NAMES)[number];

/** The numbers of the 17 codes. */
export const GRPC_STATUS: Readonly<Record<StatusName, number>> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

/** The name of a code, or its number as text when it is none of the 17. */
export function statusName(code: number): string {
  return STATUS_NAMES[code] ?? String(code);
}

/** The value of a grpc-status field (plain ASCII digits), or -1 when there is none or it is malformed. */
export function parseStatus(value: string | undefined): number {
  if (value === undefined || value.length === 0 || value.length > 9) return -1;
  let code = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    code = code * 10 + digit;
  }
  return code;
}

/** What a response without grpc-status means, by its HTTP status (gRPC, "HTTP to gRPC Status Code Mapping"). */
export function statusOfHttp(httpStatus: number): number {
  switch (httpStatus) {
    case 400: return GRPC_STATUS.INTERNAL;
    case 401: return GRPC_STATUS.UNAUTHENTICATED;
    case 403: return GRPC_STATUS.PERMISSION_DENIED;
    case 404: return GRPC_STATUS.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504: return GRPC_STATUS.UNAVAILABLE;
    default: return GRPC_STATUS.UNKNOWN;
  }
}

/** What a stream's reset means, by its HTTP/2 error code (gRPC over HTTP/2, "Errors"; RFC 9113 §7). */
export function statusOfReset(errorCode: number): number {
  switch (errorCode) {
    case 0x0: // NO_ERROR
    case 0x1: // PROTOCOL_ERROR
    case 0x2: // INTERNAL_ERROR
    case 0x3: // FLOW_CONTROL_ERROR
    case 0x4: // SETTINGS_TIMEOUT
    case 0x6: // FRAME_SIZE_ERROR
    case 0x9: // COMPRESSION_ERROR
    case 0xa: // CONNECT_ERROR
      return GRPC_STATUS.INTERNAL;
    case 0x7: return GRPC_STATUS.UNAVAILABLE; // REFUSED_STREAM
    case 0x8: return GRPC_STATUS.CANCELLED; // CANCEL
    case 0xb: return GRPC_STATUS.RESOURCE_EXHAUSTED; // ENHANCE_YOUR_CALM
    case 0xc: return GRPC_STATUS.PERMISSION_DENIED; // INADEQUATE_SECURITY
    default: return GRPC_STATUS.UNKNOWN; // STREAM_CLOSED, HTTP_1_1_REQUIRED and whatever is not registered
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Percent-encodes a grpc-message: the UTF-8 octets outside 0x20–0x7E, and `%` (gRPC over HTTP/2, "Responses"). */
export function encodeMessage(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  let encoded = '';
  for (const octet of encoder.encode(text)) {
    if (octet >= 0x20 && octet <= 0x7e && octet !== 0x25) encoded += String.fromCharCode(octet);
    else encoded += `%${octet < 0x10 ? '0' : ''}${octet.toString(16).toUpperCase()}`;
  }
  return encoded;
}

/** Decodes a grpc-message. Sequences that are no escapes stay as they are and bad UTF-8 becomes U+FFFD: it never fails. */
export function decodeMessage(value: string): string {
  const octets = new Uint8Array(value.length);
  let length = 0;
  for (let i = 0; i < value.length; i++) {
    const hex = value.charCodeAt(i) === 0x25 ? value.slice(i + 1, i + 3) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      octets[length++] = Number.parseInt(hex, 16);
      i += 2;
    } else {
      octets[length++] = value.charCodeAt(i) & 0xff;
    }
  }
  return decoder.decode(octets.subarray(0, length));
}

/** Lists kept by {@link trailersOnly}; beyond them the oldest goes. */
const KEPT_LISTS = 64;
const lists = new Map<string, FieldList>();

/**
 * The header section that ends a gRPC stream with a status and nothing else ("Trailers-Only").
 * The same code and message give the same list, so that its encoding is remembered too.
 */
export function trailersOnly(code: number, message: string): FieldList {
  const key = `${code} ${message}`;
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list = FieldList.of(
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-status', String(code)],
    ['grpc-message', encodeMessage(message)],
  );
  if (lists.size >= KEPT_LISTS) {
    const [oldest] = lists.keys();
    if (oldest !== undefined) lists.delete(oldest);
  }
  lists.set(key, list);
  return list;
}
