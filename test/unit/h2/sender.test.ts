import assert from 'node:assert/strict';
import { Sender, type SendingStream } from '../../../src/h2/sender.ts';
import { Output } from '../../../src/transport/output.ts';

const WINDOW = 65_535;

class Waiting implements SendingStream {
  queued = false;
  sent = 0;
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  sendPending(): boolean {
    const size = this.#sender.sendable;
    this.#sender.data(1, new Uint8Array(size), 0, size, false);
    this.sent += size;
    return true;
  }
}

describe('sender', () => {
  const make = (): Sender => new Sender(new Output({ write: (_, done) => done(), cork: () => {}, uncork: () => {} }, 1 << 24, () => {}));

  it('keeps nothing of streams that have gone while the window was closed', () => {
    const sender = make();
    const first = new Waiting(sender);
    sender.enqueue(first);
    assert.equal(first.sent, WINDOW, 'the window is used up');
    const stay = Array.from({ length: 10 }, () => new Waiting(sender));
    for (const stream of stay) sender.enqueue(stream);
    for (let count = 0; count < 10_000; count++) {
      const stream = new Waiting(sender);
      sender.enqueue(stream);
      sender.forget(stream);
      assert.ok(sender.queueLength <= 30, `${sender.queueLength} entries`);
    }
    sender.grow(11 * 16_384);
    assert.deepEqual(stay.map(({ sent }) => sent), stay.map(() => 16_384));
    assert.equal(first.sent, WINDOW + 16_384);
  });

  it('does not let a stream send that has gone while others had their turn', () => {
    const sender = make();
    const later = new Waiting(sender);
    const killer = new (class extends Waiting {
      override sendPending(): boolean {
        sender.forget(later);
        super.sendPending();
        return false;
      }
    })(sender);
    const first = new Waiting(sender);
    sender.enqueue(first);
    sender.forget(first);
    sender.enqueue(killer);
    sender.enqueue(later);
    sender.grow(10 * 16_384);
    assert.equal(killer.sent, 16_384);
    assert.equal(later.sent, 0);
  });
});
