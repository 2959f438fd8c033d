import { setTimeout as delay } from 'node:timers/promises';

/** For state that has no event: looks every few milliseconds until `holds`; mocha's limit ends it when that never comes. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(3);
}
