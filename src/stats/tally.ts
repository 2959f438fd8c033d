/** What is counted per frontend, backend and server from the records of ended streams: only when there is a page to show it. */
import type { Observer } from '../model/observer.ts';
import { SILENT } from '../model/observer.ts';
import type { BackendRecord, ServerRecord, ServerStatus, StreamRecord } from '../model/records.ts';

/** Times are averages over so many streams, as in HAProxy. */
const WINDOW = 1024;

/** An average that forgets, and the largest value. */
export class Average {
  value = 0;
  max = 0;
  #count = 0;

  add(sample: number): void {
    if (sample < 0) return;
    if (this.#count < WINDOW) this.#count++;
    this.value += (sample - this.value) / this.#count;
    if (sample > this.max) this.max = sample;
  }
}

export class Tally {
  /** Responses by class: 1xx to 5xx, and others. */
  readonly responses: number[] = [0, 0, 0, 0, 0, 0];
  requests = 0;
  clientAborts = 0;
  serverAborts = 0;
  connectErrors = 0;
  responseErrors = 0;
  requestErrors = 0;
  denied = 0;
  retries = 0;
  redispatches = 0;
  /** Answered by Pillion itself: pages, errors. */
  intercepted = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly queue: Average = new Average();
  readonly connect: Average = new Average();
  readonly response: Average = new Average();
  readonly total: Average = new Average();

  add(stream: StreamRecord): void {
    const { httpStatus, termination } = stream;
    if (stream.request !== null) {
      this.requests++;
      const at = httpStatus >= 100 && httpStatus < 600 ? Math.trunc(httpStatus / 100) - 1 : 5;
      this.responses[at] = (this.responses[at] as number) + 1;
    }
    switch (termination.charAt(0)) {
      case 'C':
      case 'c':
        if (termination.charAt(1) === 'R') this.requestErrors++;
        else this.clientAborts++;
        break;
      case 'S':
      case 's':
        if (termination.charAt(1) === 'C') this.connectErrors++;
        else if (termination.charAt(1) === 'H') this.responseErrors++;
        else if (termination.charAt(1) === 'D') this.serverAborts++;
        break;
      case 'P':
        if (termination.charAt(1) === 'H') this.responseErrors++;
        else if (termination.charAt(1) === 'R' && httpStatus === 403) this.denied++;
        else if (termination.charAt(1) === 'R') this.requestErrors++;
        break;
      case 'L':
        this.intercepted++;
    }
    this.retries += stream.retries;
    if (stream.redispatched) this.redispatches++;
    this.bytesIn += stream.bytesIn;
    this.bytesOut += stream.bytesOut;
    this.queue.add(stream.queueMs);
    this.connect.add(stream.connectMs);
    this.response.add(stream.responseMs);
    this.total.add(stream.totalMs);
  }
}

/** Since when a server, or a backend, is what it is, and how long it was down before. Monotonic milliseconds. */
export class History {
  changedAt: number;
  down: boolean;
  timesDown = 0;
  #downMs = 0;

  constructor(since: number, down: boolean) {
    this.changedAt = since;
    this.down = down;
  }

  change(at: number, down: boolean): void {
    if (this.down) this.#downMs += at - this.changedAt;
    if (down && !this.down) this.timesDown++;
    this.changedAt = at;
    this.down = down;
  }

  downMs(at: number): number {
    return this.#downMs + (this.down ? at - this.changedAt : 0);
  }
}

/** Listens to the data path, and keeps a tally and a history of whatever takes part in it. */
export class Ledger {
  readonly startedAt: number;
  readonly #now: () => number;
  readonly #tallies = new WeakMap<object, Tally>();
  readonly #histories = new WeakMap<object, History>();
  readonly observer: Observer = {
    ...SILENT,
    streamEnded: (stream) => this.#streamEnded(stream),
    serverChanged: (backend, server) => this.#serverChanged(backend, server),
  };

  constructor(now: () => number) {
    this.#now = now;
    this.startedAt = now();
  }

  /** Of a frontend, backend or server. */
  tally(of: object): Tally {
    let tally = this.#tallies.get(of);
    if (tally === undefined) {
      tally = new Tally();
      this.#tallies.set(of, tally);
    }
    return tally;
  }

  history(of: object, down: boolean): History {
    let history = this.#histories.get(of);
    if (history === undefined) {
      history = new History(this.startedAt, down);
      this.#histories.set(of, history);
    }
    return history;
  }

  #streamEnded(stream: StreamRecord): void {
    this.tally(stream.connection.frontend).add(stream);
    if (stream.backend !== null) this.tally(stream.backend).add(stream);
    if (stream.server !== null) this.tally(stream.server).add(stream);
  }

  #serverChanged(backend: BackendRecord, server: ServerRecord): void {
    const at = this.#now();
    this.history(server, false).change(at, isStopped(server.status));
    const down = isDown(backend);
    const history = this.history(backend, !down);
    if (history.down !== down) history.change(at, down);
  }
}

/** States in which a server is not used at all. */
export function isStopped(status: ServerStatus): boolean {
  return status === 'DOWN' || status === 'MAINT';
}

/** No server takes new streams. */
export function isDown({ servers }: BackendRecord): boolean {
  return servers.length > 0 && !servers.some(({ status, weight }) => (status === 'UP' || status === 'no check') && weight > 0);
}
