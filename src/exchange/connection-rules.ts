/** The rules of one accepted connection: those of the connection itself, then a stream's or a raw connection's. */
import type { Socket } from 'node:net';
import type { BindSettings, FrontendSettings } from '../config/model.ts';
import type { Half } from '../model/exchange.ts';
import { now } from '../time/clock.ts';
import { Evaluation, RuleSession } from '../route/context.ts';
import { runRules } from '../route/rules.ts';
import type { Backend } from '../pool/backend.ts';
import type { ExchangeContext } from './context.ts';
import { RawRules } from './raw-rules.ts';
import { readdress, type OpenRecord } from './readdressed.ts';
import { RuledStream } from './ruled-stream.ts';
import type { RuledConnection, Routing } from './routing.ts';
import type { TcpExchange } from './tcp-exchange.ts';

export class ConnectionRules implements RuledConnection {
  readonly routing: Routing;
  readonly #connection: OpenRecord;
  readonly #settings: FrontendSettings;
  readonly #bind: BindSettings;
  readonly #drop: (cause: string) => void;
  #session: RuleSession | null = null;
  #raw: RawRules | null = null;
  #evaluation: Evaluation | null = null;
  /** Where `use_backend` sends a raw connection. */
  rawBackend: Backend | null = null;

  constructor(connection: OpenRecord, bind: BindSettings, routing: Routing, settings: FrontendSettings, drop: (cause: string) => void) {
    this.#connection = connection;
    this.routing = routing;
    this.#settings = settings;
    this.#bind = bind;
    this.#drop = drop;
  }

  /** A rule has said that a PROXY header comes first. */
  get expectsProxy(): boolean {
    return this.#session?.expectsProxy === true;
  }

  /** Made when the first rule asks: by then a PROXY header has been read, where there is one. */
  get session(): RuleSession {
    if (this.#session === null) {
      this.#session = new RuleSession(this.#connection, this.routing.directory);
      this.#session.listener = { id: this.#settings.binds.indexOf(this.#bind) + 1, name: this.#bind.name };
    }
    return this.#session;
  }

  /**
   * True when the set's rules have ended the connection.
   * @param addressesRead a PROXY header has replaced the addresses that earlier rules saw
   */
  refuses(set: 'tcpConnection' | 'tcpSession', addressesRead: boolean = false): boolean {
    if (addressesRead) this.#session?.readAddresses();
    const rules = this.routing.policy.frontend[set];
    if (rules.length === 0) return false;
    const decision = runRules(rules, new Evaluation(this.session, null, null, now()), { next: 0 });
    this.#readdress();
    if (decision === null || decision.kind === 'accept' || !('cause' in decision)) return false;
    this.#drop(decision.cause);
    return true;
  }

  #readdress(): void {
    if (this.session.readdressed) readdress(this.#connection, this.session);
  }

  open(context: ExchangeContext, client: Half): RuledStream {
    return new RuledStream(context, this, client, this.#settings);
  }

  /** Looks at a raw connection's first bytes and chooses its backend; then `go` with what was read, or nothing more. */
  routeRaw(socket: Socket, first: Buffer | null, exchange: TcpExchange, go: (first: Buffer | null) => void): void {
    this.#raw = new RawRules(socket, this.routing, this.session, first, (verdict) => {
      this.#raw = null;
      this.#readdress();
      if (verdict.kind === 'close') {
        this.#drop(verdict.cause);
        return;
      }
      this.rawBackend = verdict.backend;
      this.#evaluation = verdict.evaluation;
      exchange.preferred = verdict.server === null ? null : (verdict.backend?.servers.find(({ name }) => name === verdict.server) ?? null);
      go(verdict.first);
    });
    this.#raw.start();
  }

  /** The line of a raw connection that has ended. */
  rawEnded(exchange: TcpExchange | null): void {
    const evaluation = this.#evaluation;
    if (evaluation === null || exchange === null) return;
    evaluation.record = exchange;
    evaluation.server = exchange.server;
    const { logFormat } = this.routing.policy.frontend;
    if (logFormat !== null && this.#connection.frontend.log.enabled) exchange.logLine = logFormat.render(evaluation);
    exchange.logLevel = evaluation.logLevel;
  }

  drop(cause: string): void {
    this.#drop(cause);
  }

  /** The connection has ended. */
  end(): void {
    this.#raw?.cancel();
    this.#raw = null;
  }
}
