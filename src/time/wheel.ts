/**
 * Timers for things that exist by the ten thousand (streams, connections): a hashed timing wheel (Varghese & Lauck).
 *
 * Arming and disarming is a list insertion without allocation: whatever wants a timer extends {@link Timer}. A timer never fires
 * early and at most two ticks late. Re-arming for a later time is free of list work: the entry is looked at again when its old
 * slot comes round.
 */
import { expireClock, now } from './clock.ts';

const TICK_MS = 10;
const SLOTS = 512;

/** Something with one deadline. */
export abstract class Timer {
  /** Monotonic milliseconds; 0 when disarmed. Owned by the wheel. */
  timerExpiry = 0;
  timerNext: Timer | null = null;
  timerPrevious: Timer | null = null;
  timerSlot = -1;

  /** The deadline passed; the timer is disarmed and may be armed again here. Must not throw. */
  abstract onTimer(): void;
}

const slots: (Timer | null)[] = Array.from({ length: SLOTS }, () => null);
let armed = 0;
let lastTick = 0;
let interval: NodeJS.Timeout | null = null;

/** (Re-)arms `timer` to fire at `at`, a value of the monotonic clock in milliseconds. */
export function armTimer(timer: Timer, at: number): void {
  if (timer.timerSlot >= 0 && at >= timer.timerExpiry) {
    timer.timerExpiry = at;
    return;
  }
  disarmTimer(timer);
  if (interval === null) {
    lastTick = Math.floor(now() / TICK_MS);
    interval = setInterval(tick, TICK_MS);
    interval.unref();
  }
  timer.timerExpiry = at;
  link(timer, Math.max(Math.ceil(at / TICK_MS), lastTick + 1) % SLOTS);
  armed++;
}

/** Disarms `timer`; nothing happens if it is not armed. */
export function disarmTimer(timer: Timer): void {
  if (timer.timerSlot < 0) return;
  unlink(timer);
  timer.timerExpiry = 0;
  if (--armed === 0 && interval !== null) {
    clearInterval(interval);
    interval = null;
  }
}

function link(timer: Timer, slot: number): void {
  const head = slots[slot] ?? null;
  timer.timerSlot = slot;
  timer.timerPrevious = null;
  timer.timerNext = head;
  if (head !== null) head.timerPrevious = timer;
  slots[slot] = timer;
}

function unlink(timer: Timer): void {
  const { timerNext: next, timerPrevious: previous } = timer;
  if (previous !== null) previous.timerNext = next;
  else slots[timer.timerSlot] = next;
  if (next !== null) next.timerPrevious = previous;
  timer.timerNext = null;
  timer.timerPrevious = null;
  timer.timerSlot = -1;
}

function tick(): void {
  expireClock();
  const time = now();
  const current = Math.floor(time / TICK_MS);
  const first = Math.max(lastTick + 1, current - SLOTS + 1);
  lastTick = current;
  for (let t = first; t <= current; t++) sweep(t % SLOTS, time);
}

/** Takes the slot's list off the wheel first: a callback may arm, disarm or end any timer, those of this list included. */
function sweep(slot: number, time: number): void {
  let timer = slots[slot] ?? null;
  slots[slot] = null;
  const due: Timer[] = [];
  while (timer !== null) {
    const next: Timer | null = timer.timerNext;
    if (timer.timerExpiry <= time) {
      due.push(timer);
      link(timer, slot);
    } else {
      link(timer, Math.max(Math.ceil(timer.timerExpiry / TICK_MS), lastTick + 1) % SLOTS);
    }
    timer = next;
  }
  for (const one of due) {
    if (one.timerSlot < 0 || one.timerExpiry > time) continue;
    disarmTimer(one);
    one.onTimer();
  }
}
