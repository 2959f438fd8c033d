import assert from 'node:assert/strict';
import { CHUNK_SIZE } from '../../../src/transport/chunks.ts';
import { Output, type ByteSink } from '../../../src/transport/output.ts';

/** A socket that takes bytes when told to. */
class Sink implements ByteSink {
  readonly written: Buffer[] = [];
  readonly pending: ((error?: Error | null) => void)[] = [];
  corked = 0;
  uncorked = 0;

  write(bytes: Buffer, done: (error?: Error | null) => void): void {
    this.written.push(Buffer.from(bytes));
    this.pending.push(done);
  }

  cork(): void {
    this.corked++;
  }

  uncork(): void {
    this.uncorked++;
  }

  takeAll(): void {
    for (const done of this.pending.splice(0)) done();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('transport/output', () => {
  it('gathers what a turn says into one write', async () => {
    const sink = new Sink();
    const output = new Output(sink, 1024, () => {});
    for (const word of ['one ', 'two ', 'three']) output.append(Buffer.from(word));
    assert.equal(sink.written.length, 0);
    assert.equal(output.waiting, 13);
    await turn();
    assert.deepEqual(sink.written.map(String), ['one two three']);
    assert.equal(output.waiting, 13);
    sink.takeAll();
    assert.equal(output.waiting, 0);
    assert.equal(sink.corked, 0);
  });

  it('writes several chunks under one cork, in order', async () => {
    const sink = new Sink();
    const output = new Output(sink, 1024 * 1024, () => {});
    const bytes = Buffer.alloc(CHUNK_SIZE * 2 + 100, 'x');
    bytes.write('end', bytes.length - 3);
    output.append(bytes);
    await turn();
    assert.deepEqual(Buffer.concat(sink.written), bytes);
    assert.deepEqual([sink.corked, sink.uncorked], [1, 1]);
    assert.equal(output.total, bytes.length);
  });

  it('is blocked above the high-water mark and says when it is writable again', async () => {
    const sink = new Sink();
    let writable = 0;
    const output = new Output(sink, 100, () => writable++);
    output.append(Buffer.alloc(101));
    await turn();
    assert.equal(output.blocked, true);
    output.append(Buffer.alloc(10));
    await turn();
    sink.pending.shift()?.();
    assert.equal(output.blocked, false);
    assert.equal(writable, 1);
    sink.takeAll();
    assert.equal(writable, 1);
  });

  it('is blocked within a turn that says too much', () => {
    const output = new Output(new Sink(), CHUNK_SIZE, () => {});
    output.append(Buffer.alloc(CHUNK_SIZE * 3));
    assert.equal(output.blocked, true);
    output.endTurn();
  });

  it('reserves in place, contiguously', async () => {
    const sink = new Sink();
    const output = new Output(sink, 1024, () => {});
    output.reserve(CHUNK_SIZE - 1);
    output.position += CHUNK_SIZE - 1;
    output.reserve(2);
    assert.equal(output.position, 0);
    output.bytes[0] = 1;
    output.bytes[1] = 2;
    output.position = 2;
    await turn();
    assert.deepEqual(sink.written.map((bytes) => bytes.length), [CHUNK_SIZE - 1, 2]);
    assert.deepEqual([...(sink.written[1] as Buffer)], [1, 2]);
    sink.takeAll();
  });

  it('does not write an empty reservation', async () => {
    const sink = new Sink();
    const output = new Output(sink, 1024, () => {});
    output.reserve(10);
    await turn();
    assert.equal(sink.written.length, 0);
  });
});
