/**
 * `node raw-relay.ts PORT UPSTREAM-PORT`: bytes from each socket to the other and nothing else. The floor of the comparison:
 * what Node itself takes for accepting, dialling, reading and writing.
 */
import { Socket, connect, createServer } from 'node:net';
import type { SocketConstructorOpts } from 'node:net';

const [listenPort = 0, upstreamPort = 0] = process.argv.slice(2).map(Number);
const bufferBytes = 256 * 1024;

/** The `onread` of a socket: each read lands in the one buffer, and stops while the other side has not taken it. */
function forward(from: () => Socket, to: () => Socket): NonNullable<SocketConstructorOpts['onread']> {
  const buffer = Buffer.allocUnsafe(bufferBytes);
  let waiting = false;
  const taken = (): void => {
    if (!waiting) return;
    waiting = false;
    from().resume();
  };
  const callback = (length: number): boolean => {
    to().write(buffer.subarray(0, length), taken);
    waiting = to().writableLength > 0;
    return !waiting;
  };
  return { buffer, callback };
}

/** Node takes `onread` for sockets that dial only; an accepted one gets it by handing its handle to a new Socket. */
function reopen(accepted: Socket, onread: NonNullable<SocketConstructorOpts['onread']>): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  Reflect.set(accepted, '_handle', null);
  const options: SocketConstructorOpts = { onread, allowHalfOpen: true };
  Reflect.set(options, 'handle', handle);
  return new Socket(options);
}

function tie(from: Socket, to: Socket): void {
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.resume();
}

createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (accepted) => {
  const client: Socket = reopen(accepted, forward(() => client, () => server));
  const onread = forward(() => server, () => client);
  const server: Socket = connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true, onread });
  tie(client, server);
  tie(server, client);
}).listen(listenPort, '127.0.0.1');
