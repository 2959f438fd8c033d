import type { ClientReadableStream, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import type { GrpcCheckSettings } from '../config/model.ts';
import type { Check, CheckAddress, CheckResult, CheckSink } from './check.ts';
import type { TlsConnector } from '../tls/connector.ts';
import { loadHealthClient } from './grpc-health-client.ts';
import type { HealthClient } from './grpc-health-client.ts';
import type { ServingStatus } from './health-messages.ts';

/** gRPC status codes (gRPC "Status codes and their use in gRPC") that say something here. */
const OK = 0;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

type WatchStream = ClientReadableStream<ServingStatus>;

/**
 * `option grpc-check`: the gRPC health protocol. A Watch is opened and kept, so that a change of status is known as soon as the
 * server says it; where the server has no Watch, every probe is a Check.
 *
 * While a Watch is open, a probe is a Check all the same, whose answer, whatever it is, shows that the server is alive: a peer
 * that vanished without a word would leave the Watch open for ever. HTTP/2 pings would not do, since servers allow one in five
 * minutes and close connections that send more (gRPC A8, "too_many_pings").
 */
export class GrpcCheck implements Check {
  readonly #address: CheckAddress;
  readonly #settings: GrpcCheckSettings;
  readonly #timeoutMs: number;
  /** null: cleartext. */
  readonly #tls: TlsConnector | null;
  #client: HealthClient | null = null;
  /** The server has no Watch, or is not to be asked for it. */
  #polls: boolean;
  /** The Check that is waited for. */
  #call: ClientUnaryCall | null = null;
  #watch: WatchStream | null = null;
  /** What the open Watch said last. */
  #watched: CheckResult | null = null;
  #watchedSince = 0;
  /** Runs while a Watch has not answered yet. */
  #timer: NodeJS.Timeout | null = null;
  /** Who is told; null when closed. */
  #sink: CheckSink | null = null;
  #probing = false;

  /** @param timeoutMs milliseconds that one call may take, connecting included. */
  constructor(address: CheckAddress, settings: GrpcCheckSettings, timeoutMs: number, tls: TlsConnector | null = null) {
    this.#tls = tls;
    this.#address = address;
    this.#settings = settings;
    this.#timeoutMs = timeoutMs;
    this.#polls = settings.method === 'check';
  }

  probe(sink: CheckSink): void {
    this.#sink = sink;
    this.#probing = true;
    loadHealthClient().then(
      (create) => {
        if (this.#sink === null) return;
        this.#client ??= create(this.#address, this.#tls);
        this.#ask(this.#client);
      },
      (error: unknown) => this.#fail(`the gRPC client cannot be loaded: ${String(error)}`),
    );
  }

  close(): void {
    this.#sink = null;
    this.#probing = false;
    this.#disconnect();
  }

  #ask(client: HealthClient): void {
    if (this.#watch !== null) this.#showAlive(client);
    else if (this.#polls) this.#poll(client);
    else this.#openWatch(client);
  }

  #poll(client: HealthClient): void {
    this.#check(client, (error, status) => {
      if (error === null) this.#tell(resultOf(status, this.#settings.service, 'check'));
      else if (error.code === NOT_FOUND) this.#tell(resultOf('SERVICE_UNKNOWN', this.#settings.service, 'check'));
      else if (error.code === UNIMPLEMENTED) this.#fail('Layer7 wrong status, info: "the server has no grpc.health.v1 service (grpc-status 12); use plain `check`"');
      else this.#fail(reasonOf(error));
    });
  }

  #showAlive(client: HealthClient): void {
    this.#check(client, (error) => {
      if (error !== null && (error.code === UNAVAILABLE || error.code === DEADLINE_EXCEEDED)) this.#fail(reasonOf(error));
      else if (this.#watched !== null) this.#tell(this.#watched);
      else this.#ask(client); // The Watch ended in good order meanwhile.
    });
  }

  /** Calls Check; the answer is dropped if another call was begun or the connection given up meanwhile. */
  #check(client: HealthClient, done: (error: ServiceError | null, status?: ServingStatus) => void): void {
    this.#cancelCall();
    const call = client.check(this.#settings.service, this.#timeoutMs, (error, status) => {
      if (call !== this.#call) return;
      this.#call = null;
      done(error, status);
    });
    this.#call = call;
  }

  #openWatch(client: HealthClient): void {
    this.#cancelCall();
    const stream = client.watch(this.#settings.service);
    this.#watch = stream;
    this.#timer = setTimeout(() => this.#fail(`Layer7 timeout, info: "no answer to Watch within ${this.#timeoutMs} ms"`), this.#timeoutMs);
    this.#timer.unref();
    stream.on('data', (status: ServingStatus) => {
      if (stream !== this.#watch) return;
      this.#clearTimer();
      if (this.#watched === null) this.#watchedSince = performance.now();
      this.#watched = resultOf(status, this.#settings.service, 'watch');
      this.#tell(this.#watched);
    });
    // Every status but OK comes as an error too; 'status' has them all.
    stream.on('error', () => {});
    stream.on('status', ({ code, details }) => {
      if (stream === this.#watch) this.#watchEnded(client, code, details);
    });
  }

  #watchEnded(client: HealthClient, code: number, details: string): void {
    const answered = this.#watched !== null;
    const lived = performance.now() - this.#watchedSince;
    this.#clearTimer();
    this.#watch = null;
    this.#watched = null;
    if (code === UNIMPLEMENTED && !answered && this.#settings.method === 'auto') {
      this.#polls = true;
      this.#poll(client);
    } else if (code === UNIMPLEMENTED && !answered) {
      this.#fail('Layer7 wrong status, info: "the server does not implement grpc.health.v1.Health/Watch (grpc-status 12)"');
    } else if (code === OK && answered) {
      // The next probe opens another. It comes at once, but not again and again if the server ends each Watch after one message.
      if (!this.#probing && lived > this.#timeoutMs) this.#sink?.onProbeWanted();
    } else {
      this.#fail(code === OK ? 'Layer7 invalid response, info: "Watch ended without a status"' : reasonOf({ code, details }));
    }
  }

  #tell(result: CheckResult): void {
    const sink = this.#sink;
    if (sink === null) return;
    if (this.#probing) {
      this.#probing = false;
      sink.onResult(result);
    } else {
      sink.onPush(result);
    }
  }

  /** The next probe begins with a new connection: grpc-js would hold calls on the old one back, or lose them on a dead one. */
  #fail(reason: string): void {
    this.#disconnect();
    this.#tell({ word: 'fail', reason });
  }

  #disconnect(): void {
    const { method } = this.#settings;
    this.#clearTimer();
    this.#cancelCall();
    const watch = this.#watch;
    this.#watch = null;
    this.#watched = null;
    watch?.cancel();
    this.#client?.close();
    this.#client = null;
    this.#polls = method === 'check';
  }

  #cancelCall(): void {
    const call = this.#call;
    this.#call = null;
    call?.cancel();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** What a status means: a pushed one needs no confirmation, one that was polled counts towards `rise`. */
