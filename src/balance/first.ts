import { eligible } from './picker.ts';
import type { Picker, Target } from './picker.ts';

/** `balance first` (HAProxy manual 4.2 "balance"): the first server in the configuration's order that has a free slot. */
export class FirstPicker<T extends Target> implements Picker<T> {
  readonly #targets: readonly T[];

  constructor(targets: readonly T[]) {
    this.#targets = targets;
  }

  pick(avoid: readonly T[] | null): T | null {
    const targets = this.#targets;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as T;
      if (eligible(target, avoid)) return target;
    }
    return null;
  }
}
