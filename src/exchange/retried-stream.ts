/**
 * A stream that may be sent again: what is held of its request, which ends and answers of a server ask for another try, and the answer
 * that waits until that is known. Nothing of a response may have gone to the client by then.
 */
import { NO_FIELDS, type FieldList } from '../model/fields.ts';
import type { ResetCause } from '../model/exchange.ts';
import { atTurnEnd, type TurnTask } from '../time/turn.ts';
import { errorName } from '../h2/errors.ts';
import { parseStatus } from '../grpc/status.ts';
import { retriedAnswer, retriesReset } from '../pool/retry-policy.ts';
import type { RetryKind } from './placement.ts';
import { ReplayBody } from './replay-body.ts';
import { StreamProgress } from './stream-progress.ts';

export abstract class RetriedStream extends StreamProgress implements TurnTask {
  turnScheduled = false;
  /** The request's body as far as it came; null when there was none, or when it is no longer held. */
  protected replay: ReplayBody | null = null;
  /** What is held is all that came, and no response has begun: the stream can be sent again. */
  protected replayable = true;
  /** The response's header, as long as trailers right behind it may ask for another try. */
  protected early: FieldList | null = null;

  /** Passes the response's header, or a 1xx, on to the client. */
  protected abstract forwardResponse(fields: FieldList, status: number, endStream: boolean): void;
  /** Leaves the stream on the present server. */
  protected abstract dropServer(): void;

  /** Holds a copy of `chunk[start, end)`; `sent`: a server has it already, and how much is held then is limited. */
  protected hold(chunk: Uint8Array, start: number, end: number, sent: boolean): void {
    if (this.replay === null) {
      this.replay = new ReplayBody(chunk, start, end);
    } else if (!this.replay.append(chunk, start, end, sent ? (this.backend?.heldBytes ?? 0) : Infinity)) {
      this.replay = null;
      this.replayable = false;
    }
  }

  /** Some answers are for us. */
  protected get withholdsAnswers(): boolean {
    return this.replayable && this.backend !== null && this.backend.retriesAnswers;
  }

  /** True when the answer is not for the client, or not yet. */
  protected withheld(fields: FieldList, status: number, endStream: boolean): boolean {
    if (this.answerRetried(status, this.grpc ? fields : NO_FIELDS)) return true;
    if (!this.grpc || endStream || status !== 200) return false;
    // The status may come right behind, in trailers: they have until the end of the turn.
    this.early = fields;
    atTurnEnd(this);
    return true;
  }

  protected answerRetried(status: number, fields: FieldList): boolean {
    const retryOn = this.backend?.settings.retryOn;
    const answer = retryOn === undefined ? '' : retriedAnswer(retryOn, status, parseStatus(fields.get('grpc-status')));
    if (answer === '' || !this.affords()) return false;
    this.early = null;
    this.sendAgain(`${this.serverName} answered ${answer}`, 'asked');
    return true;
  }

  endTurn(): void {
    this.sendEarly();
  }

  protected sendEarly(): void {
    const fields = this.early;
    this.early = null;
    if (fields !== null) this.forwardResponse(fields, 200, false);
  }

  /** True when the stream, which ended before any of its response came, is sent again. `message` says how it ended. */
  protected resent(code: number, cause: ResetCause, message: string): boolean {
    const retryOn = this.backend?.settings.retryOn;
    if (cause === 'refused') {
      if (this.server !== null) this.server.counters.refused++;
      this.sendAgain(`${this.serverName} did not process the stream: ${errorName(code)}`, 'unprocessed');
    } else {
      if (retryOn === undefined || !retriesReset(retryOn, code, cause) || !this.affords()) return false;
      this.sendAgain(message, 'asked');
    }
    return true;
  }

  protected sendAgain(cause: string, kind: RetryKind): void {
    this.dropServer();
    this.retry(cause, kind);
  }

  /** The stream is over. */
  protected forget(): void {
    this.early = null;
    this.replay = null;
  }
}
