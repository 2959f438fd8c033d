/**
 * From what checks say to what a server is. Pure; the machine is HAProxy's (`rise`, `fall`, manual 5.2), with two words more for
 * statuses that a server pushes of its own accord.
 *
 * ```
 *                 fail                    fail, `fall` in a row
 *        ┌────┐ ───────► ┌────────────┐ ─────────────────────────► ┌──────┐
 *        │ UP │          │ going down │                            │ DOWN │ ◄─┐
 *        └────┘ ◄─────── └────────────┘                            └──────┘   │ fail
 *         ▲  ▲    pass                        ┌──────────┐  pass      │       │
 *         │  └─────────────────────────────── │ going up │ ◄──────────┘       │
 *    pass │        pass, `rise` in a row      └──────────┘ ───────────────────┘
 *         │                                        │
 *       ┌──────┐ ◄─────────────────────────────────┘ stopping, `rise` in a row
 *       │ NOLB │ ◄── stopping, from UP and going down; not-serving, from anywhere
 *       └──────┘ ──► DOWN: fail, `fall` in a row.        serving leads to UP from anywhere
 * ```
 */

/**
 * What a check says. `pass` and `fail` are counted; `stopping` is a pass of a server that wants no new streams. `serving` and
 * `not-serving` are the server's own word, given when it changed, and need no confirmation.
 */
export type Word = 'pass' | 'stopping' | 'fail' | 'serving' | 'not-serving';

/** `failed` and `passed` count checks in a row. */
export type Health =
  | { readonly kind: 'up' }
  | { readonly kind: 'going-down'; readonly failed: number }
  | { readonly kind: 'down' }
  | { readonly kind: 'going-up'; readonly passed: number }
  | { readonly kind: 'nolb'; readonly failed: number };

/** UP takes streams, NOLB keeps the ones that it has, DOWN is not used. */
export type HealthStatus = 'UP' | 'DOWN' | 'NOLB';

export interface Thresholds {
  /** Checks in a row that must pass to bring a server up, 1 or more. */
  readonly rise: number;
  /** Checks in a row that must fail to take it down, 1 or more. */
  readonly fall: number;
}

const UP: Health = { kind: 'up' };
const DOWN: Health = { kind: 'down' };

/** The state before the first check: up, but the first failed check takes it down (`init-state up`, manual 5.2). */
export function unproven({ fall }: Thresholds): Health {
  return fall === 1 ? UP : { kind: 'going-down', failed: fall - 1 };
}

/** The state after `word`. The same object when nothing changed. */
export function judge(health: Health, word: Word, thresholds: Thresholds): Health {
  switch (word) {
    case 'serving':
      return health.kind === 'up' ? health : UP;
    case 'not-serving':
      return stop(health);
    case 'fail':
      return failed(health, thresholds.fall);
    case 'pass':
    case 'stopping':
      return passed(health, word, thresholds.rise);
  }
}

/**
 * How far a server is from a change, as HAProxy counts it: from 0 (down) to rise + fall − 1 (up); from `rise` on it is up.
 */
export function healthPoints(health: Health, { rise, fall }: Thresholds): number {
  switch (health.kind) {
    case 'up':
      return rise + fall - 1;
    case 'going-down':
    case 'nolb':
      return rise + fall - 1 - health.failed;
    case 'going-up':
      return health.passed;
    case 'down':
      return 0;
  }
}

/** What the state means to whoever sends streams. */
export function statusOf(health: Health): HealthStatus {
  switch (health.kind) {
    case 'up':
    case 'going-down':
      return 'UP';
    case 'down':
    case 'going-up':
      return 'DOWN';
    case 'nolb':
      return 'NOLB';
  }
}

function stop(health: Health): Health {
  return health.kind === 'nolb' && health.failed === 0 ? health : { kind: 'nolb', failed: 0 };
}

function failed(health: Health, fall: number): Health {
  switch (health.kind) {
    case 'down':
      return health;
    case 'going-up':
      return DOWN;
    case 'up':
      return fall === 1 ? DOWN : { kind: 'going-down', failed: 1 };
    case 'going-down':
    case 'nolb':
      return health.failed + 1 >= fall ? DOWN : { kind: health.kind, failed: health.failed + 1 };
  }
}

function passed(health: Health, word: 'pass' | 'stopping', rise: number): Health {
  switch (health.kind) {
    case 'up':
    case 'going-down':
    case 'nolb':
      if (word === 'stopping') return stop(health);
      return health.kind === 'up' ? health : UP;
    case 'down':
    case 'going-up': {
      const count = health.kind === 'down' ? 1 : health.passed + 1;
      if (count < rise) return { kind: 'going-up', passed: count };
      return word === 'stopping' ? stop(health) : UP;
    }
  }
}
