import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { readIntoBuffers } from '../../../src/transport/reused-reads.ts';

describe('transport/reused-reads', () => {
  it('fills the buffers that it is given, in accepted and in dialled sockets', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepting = once(server, 'connection') as Promise<[Socket]>;
    const dialled = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [[accepted]] = await Promise.all([accepting, once(dialled, 'connect')]);
    try {
      for (const [from, to] of [[dialled, accepted], [accepted, dialled]] as const) {
        const buffers = [Buffer.alloc(4), Buffer.alloc(3), Buffer.alloc(16)];
        const used: Uint8Array[] = [];
        let text = '';
        const { promise, resolve } = Promise.withResolvers<void>();
        const started = readIntoBuffers(
          to,
          buffers[0] as Buffer,
          () => buffers[used.length] as Buffer,
          (bytes, buffer) => {
            used.push(buffer);
            text += Buffer.from(buffer.subarray(0, bytes)).toString();
            if (text.length === 10) resolve();
            return true;
          },
        );
        assert.ok(started, 'this Node has what is needed');
        to.resume();
        from.write('0123456789');
        await promise;
        assert.equal(text, '0123456789');
        assert.deepEqual(used, buffers);
        assert.equal(readIntoBuffers(to, Buffer.alloc(1), () => Buffer.alloc(1), () => true), false, 'not twice');
      }
    } finally {
      dialled.destroy();
      accepted.destroy();
      server.close();
    }
  });

  it('declines a socket that has no connection', () => {
    const socket = new Socket();
    assert.equal(readIntoBuffers(socket, Buffer.alloc(1), () => Buffer.alloc(1), () => true), false);
    socket.destroy();
  });
});
