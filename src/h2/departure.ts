/** The orderly end of a connection (RFC 9113 §6.8): which GOAWAY were sent and received, and when nothing is left to wait for. */
import type { Output } from '../transport/output.ts';
import { ConnectionError, NO_ERROR, PROTOCOL_ERROR } from './errors.ts';
import { writeGoAway } from './frame/control.ts';
import { MAX_STREAM_ID, type StreamTable } from './stream-table.ts';

export class Departure {
  /** GOAWAY was received or sent, or no identifiers are left: no new streams. */
  begun = false;
  readonly #output: Output;
  readonly #streams: StreamTable;
  readonly #server: boolean;
  /** The last stream that the peer's GOAWAY named. */
  #lastTaken: number = MAX_STREAM_ID;

  constructor(output: Output, streams: StreamTable, server: boolean) {
    this.#output = output;
    this.#streams = streams;
    this.#server = server;
  }

  /** A server takes streams up to this one only. @throws ConnectionError when it said less before */
  taken(lastStreamId: number): void {
    if (lastStreamId > this.#lastTaken) throw new ConnectionError(PROTOCOL_ERROR, 'GOAWAY that takes more streams than one before it (RFC 9113 §6.8)');
    this.#lastTaken = lastStreamId;
    this.begun = true;
  }

  /** First step: the peer is told to open no more streams; those under way are still taken. */
  announce(debug: string): void {
    this.begun = true;
    writeGoAway(this.#output, this.#server ? MAX_STREAM_ID : 0, NO_ERROR, debug);
  }

  /** Second step: the last stream that is taken is named. False when it has been. */
  finish(debug: string): boolean {
    if (this.#streams.lastAccepted !== MAX_STREAM_ID) return false;
    this.begun = true;
    this.#streams.lastAccepted = this.#streams.lastPeerId;
    this.fail(NO_ERROR, debug);
    return true;
  }

  /** GOAWAY(code). */
  fail(code: number, debug: string): void {
    writeGoAway(this.#output, this.#streams.lastProcessed, code, debug);
  }

  /** No streams are left and none can come. */
  get complete(): boolean {
    return this.begun && this.#streams.size === 0 && (!this.#server || this.#streams.lastAccepted !== MAX_STREAM_ID);
  }
}
