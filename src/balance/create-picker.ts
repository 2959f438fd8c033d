import type { Balance } from '../config/balance-settings.ts';
import { FirstPicker } from './first.ts';
import { HashMapPicker } from './hash-map-picker.ts';
import { HashRingPicker } from './hash-ring-picker.ts';
import { LeastconnPicker } from './leastconn.ts';
import type { Picker, Target } from './picker.ts';
import { RandomPicker } from './random.ts';
import { RoundrobinPicker } from './roundrobin.ts';
import { StaticRoundrobinPicker } from './static-roundrobin.ts';

/**
 * Makes the picker of a backend for a snapshot of its usable servers.
 *
 * @param targets in the configuration's order; not modified, and not to be modified afterwards.
 * @param previous the picker that this one replaces: a rotation goes on where it stood. null for the first.
 * @param random gives numbers in [0, 1).
 */
export function createPicker<T extends Target>(
  balance: Balance,
  targets: readonly T[],
  previous: Picker<T> | null,
  random: () => number = Math.random,
): Picker<T> {
  switch (balance.algorithm) {
    case 'leastconn':
      return new LeastconnPicker(targets, previous instanceof LeastconnPicker ? previous : null);
    case 'roundrobin':
      return new RoundrobinPicker(targets, previous instanceof RoundrobinPicker ? previous : null);
    case 'first':
      return new FirstPicker(targets);
    case 'static-rr':
      return new StaticRoundrobinPicker(targets, previous instanceof StaticRoundrobinPicker ? previous : null);
    case 'random':
      return new RandomPicker(targets, balance.draws, random);
    default:
      if (!balance.hashing.consistent) return new HashMapPicker(targets, previous instanceof HashMapPicker ? previous : null);
      return new HashRingPicker(targets, previous instanceof HashRingPicker ? previous : null, balance.hashing.balanceFactor);
  }
}
