/** One request of an HTTP/1 client, and the response to it: a half of an exchange. */
import type { FieldList } from '../model/fields.ts';
import type { Half, HalfSink } from '../model/exchange.ts';
import type { Output } from '../transport/output.ts';
import { BodyWriter, type OutgoingFraming } from './body-writer.ts';
import { contentLength } from './content-length.ts';
import type { Request } from './request.ts';
import { appendText, responseText } from './text.ts';
import { webSocketAccept } from './websocket.ts';

/** What a half needs of its connection. */
export interface ServerHalfOwner {
  readonly output: Output;
  /** The connection may be kept as far as its owner is concerned. */
  readonly keeps: boolean;
  /** The half has fewer octets outstanding than before. */
  credited(half: ServerHalf): void;
  /** The server agreed to what the request asked for: what follows is no HTTP. */
  opened(half: ServerHalf): void;
  /** It did not: the client goes on with HTTP behind the response. */
  declined(half: ServerHalf): void;
  responseEnded(half: ServerHalf): void;
  /** Octets of body were written; they count as taken at once, or when the socket drains. */
  wrote(half: ServerHalf, bytes: number): void;
  /** The exchange wants no more of the connection. `orderly`: what was written still leaves. */
  broken(half: ServerHalf, orderly: boolean): void;
}

export class ServerHalf implements Half {
  /** Set before anything is told to it. */
  sink: HalfSink | null = null;
  /** null: it could not be read, and is answered all the same. */
  readonly request: Request | null;
  readonly tunnel = false;
  requestEnded = false;
  responseEnded = false;
  closed = false;
  /** The connection goes on behind the response. */
  keepAlive: boolean;
  /** Octets of the request's body that the exchange has not been credited for. */
  outstanding = 0;
  #body: BodyWriter | null = null;
  readonly #owner: ServerHalfOwner;

  constructor(owner: ServerHalfOwner, request: Request | null) {
    this.#owner = owner;
    this.request = request;
    this.keepAlive = request !== null && request.keepAlive;
  }

  /** The final response's head was written. */
  get answered(): boolean {
    return this.#body !== null;
  }

  sendHeaders(fields: FieldList, extra: FieldList | null, endStream: boolean): void {
    if (this.closed || this.#body !== null) return;
    const status = fields.get(':status') ?? '';
    const tunnel = this.request?.tunnel ?? '';
    if (tunnel !== '' && (tunnel === 'connect' ? status.startsWith('2') : status === '101')) {
      this.#open(status, fields, extra, tunnel);
    } else if (status.startsWith('1')) {
      // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
      if (this.request?.version === 11) appendText(this.#owner.output, responseText(status, fields, extra, '', ''));
      return;
    } else {
      this.#begin(status, fields, extra, endStream, tunnel);
      if (tunnel !== '') this.#owner.declined(this);
    }
    if (endStream) this.#end();
  }

  #begin(status: string, fields: FieldList, extra: FieldList | null, endStream: boolean, tunnel: string): void {
    const { output, keeps } = this.#owner;
    const length = contentLength(fields);
    let framing: OutgoingFraming;
    let line = length >= 0 && status !== '204' ? `content-length: ${length}\r\n` : '';
    if (this.request?.method === 'HEAD' || status === '204' || status === '304') {
      framing = 'bodiless';
    } else if (length >= 0 || endStream) {
      framing = 'length';
      if (length < 0) line = 'content-length: 0\r\n';
    } else if (this.request?.version === 11) {
      framing = 'chunked';
      line = 'transfer-encoding: chunked\r\n';
    } else {
      framing = 'open';
      this.keepAlive = false;
    }
    // A client whose request is turned down is not read to its end.
    if (!keeps || (!this.requestEnded && status >= '400' && tunnel === '')) this.keepAlive = false;
    this.#body = new BodyWriter(output, framing, framing === 'length' && length > 0 ? length : 0);
    appendText(output, responseText(status, fields, extra, line, this.keepAlive ? (this.request?.version === 10 ? 'keep-alive' : '') : 'close'));
  }

  #open(status: string, fields: FieldList, extra: FieldList | null, tunnel: string): void {
    const { output } = this.#owner;
    let line = '';
    if (tunnel !== 'connect') {
      line = `upgrade: ${tunnel}\r\n`;
      const key = this.request?.fields.get('sec-websocket-key');
      // A server that speaks HTTP/2 has no reason to answer the key.
      if (tunnel === 'websocket' && key !== undefined && fields.get('sec-websocket-accept') === undefined) line += `sec-websocket-accept: ${webSocketAccept(key)}\r\n`;
    }
    this.keepAlive = false;
    this.#body = new BodyWriter(output, 'open', 0);
    appendText(output, responseText(status, fields, extra, line, tunnel === 'connect' ? '' : 'upgrade'));
    this.#owner.opened(this);
  }

  sendData(chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.closed || this.#body === null || this.responseEnded) return;
    this.#body.write(chunk, start, end);
    if (end > start) this.#owner.wrote(this, end - start);
    if (endStream) this.#end();
  }

  sendTrailers(fields: FieldList): void {
    if (!this.closed && !this.responseEnded) this.#end(fields);
  }

  #end(trailers?: FieldList): void {
    const body = this.#body;
    if (body === null) return;
    if (!body.whole) {
      // The client must not take what it got for the whole.
      this.#owner.broken(this, false);
      return;
    }
    body.end(trailers);
    this.responseEnded = true;
    this.#owner.responseEnded(this);
  }

  reset(_code: number): void {
    if (this.closed) return;
    // A body up to the end of the connection would look whole if that ended in order.
    this.#owner.broken(this, this.responseEnded || this.#body?.framing !== 'open');
  }

  credit(bytes: number): void {
    if (this.closed) return;
    this.outstanding -= bytes;
    this.#owner.credited(this);
  }
}
