/** Variables of one scope (HAProxy manual 2.8). Small lists: rules rarely set more than a handful. */
import type { Value } from './value.ts';

/** Octets of one value, and values of one scope: clients choose what ends up in them. */
const MAX_VALUE = 64 * 1024;
const MAX_VARIABLES = 1024;

export class Variables {
  readonly #names: string[] = [];
  readonly #values: Value[] = [];

  get(name: string): Value | null {
    const at = this.#names.indexOf(name);
    return at < 0 ? null : (this.#values[at] as Value);
  }

  /** False: too large, or too many. */
  set(name: string, value: Value): boolean {
    if ((typeof value === 'string' || value instanceof Uint8Array) && value.length > MAX_VALUE) return false;
    const at = this.#names.indexOf(name);
    if (at >= 0) this.#values[at] = value;
    else if (this.#names.length >= MAX_VARIABLES) return false;
    else {
      this.#names.push(name);
      this.#values.push(value);
    }
    return true;
  }

  unset(name: string): void {
    const at = this.#names.indexOf(name);
    if (at < 0) return;
    this.#names.splice(at, 1);
    this.#values.splice(at, 1);
  }
}