function resultOf(status: ServingStatus | undefined, service: string, by: 'watch' | 'check'): CheckResult {
  if (status === 'SERVING') {
    return { word: by === 'watch' ? 'serving' : 'pass', reason: `Layer7 check passed, info: "grpc.health.v1 ${by}: SERVING"` };
  }
  const info = status === 'SERVICE_UNKNOWN' ? `the server does not know service "${service}"` : (status ?? 'UNKNOWN');
  return {
    word: by === 'watch' ? 'not-serving' : 'stopping',
    reason: `Layer7 check conditionally passed, info: "grpc.health.v1 ${by}: ${info}"`,
  };
}

/** How grpc-js wraps what the system said of a connect. */
const WRAPPED_ERROR = /^No connection established\. Last error: (?:Error: )?(?<error>.*?)\.? ?Resolution note: .*$/s;

function reasonOf({ code, details: wrapped }: Pick<ServiceError, 'code' | 'details'>): string {
  const details = WRAPPED_ERROR.exec(wrapped)?.groups?.['error'] ?? wrapped;
  if (code === DEADLINE_EXCEEDED) return `Layer7 timeout, info: "${details}"`;
  if (code === UNAVAILABLE) return `Layer4 connection problem, info: "${details}"`;
  return `Layer7 wrong status, info: "grpc-status ${code}: ${details}"`;
}
