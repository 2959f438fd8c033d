/**
 * The seam between the protocol sessions and the exchange that joins them.
 *
 * A session (h2 today) owns a {@link Half} per stream and tells its {@link HalfSink} what arrives on it. The exchange is the
 * sink of both its halves and calls the other half directly. Nothing here allocates per call: bytes are passed as a view of
 * the buffer in which they were read and are valid during the call only; whoever keeps them copies them.
 */
import type { FieldList } from './fields.ts';

/** One stream on one connection, as its owner drives it. Every method is a no-op once the half is closed. */
export interface Half {
  /** Of a server: it agreed to CONNECT, or to an upgrade: what goes on is no HTTP. Set before its header section is passed on. */
  readonly tunnel: boolean;
  /** Sends a header section. `extra` fields, if any, are sent after it without copying the list. 1xx sections may precede the final one. */
  sendHeaders(fields: FieldList, extra: FieldList | null, endStream: boolean): void;
  /**
   * Sends body bytes `chunk[start, end)`. They are copied before the call returns; what flow control or the socket does not
   * let through yet is held by the half, and {@link HalfSink.onCredit} reports when it left.
   * The caller never has more bytes outstanding than the peer half was granted.
   */
  sendData(chunk: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** Sends the trailer section and ends the stream. Held behind body bytes that have not left. */
  sendTrailers(fields: FieldList): void;
  /** Ends the stream abruptly with an HTTP/2 error code (RFC 9113 §7). The sink hears nothing more. */
  reset(code: number): void;
  /** The receiver took `bytes` body bytes: this half's peer may send as many again. */
  credit(bytes: number): void;
}

/** What a session tells of its halves. `half` says which of the exchange's two it is. */
export interface HalfSink {
  /** A header section arrived; informational (1xx) sections come as calls of their own before the final one. */
  onHeaders(half: Half, fields: FieldList, endStream: boolean): void;
  onData(half: Half, chunk: Uint8Array, start: number, end: number, endStream: boolean): void;
  onTrailers(half: Half, fields: FieldList): void;
  /** The stream ended abruptly; see {@link ResetCause}. The half is closed when this is called. */
  onReset(half: Half, code: number, cause: ResetCause): void;
  /** `bytes` body bytes handed to {@link Half.sendData} left for the socket. */
  onCredit(half: Half, bytes: number): void;
  /** HTTP/1: the client has closed its side behind its request. It may still read the response, or be gone. */
  onPeerEnded?(half: Half): void;
}

/** A connection to a server, on which requests are opened. */
export interface StreamOpener {
  open(sink: HalfSink): Half;
}

/**
 * Who ended a stream abruptly, and whether the peer can have acted on it:
 * - `peer`: RST_STREAM from the peer;
 * - `refused`: the peer says that it did not process the stream (REFUSED_STREAM, or above GOAWAY's last stream id, RFC 9113 §6.8,
 *   §8.7), so that it can be sent again elsewhere;
 * - `local`: this side reset it because the peer broke a rule on this stream;
 * - `connection`: the connection was lost or failed while the stream was open.
 */
export type ResetCause = 'peer' | 'refused' | 'local' | 'connection';
