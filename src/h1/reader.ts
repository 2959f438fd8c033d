/**
 * Messages, one after another, as they are read from a connection: the head by llhttp, then the body in the framing that the head
 * announced (RFC 9112 §6). Only chunked bodies go through the parser; the others are counted.
 *
 *      head ──▶ length ──▶ done ──next()──▶ head
 *        │ ├──▶ chunked ──▲ ▲
 *        │ └────────────────┘ no body, or it has to be decided first what follows
 *        └────▶ open: everything up to the end of the connection
 *
 * Nothing is read beyond the end of a message: {@link MessageReader.read} says how far it came.
 */
import { FieldList, NO_FIELDS } from '../model/fields.ts';
import { Llhttp } from './llhttp.ts';

/** How a message goes on behind its head: a number of octets, or one of these. */
export const CHUNKED = -1;
/** Up to the end of the connection: a body of unknown length, or what is no HTTP any more. */
export const OPEN = -2;
/** This was an interim response, another head follows (RFC 9110 §15.2). */
export const INTERIM = -3;
/** The owner will say by {@link MessageReader.next} or {@link MessageReader.open}. */
export const UNDECIDED = -4;
/** The message is refused: nothing more is read. */
export const REFUSED = -5;

export interface ReaderLimits {
  /** Octets of a header or trailer section, its first line included (tune.bufsize less tune.maxrewrite). */
  readonly maxHead: number;
  /** Fields in a section (tune.http.maxhdr). */
  readonly maxFields: number;
}

/** Why a message is not taken; `status` is what a client is answered. */
export interface Refusal {
  readonly status: 400 | 408 | 414 | 431 | 501 | 505;
  readonly reason: string;
}

export interface ReaderOwner {
  /** A head has come; the answer says what follows. */
  onHead(head: Llhttp): number;
  /** The same head has come again, octet by octet. */
  onHeadAgain(): number;
  /** @param last nothing of the message follows */
  onBody(chunk: Uint8Array, start: number, end: number, last: boolean): void;
  /** A chunked message ended; `trailers` is empty when there were none. */
  onTrailers(trailers: FieldList): void;
  /** What came is no message, or too large; nothing more is read. */
  onMalformed(refusal: Refusal): void;
}

type State = 'head' | 'length' | 'chunked' | 'open' | 'done' | 'stopped';

/** Octets of a head that is compared with the next one. */
const MAX_REMEMBERED = 2048;

export class MessageReader {
  readonly head: Llhttp;
  state: State = 'head';
  readonly #limits: ReaderLimits;
  readonly #owner: ReaderOwner;
  /** Octets of the present section, or of a chunked body's framing since the last octets of body. */
  #sectionLength = 0;
  #remaining = 0;
  /** The last head, where it came in one piece and the one before was as long: connections tend to carry the same again and again. */
  #remembered: Buffer | null = null;
  #lastLength = 0;

  constructor(kind: 'request' | 'response', limits: ReaderLimits, owner: ReaderOwner) {
    this.head = new Llhttp(kind);
    this.#limits = limits;
    this.#owner = owner;
  }

  /** Some of a message has come, and not all of it. */
  get midway(): boolean {
    return this.state === 'head' ? this.#sectionLength > 0 : this.state === 'length' || this.state === 'chunked';
  }

