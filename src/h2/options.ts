/** Limits of an HTTP/2 connection and what its owner hears. */
import type { HalfSink } from '../model/exchange.ts';
import type { Http2Stream } from './stream.ts';
import type { Settings } from './frame/settings.ts';
import { initialSettings } from './frame/settings.ts';

export type Role = 'server' | 'client';

/** What we announce and enforce. */
export interface Http2Options {
  readonly role: Role;
  readonly settings: Readonly<Settings>;
  /** The connection's receive window, octets. It is given back at once: streams' windows are what holds a sender. */
  readonly connectionWindow: number;
  /** Bytes that may wait for a peer that does not read, before the connection is given up. */
  readonly maxUnread: number;
}

export const SERVER_OPTIONS: Http2Options = {
  role: 'server',
  settings: { ...initialSettings(), maxConcurrentStreams: 1024, maxHeaderListSize: 65_536 },
  connectionWindow: 1024 * 1024,
  maxUnread: 4 * 1024 * 1024,
};

export const CLIENT_OPTIONS: Http2Options = {
  role: 'client',
  settings: { ...initialSettings(), enablePush: false, maxHeaderListSize: 65_536 },
  connectionWindow: 1024 * 1024,
  maxUnread: 4 * 1024 * 1024,
};

export interface ConnectionEvents {
  /** Server role: a request begins. The answer becomes the stream's sink and hears of the header section next. */
  onStream(stream: Http2Stream): HalfSink;
  /** A stream has left the table; capacity may be free. */
  onStreamClosed(stream: Http2Stream): void;
  /** The peer's first SETTINGS frame was applied: its limits are known. */
  onReady(): void;
  /** The peer sent GOAWAY. Streams above `lastStreamId` have been reset as refused. */
  onGoAway(lastStreamId: number, code: number, debug: string): void;
  onPingAck(): void;
  /** The peer broke a rule on one stream, which was reset with `code`. */
  onStreamError(streamId: number, code: number, reason: string): void;
  /** The connection failed: GOAWAY(code) is in the output, every stream was reset. The owner flushes and closes. */
  onConnectionError(code: number, reason: string): void;
  /** Draining has ended: no streams are left and none can come. The owner flushes and closes. */
  onDrained(): void;
}
