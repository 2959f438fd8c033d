/**
 * Work that is put off to the end of the current turn of the event loop, so that it is done once however often it was asked
 * for: above all flushing output buffers, which gives one write per connection and turn.
 *
 * setImmediate runs right after the poll phase, in which all readable sockets were read.
 */
import { expireBy, expireClock } from './clock.ts';

/** Something that wants to run once at the end of the turn. The flag makes asking twice free. */
export interface TurnTask {
  /** Owned by {@link atTurnEnd}: true while the task is waiting. Initialise with false. */
  turnScheduled: boolean;
  /** Must not throw. May schedule tasks; they run in the same turn's end. */
  endTurn(): void;
}

const tasks: TurnTask[] = [];
let armed = false;

/** Runs `task.endTurn()` once at the end of this turn. */
export function atTurnEnd(task: TurnTask): void {
  if (task.turnScheduled) return;
  task.turnScheduled = true;
  tasks.push(task);
  armTurn();
}

function armTurn(): void {
  if (armed) return;
  armed = true;
  setImmediate(endTurn);
}

expireBy(armTurn);

function endTurn(): void {
  for (let i = 0; i < tasks.length; i++) {
    const task = tasks[i] as TurnTask;
    task.turnScheduled = false;
    task.endTurn();
  }
  tasks.length = 0;
  armed = false;
  expireClock();
}
