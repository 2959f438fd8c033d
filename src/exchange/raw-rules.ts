/**
 * A raw connection under rules: what the client sends first is looked at, and taken from nobody, until `tcp-request content` has
 * decided or `tcp-request inspect-delay` is over; then a backend is chosen (HAProxy manual 4.2).
 */
import type { Socket } from 'node:net';
import { now } from '../time/clock.ts';
import { armTimer, disarmTimer, Timer } from '../time/wheel.ts';
import { Evaluation, type RuleSession } from '../route/context.ts';
import { choose, runRules, type ProxyRules } from '../route/rules.ts';
import type { Backend } from '../pool/backend.ts';
import type { Routing } from './routing.ts';

/** Octets that are looked at: HAProxy's default tune.bufsize. */
const MAX_INSPECTED = 16_384;

export type RawVerdict =
  | { readonly kind: 'forward'; readonly backend: Backend | null; readonly server: string | null; readonly first: Buffer | null; readonly evaluation: Evaluation }
  | { readonly kind: 'close'; readonly cause: string };

export class RawRules extends Timer {
  readonly #socket: Socket;
  readonly #routing: Routing;
  readonly #done: (verdict: RawVerdict) => void;
  readonly #evaluation: Evaluation;
  readonly #dueAt: number;
  #seen: Buffer | null;
  #ended = false;
  #over = false;

  constructor(socket: Socket, routing: Routing, session: RuleSession, first: Buffer | null, done: (verdict: RawVerdict) => void) {
    super();
    this.#socket = socket;
    this.#routing = routing;
    this.#seen = first;
    this.#done = done;
    this.#evaluation = new Evaluation(session, null, null, now());
    this.#dueAt = now() + routing.policy.frontend.inspectDelayMs;
  }

  start(): void {
    const socket = this.#socket;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('error', ignore);
    this.#look();
    if (this.#over) return;
    armTimer(this, this.#dueAt);
    socket.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#seen = this.#seen === null ? chunk : Buffer.concat([this.#seen, chunk]);
    this.#look();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#look();
  };

  readonly #onClose = (): void => this.#finish({ kind: 'close', cause: 'client closed the connection' });

  override onTimer(): void {
    this.#look();
  }

  /** Ends without a verdict. */
  cancel(): void {
    this.#stop();
  }

  #look(): void {
    if (this.#over) return;
    const { policy } = this.#routing;
    const evaluation = this.#evaluation;
    evaluation.bytes = this.#seen;
    evaluation.final = this.#ended || now() >= this.#dueAt || (this.#seen?.length ?? 0) >= MAX_INSPECTED;
    const decision = runRules(policy.frontend.tcpContent, evaluation, { next: 0 });
    if (decision?.kind === 'wait') return;
    if (decision !== null && decision.kind !== 'accept') return this.#finish({ kind: 'close', cause: 'cause' in decision ? decision.cause : 'refused' });
    this.#choose(policy.frontend);
  }

  #choose(frontend: ProxyRules): void {
    const { policy } = this.#routing;
    const evaluation = this.#evaluation;
    evaluation.final = true;
    const name = choose(frontend.useBackend, evaluation, (one) => this.#routing.backend(one) !== undefined) ?? policy.defaultBackend;
    const backend = name === null ? null : (this.#routing.backend(name) ?? null);
    evaluation.backend = backend;
    const rules = name === null ? null : policy.backend(name);
    let server: string | null = null;
    if (rules !== null) {
      const decision = rules === frontend ? null : runRules(rules.tcpContent, evaluation, { next: 0 });
      if (decision !== null && decision.kind !== 'accept') return this.#finish({ kind: 'close', cause: 'cause' in decision ? decision.cause : 'refused' });
      server = choose(rules.useServer, evaluation, (one) => backend?.servers.some((candidate) => candidate.name === one && candidate.usable) === true);
    }
    this.#finish({ kind: 'forward', backend, server, first: this.#seen, evaluation });
  }

  #stop(): void {
    this.#over = true;
    disarmTimer(this);
    const socket = this.#socket;
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
  }

  #finish(verdict: RawVerdict): void {
    if (this.#over) return;
    this.#stop();
    this.#done(verdict);
  }
}

function ignore(): void {}
