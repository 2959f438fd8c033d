/**
 * Which address has which slot of a `server-template`; null where a slot is free. The slot is what a server is named after, so an
 * address keeps its slot for as long as it is there.
 */
export type Slots = readonly (string | null)[];

/** `count` free slots. */
export function freeSlots(count: number): Slots {
  return Array.from({ length: count }, () => null);
}

/**
 * The slots after the addresses changed: who stays keeps its slot, newcomers take the lowest free ones in the order given.
 * Addresses beyond the number of slots are left out; an address that is given twice has one slot.
 */
export function assign(previous: Slots, addresses: readonly string[]): Slots {
  const wanted = new Set(addresses);
  const next = previous.map((address) => (address !== null && wanted.delete(address) ? address : null));
  let slot = 0;
  for (const address of wanted) {
    while (slot < next.length && next[slot] !== null) slot++;
    if (slot === next.length) break;
    next[slot] = address;
  }
  return next;
}
