/** One request to an HTTP/1 server, and the response to it: a half of an exchange. */
import { FieldList } from '../model/fields.ts';
import type { Half, HalfSink } from '../model/exchange.ts';
import type { Output } from '../transport/output.ts';
import { BodyWriter, type OutgoingFraming } from './body-writer.ts';
import type { Asked } from './response.ts';
import { appendText, requestLine, requestText } from './text.ts';
import { newWebSocketKey } from './websocket.ts';

/** What a half needs of its connection. */
export interface ClientHalfOwner {
  readonly output: Output;
  /** The request says that it is the last on the connection. */
  readonly saysClose: boolean;
  credited(half: ClientHalf): void;
  wrote(half: ClientHalf, bytes: number): void;
  requestEnded(half: ClientHalf): void;
  /** The exchange gave up. */
  broken(half: ClientHalf): void;
}

const NOTHING_ASKED: Asked = { method: '', tunnel: '' };
/** Methods whose requests say that they have no content when they have none (RFC 9110 §8.6). */
const WITH_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

export class ClientHalf implements Half {
  readonly sink: HalfSink;
  asked: Asked = NOTHING_ASKED;
  requestEnded = false;
  responseEnded = false;
  closed = false;
  /** The server agreed to CONNECT, or to the upgrade. */
  tunnel = false;
  /** Octets of the response's body that the exchange has not been credited for. */
  outstanding = 0;
  #body: BodyWriter | null = null;
  /** What a client sends ahead of the answer to its upgrade: a server that declines would read it as a request. */
  #early: Buffer[] = [];
  #earlyEnd = false;
  readonly #owner: ClientHalfOwner;

  constructor(owner: ClientHalfOwner, sink: HalfSink) {
    this.#owner = owner;
    this.sink = sink;
  }

  sendHeaders(fields: FieldList, extra: FieldList | null, endStream: boolean): void {
    if (this.closed || this.#body !== null || this.asked !== NOTHING_ASKED) return;
    const { output, saysClose } = this.#owner;
    const line = requestLine(fields);
    const { method, tunnel, length } = line;
    this.asked = { method, tunnel };
    let framing: OutgoingFraming = 'length';
    let framingLine = length >= 0 ? `content-length: ${length}\r\n` : '';
    let more = extra;
    if (tunnel !== '') {
      framingLine = '';
      if (tunnel === 'websocket' && fields.get('sec-websocket-key') === undefined) {
        const key = FieldList.of(['sec-websocket-key', newWebSocketKey()]);
        more = extra === null ? key : new FieldList([...extra.fields, ...key.fields], extra.size + key.size);
      }
    } else if (endStream && length < 0) {
      if (WITH_CONTENT.has(method)) framingLine = 'content-length: 0\r\n';
    } else if (length < 0) {
      framing = 'chunked';
      framingLine = 'transfer-encoding: chunked\r\n';
    }
    appendText(output, requestText(line, fields, more, framingLine, saysClose ? 'close' : ''));
    if (tunnel !== '') {
      this.#earlyEnd = endStream;
      return;
    }
    this.#body = new BodyWriter(output, framing, framing === 'length' && length > 0 ? length : 0);
    if (endStream) this.#end();
  }

  /** The server answered. If an upgrade was asked for, it was declined, and what was sent ahead is of no use. */
  declined(): void {
    if (this.asked.tunnel === '') return;
    this.#early = [];
    this.requestEnded = true;
  }

  /** The server agreed: what follows, and what has come, is no HTTP. */
  opened(): void {
    if (this.closed) return;
    this.#body = new BodyWriter(this.#owner.output, 'open', 0);
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) this.sendData(bytes, 0, bytes.length, false);
    if (this.#earlyEnd) this.#end();
  }

  sendData(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.closed || this.requestEnded) return;
    if (this.#body === null) {
      if (end > start) this.#early.push(Buffer.from(chunk.subarray(start, end)));
      this.#earlyEnd ||= endStream;
      return;
    }
    this.#body.write(chunk, start, end);
    if (end > start) this.#owner.wrote(this, end - start);
    if (endStream) this.#end();
  }

  sendTrailers(fields: FieldList): void {
    if (!this.closed && !this.requestEnded) this.#end(fields);
  }

  #end(trailers?: FieldList): void {
    const body = this.#body;
    if (body !== null) {
      if (!body.whole) {
        this.#owner.broken(this);
        this.sink.onReset(this, 2, 'local');
        return;
      }
      body.end(trailers);
    }
    this.requestEnded = true;
    this.#owner.requestEnded(this);
  }

  reset(_code: number): void {
    if (!this.closed) this.#owner.broken(this);
  }

  credit(bytes: number): void {
    if (this.closed) return;
    this.outstanding -= bytes;
    this.#owner.credited(this);
  }
}
