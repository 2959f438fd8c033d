/**
 * Those who wait for a slot, first come, first served. Joining, leaving from anywhere and taking the first cost the same however many
 * wait. A doubly linked list rather than a Set: see h2/id-map.ts for what a Set that churns does to the collector.
 */

/** A place in a {@link Queue}; whoever gives up hands it back to {@link Queue.leave}. */
export interface Place<T> {
  readonly queue: Queue<T>;
  readonly waiter: T;
  next: Place<T> | null;
  previous: Place<T> | null;
  /** False once the place was given up or its turn has come. */
  held: boolean;
}

export class Queue<T> {
  /** Places taken now, and most of them at once. */
  length = 0;
  longest = 0;
  #first: Place<T> | null = null;
  #last: Place<T> | null = null;

  /** Who is next; null when nobody waits. */
  get first(): T | null {
    return this.#first === null ? null : this.#first.waiter;
  }

  /** Puts `waiter` behind all others. */
  join(waiter: T): Place<T> {
    const place: Place<T> = { queue: this, waiter, next: null, previous: this.#last, held: true };
    if (this.#last === null) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    if (++this.length > this.longest) this.longest = this.length;
    return place;
  }

  /** Takes the first out of the queue; null when nobody waits. */
  shift(): T | null {
    const place = this.#first;
    if (place === null) return null;
    this.leave(place);
    return place.waiter;
  }

  /** Gives a place up; nothing happens when that was done, or its turn has come. */
  leave(place: Place<T>): void {
    if (!place.held) return;
    place.held = false;
    this.length--;
    const { next, previous } = place;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    place.next = null;
    place.previous = null;
  }
}
