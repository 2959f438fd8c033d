/** Limits of an HTTP/2 connection and what its owner hears. */
import type { FieldList } from '../model/fields.ts';
import type { HalfSink } from '../model/exchange.ts';
import type { Http2Stream } from './stream.ts';
import type { Settings } from './frame/settings.ts';
import { initialSettings } from './frame/settings.ts';

export type Role = 'server' | 'client';

/** What we announce and enforce. */
export interface Http2Options {
  readonly role: Role;
  readonly settings: Readonly<Settings>;
  /** Octets by which the windows of the streams together may outgrow their initial size. */
  readonly rxbuf: number;
  /** Client role: streams that we open at once, however many more the peer would take. */
  readonly maxOpened: number;
  /** The connection's receive window, octets. It is given back at once: streams' windows are what holds a sender. */
  readonly connectionWindow: number;
  /** Glitches at which the connection ends, 0: never (glitches.ts). */
  readonly glitchesThreshold: number;
  /** Server role: streams after which the connection is drained, 0: never. */
  readonly maxTotalStreams: number;
  /** Frames, and RST_STREAM among them, that are handled before other connections have their turn, 0: any number. */
  readonly maxFramesAtOnce: number;
  readonly maxRstAtOnce: number;
  /** Bytes that may wait for a peer that does not read, before the connection is given up. */
  readonly maxUnread: number;
}

/** What may be chosen (`tune.h2.…`); sizes in octets. */
export interface Http2Limits {
  readonly initialWindowSize: number;
  readonly rxbuf: number;
  readonly maxConcurrentStreams: number;
  readonly maxFrameSize: number;
  readonly headerTableSize: number;
  readonly glitchesThreshold: number;
  readonly maxTotalStreams: number;
  readonly maxFramesAtOnce: number;
  readonly maxRstAtOnce: number;
}

const CONNECTION_WINDOW = 16 * 1024 * 1024;
const MAX_HEADER_LIST_SIZE = 65_536;
const MAX_UNREAD = 4 * 1024 * 1024;

/** For connections with clients. */
export function serverOptions({ initialWindowSize, maxConcurrentStreams, maxFrameSize, headerTableSize, ...limits }: Http2Limits): Http2Options {
  const settings = {
    ...initialSettings(), initialWindowSize, maxConcurrentStreams, maxFrameSize, headerTableSize, maxHeaderListSize: MAX_HEADER_LIST_SIZE,
    enableConnectProtocol: true,
  };
  return { role: 'server', settings, ...limits, maxOpened: 0, connectionWindow: CONNECTION_WINDOW, maxUnread: MAX_UNREAD };
}

/** For connections with servers. */
export function clientOptions({ initialWindowSize, maxConcurrentStreams, maxFrameSize, headerTableSize, ...limits }: Http2Limits): Http2Options {
  const settings = {
    ...initialSettings(), initialWindowSize, maxFrameSize, headerTableSize, enablePush: false, maxHeaderListSize: MAX_HEADER_LIST_SIZE,
  };
  return { role: 'client', settings, ...limits, maxOpened: maxConcurrentStreams, connectionWindow: CONNECTION_WINDOW, maxUnread: MAX_UNREAD };
}

export interface ConnectionEvents {
  /** Server role: a request begins. The answer becomes the stream's sink and hears of the header section next. */
  onStream(stream: Http2Stream): HalfSink;
  /** A stream has left the table; capacity may be free. */
  onStreamClosed(stream: Http2Stream): void;
  /** The peer's first SETTINGS frame was applied: its limits are known. */
  onReady(): void;
  /** Server role: the request's header list is above our limit; `beginning` is what was kept of it. The owner answers. */
  onTooLarge(stream: Http2Stream, beginning: FieldList, endStream: boolean): void;
  /** Something that honest peers do rarely: see glitches.ts. */
  onGlitch(): void;
  /** The connection should take no new streams and end when those under way have. @param odd for what the peer did, not for its age */
  onRecycle(reason: string, odd: boolean): void;
  /** The peer sent GOAWAY. Streams above `lastStreamId` have been reset as refused. */
  onGoAway(lastStreamId: number, code: number, debug: string): void;
  onPingAck(): void;
  /** As much was handled as may be at once: the owner reads no more for now and calls {@link Http2Connection.resume} in a later turn. */
  onHeld(): void;
  /** The peer broke a rule on one stream, which was reset with `code`. */
  onStreamError(streamId: number, code: number, reason: string): void;
  /** The connection failed: GOAWAY(code) is in the output, every stream was reset. The owner flushes and closes. */
  onConnectionError(code: number, reason: string): void;
  /** Draining has ended: no streams are left and none can come. The owner flushes and closes. */
  onDrained(): void;
}
