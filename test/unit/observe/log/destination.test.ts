import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descriptorDestination } from '../../../../src/observe/log/destination.ts';

describe('observe/log/destination', () => {
  it('drops and counts lines when the reader stalls, and goes on when it reads again', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pillion-fifo-'));
    const path = join(directory, 'fifo');
    execFileSync('mkfifo', [path]);
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(path, constants.O_WRONLY);
    const reader = new Socket({ fd: readEnd, readable: true, writable: false });
    try {
      const events: unknown[] = [];
      const limit = 300_000;
      const destination = descriptorDestination(writeEnd, 'fifo', (...event) => void events.push(event), limit);
      const lines = 10_000;
      for (let i = 0; i < lines; i++) destination.write(`${String(i).padStart(98, '.')}\n`, 6);
      assert.equal(await destination.flush(20), false);
      const { dropped } = destination;
      assert.equal(dropped, lines - Math.floor(limit / 99));
      assert.equal(events.length, 1);
      assert.match(JSON.stringify(events[0]), /log lines dropped/);

      let text = '';
      reader.setEncoding('latin1').on('data', (chunk) => (text += chunk));
      assert.equal(await destination.flush(5000), true);
      destination.write('last\n', 6);
      assert.equal(await destination.flush(5000), true);
      closeSync(writeEnd);
      await new Promise((resolve) => reader.once('close', resolve));
      const got = text.split('\n').slice(0, -1);
      assert.equal(got.length, lines - dropped + 1);
      assert.ok(got.slice(0, -1).every((line, i) => line === String(i).padStart(98, '.')));
      assert.equal(got.at(-1), 'last');
    } finally {
      // Frees a write that still waits: the process could not end with it.
      reader.destroy();
      rmSync(directory, { recursive: true });
    }
  });

  it('reports that its reader is gone, and throws nothing', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pillion-fifo-'));
    const path = join(directory, 'fifo');
    execFileSync('mkfifo', [path]);
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(path, constants.O_WRONLY);
    closeSync(readEnd);
    const failed = Promise.withResolvers<unknown>();
    const destination = descriptorDestination(writeEnd, 'fifo', (...event) => failed.resolve(event));
    destination.write('line\n', 6);
    assert.match(JSON.stringify(await failed.promise), /EPIPE/);
    destination.write('another\n', 6);
    await destination.flush(1000);
    destination.close();
    destination.write('ignored\n', 6);
    assert.equal(await destination.flush(1000), true);
    closeSync(writeEnd);
    rmSync(directory, { recursive: true });
  });
});
