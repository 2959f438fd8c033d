/** The streams of a connection, and what is known of those that are not among them: never opened, ended, or reset by us (RFC 9113 §5.1). */
import { ConnectionError, FLOW_CONTROL_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } from './errors.ts';
import { IdMap } from './id-map.ts';
import { RecentIds } from './recent-ids.ts';
import { MAX_WINDOW_SIZE, type Sender } from './sender.ts';
import type { Http2Stream } from './stream.ts';

export const MAX_STREAM_ID = 0x7fffffff;

/** As many as a peer may have open: all of them can be reset at once, with frames of theirs under way. */
const REMEMBERED_RESETS = 1024;
/** Honest peers skip no identifiers; of one that does, the last gaps are known. */
const REMEMBERED_GAPS = 16;

export class StreamTable {
  /** The highest identifier that the peer opened. */
  lastPeerId = 0;
  /** Streams opened by either side, ever. */
  opened = 0;
  /** What we open next (client role). */
  nextId = 1;
  /** Streams above this came after our final GOAWAY and are ignored (RFC 9113 §6.8). */
  lastAccepted: number = MAX_STREAM_ID;
  /** Identifiers that the peer passed over, first and last of each gap. */
  #gaps: (readonly [number, number])[] | null = null;
  readonly #server: boolean;
  readonly #streams = new IdMap<Http2Stream>();
  /** Streams that we reset lately: what the peer sent before it knew is ignored. */
  readonly #resetByUs = new RecentIds(REMEMBERED_RESETS);

  constructor(server: boolean) {
    this.#server = server;
  }

  /** Open streams. */
  get size(): number {
    return this.#streams.size;
  }

  get(id: number): Http2Stream | undefined {
    return this.#streams.get(id);
  }

  add(stream: Http2Stream): void {
    this.opened++;
    this.#streams.add(stream.id, stream);
  }

  delete(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
  }

  values(): Http2Stream[] {
    return this.#streams.values();
  }

  /** The peer opens `id`, a new stream. */
  openedByPeer(id: number): void {
    if (id !== this.lastPeerId + 2 && id !== 1) {
      this.#gaps = [...(this.#gaps ?? []).slice(1 - REMEMBERED_GAPS), [this.lastPeerId + 1, id - 1]];
    }
    this.lastPeerId = id;
  }

  /** Closed without having been opened: a higher identifier was (RFC 9113 §5.1.1). */
  #wasSkipped(id: number): boolean {
    return this.#gaps?.some(([first, last]) => first <= id && id <= last) === true;
  }

  rememberReset(id: number): void {
    this.#resetByUs.add(id);
  }

  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE changed. @throws ConnectionError when that makes a window overflow (RFC 9113 §6.9.2) */
  changeSendWindows(change: number, sender: Sender): void {
    for (const stream of this.#streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW_SIZE) throw new ConnectionError(FLOW_CONTROL_ERROR, 'SETTINGS makes a stream window overflow (RFC 9113 §6.9.2)');
      if (stream.pending !== null) sender.enqueue(stream);
    }
  }

  /** What our GOAWAY names: never more than an earlier one did (RFC 9113 §6.8). */
  get lastProcessed(): number {
    return Math.min(this.lastPeerId, this.lastAccepted);
  }

  /** True for a new stream of the peer's. */
  isNew(id: number): boolean {
    return this.#server && (id & 1) === 1 && id > this.lastPeerId;
  }

  /** Never opened by either side. */
  #isIdle(id: number): boolean {
    if (id === 0) return true;
    const own = ((id & 1) === 1) !== this.#server;
    return own ? id >= this.nextId : id > this.lastPeerId;
  }

  /** A frame that closed streams may get, and streams that were never opened may not. @throws ConnectionError */
  checkIdle(id: number, frame: string): void {
    if (this.#isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `${frame} on an idle stream (RFC 9113 §5.1)`);
  }

  /** A frame that needs a stream came where there is none. @throws ConnectionError unless it may have been under way when we reset the stream */
  checkClosed(id: number, frame: string): void {
    this.checkIdle(id, frame);
    if (id > this.lastAccepted || this.#resetByUs.mayHave(id)) return;
    if (this.#wasSkipped(id)) throw new ConnectionError(PROTOCOL_ERROR, `${frame} on a stream below the last that was opened (RFC 9113 §5.1.1)`);
    throw new ConnectionError(STREAM_CLOSED, `${frame} on a closed stream (RFC 9113 §5.1)`);
  }
}
