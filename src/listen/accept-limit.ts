/**
 * `maxconn`: connections above the limit are accepted but not read until one below it ends, as if they were still in the backlog.
 */
import type { Socket } from 'node:net';

/** Connections that may wait, per limit; one more is closed. */
const MAX_PARKED = 1024;

export class AcceptLimit {
  /** Connections closed because too many were waiting. */
  rejected = 0;
  readonly #limit: number;
  readonly #parent: AcceptLimit | null;
  #current = 0;
  readonly #parked: { readonly socket: Socket; readonly go: () => void }[] = [];

  /** @param parent a limit that encloses this one: the process's maxconn around a frontend's */
  constructor(limit: number, parent: AcceptLimit | null) {
    this.#limit = limit;
    this.#parent = parent;
  }

  /** Connections that wait. */
  get parked(): number {
    return this.#parked.length;
  }

  /** Calls `go` now or when there is room. Every `go` is answered by one {@link leave}. */
  enter(socket: Socket, go: () => void): void {
    if (this.#current < this.#limit) {
      this.#current++;
      if (this.#parent === null) go();
      else this.#parent.enter(socket, go);
    } else if (this.#parked.length < MAX_PARKED) {
      this.#parked.push({ socket, go });
    } else {
      this.rejected++;
      socket.destroy();
    }
  }

  leave(): void {
    this.#current--;
    this.#parent?.leave();
    const next = this.#parked.shift();
    if (next !== undefined) this.enter(next.socket, next.go);
  }
}
