/** `max-connection-age`: clients leave in time and connect anew, which spreads them over the replicas of Pillion that are there now. */
import type { ConnectionAge } from '../config/model.ts';
import { now } from '../time/clock.ts';
import { armTimer, Timer } from '../time/wheel.ts';
import { NO_ERROR } from '../h2/errors.ts';

/** How long a peer may take to read why its streams were cut, milliseconds. */
const LAST_WORDS_MS = 1000;

/** `ageMs`, a tenth more or less, so that clients that came together do not leave together. `random` is in [0, 1). */
export function agedAt(ageMs: number, random: number): number {
  return ageMs * (0.9 + random / 5);
}

/** The connection, as far as its age goes. */
export interface AgeingSession {
  drain(text: string, reason: string): void;
  abort(code: number, reason: string): void;
}

/** First no new streams, after the grace an end to those that are left, then to a client that does not read of it. */
export class Ageing extends Timer {
  readonly #settings: ConnectionAge;
  readonly #session: AgeingSession;
  readonly #cut: (message: string) => void;
  #age: 'young' | 'old' | 'cut' = 'young';

  /** @param cut ends the streams that are open */
  constructor(settings: ConnectionAge, session: AgeingSession, cut: (message: string) => void) {
    super();
    this.#settings = settings;
    this.#session = session;
    this.#cut = cut;
    armTimer(this, now() + agedAt(settings.ageMs, Math.random()));
  }

  override onTimer(): void {
    const { ageMs, graceMs } = this.#settings;
    const reason = `max-connection-age ${ageMs} ms`;
    switch (this.#age) {
      case 'young':
        this.#age = 'old';
        this.#session.drain('max_age', reason);
        if (graceMs !== null) armTimer(this, now() + graceMs);
        return;
      case 'old':
        this.#age = 'cut';
        this.#cut(`the connection has reached max-connection-age, and its grace of ${graceMs ?? 0} ms is over`);
        armTimer(this, now() + LAST_WORDS_MS);
        return;
      case 'cut':
        this.#session.abort(NO_ERROR, `${reason}, grace ${graceMs ?? 0} ms`);
    }
  }
}
