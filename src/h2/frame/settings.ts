/** SETTINGS (RFC 9113 §6.5): the frame and the values. */
import type { Output } from '../../transport/output.ts';
import { ConnectionError, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from '../errors.ts';
import { FLAG_ACK, HEADER_SIZE, readUint32, SETTINGS, writeHeader, writeUint32 } from './header.ts';

const HEADER_TABLE_SIZE = 0x1;
const ENABLE_PUSH = 0x2;
const MAX_CONCURRENT_STREAMS = 0x3;
const INITIAL_WINDOW_SIZE = 0x4;
const MAX_FRAME_SIZE = 0x5;
const MAX_HEADER_LIST_SIZE = 0x6;
const ENABLE_CONNECT_PROTOCOL = 0x8;

/** One side's settings; sizes in octets. */
export interface Settings {
  headerTableSize: number;
  enablePush: boolean;
  maxConcurrentStreams: number;
  initialWindowSize: number;
  maxFrameSize: number;
  maxHeaderListSize: number;
  /** A server takes CONNECT with `:protocol` (RFC 8441 §3). */
  enableConnectProtocol: boolean;
}

/** The values in force before the peer's first SETTINGS frame (RFC 9113 §6.5.2). */
export function initialSettings(): Settings {
  return {
    headerTableSize: 4096,
    enablePush: true,
    maxConcurrentStreams: Infinity,
    initialWindowSize: 65_535,
    maxFrameSize: 16_384,
    maxHeaderListSize: Infinity,
    enableConnectProtocol: false,
  };
}

/** Writes a SETTINGS frame with those values of `settings` that differ from the initial ones. */
export function writeSettings(out: Output, settings: Settings): void {
  const initial = initialSettings();
  const pairs: (readonly [number, number])[] = [];
  if (settings.headerTableSize !== initial.headerTableSize) pairs.push([HEADER_TABLE_SIZE, settings.headerTableSize]);
  if (settings.enablePush !== initial.enablePush) pairs.push([ENABLE_PUSH, Number(settings.enablePush)]);
  if (settings.maxConcurrentStreams !== initial.maxConcurrentStreams) pairs.push([MAX_CONCURRENT_STREAMS, settings.maxConcurrentStreams]);
  if (settings.initialWindowSize !== initial.initialWindowSize) pairs.push([INITIAL_WINDOW_SIZE, settings.initialWindowSize]);
  if (settings.maxFrameSize !== initial.maxFrameSize) pairs.push([MAX_FRAME_SIZE, settings.maxFrameSize]);
  if (settings.maxHeaderListSize !== initial.maxHeaderListSize) pairs.push([MAX_HEADER_LIST_SIZE, settings.maxHeaderListSize]);
  if (settings.enableConnectProtocol) pairs.push([ENABLE_CONNECT_PROTOCOL, 1]);
  out.reserve(HEADER_SIZE + 6 * pairs.length);
  const { bytes } = out;
  let at = writeHeader(bytes, out.position, 6 * pairs.length, SETTINGS, 0, 0);
  for (const [id, value] of pairs) {
    bytes[at] = 0;
    bytes[at + 1] = id;
    at = writeUint32(bytes, at + 2, value);
  }
  out.position = at;
}

export function writeSettingsAck(out: Output): void {
  out.reserve(HEADER_SIZE);
  out.position = writeHeader(out.bytes, out.position, 0, SETTINGS, FLAG_ACK, 0);
}

/** Checks SETTINGS' shape: true for an acknowledgement, false for settings. @throws ConnectionError */
export function settingsAcknowledged(length: number, flags: number, streamId: number): boolean {
  if (streamId !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'SETTINGS on a stream (RFC 9113 §6.5)');
  if ((flags & FLAG_ACK) !== 0) {
    if (length !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'SETTINGS ACK with a payload (RFC 9113 §6.5)');
    return true;
  }
  if (length % 6 !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'SETTINGS is not a multiple of 6 octets (RFC 9113 §6.5)');
  return false;
}

/**
 * Applies the payload `bytes[start, end)` of a peer's SETTINGS frame to `settings`. Unknown settings are ignored.
 * @param fromServer the peer is a server: it must not send ENABLE_PUSH 1
 * @throws ConnectionError when a value is out of its range
 */
export function readSettings(bytes: Uint8Array, start: number, end: number, settings: Settings, fromServer: boolean): void {
  for (let at = start; at + 6 <= end; at += 6) {
    const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const value = readUint32(bytes, at + 2);
    switch (id) {
      case HEADER_TABLE_SIZE:
        settings.headerTableSize = value;
        break;
      case ENABLE_PUSH:
        if (value > 1 || (fromServer && value === 1)) {
          throw new ConnectionError(PROTOCOL_ERROR, `SETTINGS_ENABLE_PUSH is ${value} (RFC 9113 §6.5.2)`);
        }
        settings.enablePush = value === 1;
        break;
      case MAX_CONCURRENT_STREAMS:
        settings.maxConcurrentStreams = value;
        break;
      case INITIAL_WINDOW_SIZE:
        if (value > 0x7fffffff) {
          throw new ConnectionError(FLOW_CONTROL_ERROR, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}, above 2^31-1 (RFC 9113 §6.5.2)`);
        }
        settings.initialWindowSize = value;
        break;
      case MAX_FRAME_SIZE:
        if (value < 16_384 || value > 16_777_215) {
          throw new ConnectionError(PROTOCOL_ERROR, `SETTINGS_MAX_FRAME_SIZE is ${value}, outside 2^14 to 2^24-1 (RFC 9113 §6.5.2)`);
        }
        settings.maxFrameSize = value;
        break;
      case MAX_HEADER_LIST_SIZE:
        settings.maxHeaderListSize = value;
        break;
      case ENABLE_CONNECT_PROTOCOL:
        if (value > 1 || (value === 0 && settings.enableConnectProtocol)) {
          throw new ConnectionError(PROTOCOL_ERROR, `SETTINGS_ENABLE_CONNECT_PROTOCOL is ${value}, or no longer 1 (RFC 8441 §3)`);
        }
        settings.enableConnectProtocol = value === 1;
        break;
    }
  }
}
