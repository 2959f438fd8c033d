/** `option httpchk` (HAProxy manual 4.2): the server is well when it answers a request of HTTP/1 as it should. */
import type { Socket } from 'node:net';
import type { HttpCheckSettings } from '../config/http-check-settings.ts';
import type { Llhttp } from '../h1/llhttp.ts';
import { MessageReader, INTERIM, OPEN, REFUSED } from '../h1/reader.ts';
import { readResponse } from '../h1/response.ts';
import { dial, readyEvent, type DialSettings } from '../pool/dial.ts';
import { serverFailure } from '../tls/failures.ts';
import type { Check, CheckAddress, CheckConnection, CheckResult, CheckSink, CheckTimeouts } from './check.ts';

/** Octets of a body that expectations see. */
const MAX_BODY = 16 * 1024;
const LIMITS = { maxHead: 16 * 1024, maxFields: 256 };

export class HttpCheck implements Check {
  readonly #connection: DialSettings;
  readonly #settings: HttpCheckSettings;
  readonly #timeouts: CheckTimeouts;
  readonly #state: () => string;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** @param state what is thought of the server, for `http-check send-state` */
  constructor(address: CheckAddress, settings: HttpCheckSettings, timeouts: CheckTimeouts, connection: CheckConnection, state: () => string) {
    this.#connection = { target: address, alpn: ['http/1.1'], ...connection };
    this.#settings = settings;
    this.#timeouts = timeouts;
    this.#state = state;
  }

  probe(sink: CheckSink): void {
    this.close();
    const socket = dial(this.#connection, null);
    this.#socket = socket;
    const secure = this.#connection.tls !== null;
    let layer = 4;
    let over = false;
    const finish = (result: CheckResult): void => {
      if (over) return;
      over = true;
      answer.stop();
      this.close();
      sink.onResult(result);
    };
    const fail = (problem: string, info: string): void => finish({ word: 'fail', reason: `Layer${layer} ${problem}, info: "${info}"` });
    const answer = new Answer(this.#settings, finish, (info) => fail('invalid response', info));
    const expire = (ms: number, what: string): void => {
      this.#clearTimer();
      this.#timer = setTimeout(() => fail('timeout', `no ${what} within ${ms} ms`), ms);
      this.#timer.unref();
    };
    expire(this.#timeouts.connectMs, 'connection');
    if (secure) socket.once('connect', () => void (layer = 6));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      fail(layer === 4 ? 'connection problem' : 'invalid response', serverFailure(error.code ?? '') ?? error.message);
    });
    socket.once(readyEvent(socket), () => {
      layer = 7;
      expire(this.#timeouts.totalMs, 'answer');
      socket.write(requestText(this.#settings, this.#state()), 'latin1');
    });
    socket.on('data', (chunk: Buffer) => answer.read(chunk));
    socket.on('end', () => answer.ended());
    socket.on('close', () => fail(layer === 4 ? 'connection problem' : 'invalid response', 'connection closed'));
  }

  close(): void {
    this.#clearTimer();
    this.#socket?.removeAllListeners().on('error', () => {}).destroy();
    this.#socket = null;
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** The response as far as it is needed. */
class Answer {
  readonly #settings: HttpCheckSettings;
  readonly #finish: (result: CheckResult) => void;
  readonly #invalid: (info: string) => void;
  readonly #reader: MessageReader;
  readonly #wantsBody: boolean;
  #status = 0;
  #body = '';

  constructor(settings: HttpCheckSettings, finish: (result: CheckResult) => void, invalid: (info: string) => void) {
    this.#settings = settings;
    this.#finish = finish;
    this.#invalid = invalid;
    this.#wantsBody = settings.expectations.some(({ body }) => body);
    this.#reader = new MessageReader('response', LIMITS, {
      onHead: (head) => this.#head(head),
      onHeadAgain: () => REFUSED,
      onBody: (chunk, start, end, last) => this.#take(chunk, start, end, last),
      onTrailers: () => this.#judge(),
      onMalformed: ({ reason }) => this.#invalid(reason),
    });
    this.#reader.head.bodiless = settings.method === 'HEAD';
  }

  read(chunk: Buffer): void {
    this.#reader.read(chunk, 0, chunk.length);
  }

  ended(): void {
    if (this.#reader.state === 'open') this.#judge();
    else if (this.#reader.state !== 'stopped') this.#invalid('the connection ended before the response did');
  }

  stop(): void {
    this.#reader.stop();
  }

  #head(head: Llhttp): number {
    const response = readResponse(head, { method: this.#settings.method, tunnel: '' });
    if (typeof response === 'string') {
      this.#invalid(response);
      return REFUSED;
    }
    if (response.body === INTERIM) return INTERIM;
    this.#status = response.status;
    if (!this.#wantsBody || response.body === 0) this.#judge();
    return this.#reader.state === 'stopped' ? REFUSED : response.body === 0 ? OPEN : response.body;
  }

  #take(chunk: Uint8Array, start: number, end: number, last: boolean): void {
    this.#body += Buffer.from(chunk.subarray(start, Math.min(end, start + MAX_BODY - this.#body.length))).toString('latin1');
    if (last || this.#body.length >= MAX_BODY) this.#judge();
  }

  #judge(): void {
    const { expectations, disableOn404 } = this.#settings;
    const status = this.#status;
    if (status === 404 && disableOn404) {
      this.#finish({ word: 'stopping', reason: 'Layer7 check conditionally passed, code: 404, info: "disable-on-404"' });
      return;
    }
    const response = { status, body: this.#body };
    const broken = expectations.find((one) => one.holds(response) === one.negated);
    if (broken !== undefined) this.#finish({ word: 'fail', reason: `Layer7 wrong status, code: ${status}, info: "expected ${broken.text}"` });
    else if (expectations.length === 0 && (status < 200 || status >= 400)) this.#finish({ word: 'fail', reason: `Layer7 wrong status, code: ${status}` });
    else this.#finish({ word: 'pass', reason: `Layer7 check passed, code: ${status}` });
  }
}

function requestText({ method, uri, version, headers, body, sendState }: HttpCheckSettings, state: string): string {
  const lines = [`${method} ${uri} ${version}`];
  for (const [name, value] of headers) {
    if (!/^(?:connection|content-length|transfer-encoding)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  if (sendState) lines.push(`x-haproxy-server-state: ${state}`);
  const octets = Buffer.from(body, 'utf8');
  if (octets.length > 0) lines.push(`content-length: ${octets.length}`);
  return `${lines.join('\r\n')}\r\nconnection: close\r\n\r\n${octets.toString('latin1')}`;
}