  /** Takes `chunk[start, end)` as far as the message goes; the answer is the position of the first octet that was not taken. */
  read(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      switch (this.state) {
        case 'head':
          at = this.#readHead(chunk, at, end);
          break;
        case 'length':
          at = this.#readLength(chunk, at, end);
          break;
        case 'chunked':
          at = this.#readChunked(chunk, at, end);
          break;
        case 'open':
          this.#owner.onBody(chunk, at, end, false);
          return end;
        case 'done':
          return at;
        case 'stopped':
          return end;
      }
    }
    return at;
  }

  /** The present message is over: a head is next. */
  next(): void {
    if (this.state === 'stopped') return;
    this.head.reset();
    this.#sectionLength = 0;
    this.state = 'head';
  }

  /** The next head is read even if it is the last one again. */
  forget(): void {
    this.#remembered = null;
    this.#lastLength = 0;
  }

  /** What follows is not HTTP any more. */
  open(): void {
    if (this.state === 'stopped') return;
    this.state = 'open';
  }

  /** Reads nothing more, and gives back the parser's memory. */
  stop(): void {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.head.free();
  }

  #readHead(chunk: Uint8Array, start: number, end: number): number {
    const { head } = this;
    const remembered = this.#sectionLength === 0 ? this.#remembered : null;
    if (remembered !== null && end - start >= remembered.length && remembered.compare(chunk, start, start + remembered.length) === 0) {
      this.state = 'done';
      this.#begin(this.#owner.onHeadAgain());
      return start + remembered.length;
    }
    const whole = this.#sectionLength === 0;
    head.feed(chunk, start, end);
    const event = head.next();
    this.#sectionLength += head.position - start;
    if (event === 'error') {
      this.#malformed({ status: 400, reason: `malformed HTTP/1: ${head.reason}` });
    } else if (this.#sectionLength > this.#limits.maxHead) {
      const { maxHead } = this.#limits;
      const long = head.url.length > maxHead / 2;
      this.#malformed({ status: long ? 414 : 431, reason: `more than ${maxHead} octets of ${long ? 'request target' : 'header fields'}` });
    } else if (head.names.length > this.#limits.maxFields) {
      this.#malformed({ status: 431, reason: `more than ${this.#limits.maxFields} header fields (tune.http.maxhdr)` });
    } else if (event === 'head') {
      const { position } = head;
      this.#sectionLength = 0;
      this.state = 'done';
      const follows = this.#owner.onHead(head);
      this.#remember(chunk, start, whole && follows !== CHUNKED && follows !== REFUSED ? position : start);
      this.#begin(follows);
      return position;
    }
    return head.position;
  }

  /** Chunked messages are not among them: the parser has to have seen their heads. */
  #remember(chunk: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const repeats = length > 0 && length === this.#lastLength && length <= MAX_REMEMBERED;
    this.#remembered = repeats ? Buffer.from(chunk.subarray(start, end)) : null;
    this.#lastLength = length;
  }

  /** The owner may have answered the message already, so that the state is another by now. */
  #begin(follows: number): void {
    if (this.state !== 'done') return;
    switch (follows) {
      case CHUNKED:
        this.head.forgetHead();
        this.state = 'chunked';
        return;
      case OPEN:
        this.state = 'open';
        return;
      case INTERIM:
        this.next();
        return;
      case REFUSED:
        this.stop();
        return;
      case UNDECIDED:
      case 0:
        return;
      default:
        this.#remaining = follows;
        this.state = 'length';
    }
  }

  #readLength(chunk: Uint8Array, start: number, end: number): number {
    const size = Math.min(end - start, this.#remaining);
    this.#remaining -= size;
    const last = this.#remaining === 0;
    if (last) this.state = 'done';
    this.#owner.onBody(chunk, start, start + size, last);
    return start + size;
  }

  #readChunked(chunk: Uint8Array, start: number, end: number): number {
    const { head } = this;
    head.feed(chunk, start, end);
    let seen = start;
    while (this.state === 'chunked') {
      const event = head.next();
      this.#sectionLength += head.position - seen;
      seen = head.position;
      if (event === 'body') this.#sectionLength -= head.bodyEnd - head.bodyStart;
      if (event === 'error') {
        this.#malformed({ status: 400, reason: `malformed HTTP/1: ${head.reason}` });
      } else if (this.#sectionLength > this.#limits.maxHead || head.names.length > this.#limits.maxFields) {
        this.#malformed({ status: 431, reason: 'trailers or chunk extensions are too long' });
      } else if (event === 'body') {
        this.#sectionLength = 0;
        this.#owner.onBody(chunk, head.bodyStart, head.bodyEnd, false);
      } else if (event === 'complete') {
        this.state = 'done';
        this.#owner.onTrailers(trailerFields(head));
      } else {
        break;
      }
    }
    return seen;
  }

  #malformed(refusal: Refusal): void {
    this.stop();
    this.#owner.onMalformed(refusal);
  }
}

/** What must not be in trailers: framing, routing, credentials and what only concerns the connection (RFC 9110 §6.5.1). */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  'transfer-encoding', 'content-length', 'host', 'connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'trailer', 'expect',
  'authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'content-type', 'content-encoding', 'content-range',
]);

function trailerFields(head: Llhttp): FieldList {
  if (head.names.length === 0) return NO_FIELDS;
  const pairs: [string, string][] = [];
  head.names.forEach((name, index) => {
    if (!NOT_IN_TRAILERS.has(name)) pairs.push([name, head.values[index] ?? '']);
  });
  return FieldList.of(...pairs);
}
