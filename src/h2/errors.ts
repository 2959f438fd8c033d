/** HTTP/2 error codes and the two scopes of an error (RFC 9113 §5.4, §7). */
import { HpackError } from './hpack/error.ts';

export const NO_ERROR = 0x0;
export const PROTOCOL_ERROR = 0x1;
export const INTERNAL_ERROR = 0x2;
export const FLOW_CONTROL_ERROR = 0x3;
export const SETTINGS_TIMEOUT = 0x4;
export const STREAM_CLOSED = 0x5;
export const FRAME_SIZE_ERROR = 0x6;
export const REFUSED_STREAM = 0x7;
export const CANCEL = 0x8;
export const COMPRESSION_ERROR = 0x9;
export const CONNECT_ERROR = 0xa;
export const ENHANCE_YOUR_CALM = 0xb;
export const INADEQUATE_SECURITY = 0xc;
export const HTTP_1_1_REQUIRED = 0xd;

const NAMES = [
  'NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT', 'STREAM_CLOSED', 'FRAME_SIZE_ERROR',
  'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR', 'CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED',
] as const;

/** The registered name of an error code, or its number in hexadecimal. */
export function errorName(code: number): string {
  return NAMES[code] ?? `0x${code.toString(16)}`;
}

/** The peer broke a rule that concerns the connection: it gets GOAWAY and the connection ends (RFC 9113 §5.4.1). */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason);
    this.name = 'ConnectionError';
    this.code = code;
  }
}

/** What a connection that met `error` says: `reason` to us, `debug` to the peer. Errors of our own code are none of the peer's business. */
export function describeError(error: unknown): { readonly code: number; readonly reason: string; readonly debug: string } {
  if (error instanceof ConnectionError) return { code: error.code, reason: error.message, debug: error.message };
  if (error instanceof HpackError) return { code: COMPRESSION_ERROR, reason: error.message, debug: error.message };
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: INTERNAL_ERROR, reason, debug: 'internal error' };
}
