/** Whether a header section, body bytes, or a larger window may come on a stream as it stands (RFC 9113 §5.1, §8.1). */
import type { FieldList } from '../model/fields.ts';
import { ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } from './errors.ts';
import { MAX_WINDOW_SIZE } from './sender.ts';
import { complaint, contentLength, isWellFormed, type SectionKind } from './validate.ts';

export interface StreamProblem {
  readonly code: number;
  readonly reason: string;
}

/** What is asked about a stream, and kept on it. */
export interface CheckedStream {
  readonly state: string;
  readonly method: string;
  readonly headersSeen: boolean;
  readonly expectedLength: number;
  receivedLength: number;
  receiveWindow: number;
  tunnel: boolean;
}

export const TOO_LARGE: StreamProblem = {
  code: ENHANCE_YOUR_CALM, reason: 'header list larger than our SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §10.5.1)',
};
const DATA_AFTER_END: StreamProblem = { code: STREAM_CLOSED, reason: 'DATA after END_STREAM (RFC 9113 §5.1)' };
const DATA_BEFORE_HEADERS: StreamProblem = { code: PROTOCOL_ERROR, reason: 'DATA before HEADERS (RFC 9113 §8.1)' };
const BEYOND_WINDOW: StreamProblem = { code: FLOW_CONTROL_ERROR, reason: 'DATA beyond the stream window (RFC 9113 §6.9.1)' };
const ENDED: StreamProblem = { code: STREAM_CLOSED, reason: 'HEADERS after END_STREAM (RFC 9113 §5.1)' };
const UNENDED_TRAILERS: StreamProblem = { code: PROTOCOL_ERROR, reason: 'trailers without END_STREAM (RFC 9113 §8.1)' };
const ENDED_INFORMATIONAL: StreamProblem = { code: PROTOCOL_ERROR, reason: 'informational response with END_STREAM (RFC 9113 §8.1)' };
const NO_INCREMENT: StreamProblem = { code: PROTOCOL_ERROR, reason: 'WINDOW_UPDATE of 0 (RFC 9113 §6.9)' };
const WINDOW_OVERFLOW: StreamProblem = { code: FLOW_CONTROL_ERROR, reason: 'stream window above 2^31-1 (RFC 9113 §6.9.1)' };
const TRAILERS_IN_TUNNEL: StreamProblem = { code: PROTOCOL_ERROR, reason: 'HEADERS within what CONNECT opened (RFC 9113 §8.5)' };
const LENGTH_DIFFERS: StreamProblem = { code: PROTOCOL_ERROR, reason: 'content-length differs from the body (RFC 9113 §8.1.1)' };

/** What is wrong with the section, or null. @param fields null: larger than our limit */
export function sectionProblem(stream: CheckedStream, fields: FieldList | null, kind: SectionKind, endStream: boolean): StreamProblem | null {
  if (stream.state === 'half-closed (remote)') return ENDED;
  if (fields === null) return TOO_LARGE;
  if (!isWellFormed(fields, kind)) return { code: PROTOCOL_ERROR, reason: complaint(fields, kind) ?? 'malformed' };
  switch (kind) {
    case 'request': {
      const length = contentLength(fields);
      return length === -2 || (endStream && length > 0) ? LENGTH_DIFFERS : null;
    }
    case 'response': {
      if (isInformational(fields)) return endStream ? ENDED_INFORMATIONAL : null;
      const length = contentLength(fields);
      if (length === -2) return LENGTH_DIFFERS;
      return endStream && length > 0 && stream.method !== 'CONNECT' && !isBodiless(stream.method, fields) ? LENGTH_DIFFERS : null;
    }
    case 'trailers':
      if (stream.tunnel) return TRAILERS_IN_TUNNEL;
      if (!endStream) return UNENDED_TRAILERS;
      return stream.expectedLength >= 0 && stream.receivedLength !== stream.expectedLength ? LENGTH_DIFFERS : null;
  }
}

/** A 1xx response: others follow on the stream (RFC 9110 §15.2). */
export function isInformational(fields: FieldList): boolean {
  return fields.get(':status')?.charCodeAt(0) === 0x31;
}

/** Octets of body that are to come behind the section, -1 for as many as come. */
export function announcedLength(stream: CheckedStream, fields: FieldList, kind: SectionKind): number {
  const { method } = stream;
  if (kind === 'response' && isBodiless(method, fields)) return 0;
  // What CONNECT opens is no body (RFC 9110 §9.3.6).
  if (method === 'CONNECT') {
    stream.tunnel = kind === 'request' || fields.get(':status')?.charCodeAt(0) === 0x32;
    if (stream.tunnel) return -1;
  }
  return contentLength(fields);
}

/** A response to HEAD, 204 and 304 have no body, whatever length they announce (RFC 9113 §8.1.1, RFC 9110 §6.4.1). */
function isBodiless(method: string, fields: FieldList): boolean {
  const status = fields.get(':status');
  return status === '204' || status === '304' || method === 'HEAD';
}

/** What is wrong with a WINDOW_UPDATE that makes the stream's window `sendWindow`, or null. */
export function windowProblem(sendWindow: number, increment: number): StreamProblem | null {
  if (increment === 0) return NO_INCREMENT;
  return sendWindow > MAX_WINDOW_SIZE ? WINDOW_OVERFLOW : null;
}

/** What is wrong with a DATA frame of `length` octets, `padding` of them no body, or null; then they are counted. */
export function dataProblem(stream: CheckedStream, length: number, padding: number, endStream: boolean): StreamProblem | null {
  if (stream.state === 'half-closed (remote)') return DATA_AFTER_END;
  if (!stream.headersSeen) return DATA_BEFORE_HEADERS;
  stream.receiveWindow -= length;
  if (stream.receiveWindow < 0) return BEYOND_WINDOW;
  if (stream.expectedLength < 0) return null;
  stream.receivedLength += length - padding;
  const { expectedLength, receivedLength } = stream;
  return receivedLength > expectedLength || (endStream && receivedLength !== expectedLength) ? LENGTH_DIFFERS : null;
}
