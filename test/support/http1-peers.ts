/** HTTP/1 said octet by octet: a client's connection, and a server that answers with what a test gives it. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Sends `octets` and resolves with everything that came until the connection ended. */
export async function exchangeOctets(port: number, octets: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.end(Buffer.from(octets, 'latin1'));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

/** A connection that is read piece by piece. */
export class OctetClient {
  readonly socket: Socket;
  text = '';
  ended = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
    });
    this.socket.on('error', () => {});
    const end = (): void => {
      this.ended = true;
      this.socket.emit('over');
    };
    this.socket.on('end', end);
    this.socket.on('close', end);
  }

  send(octets: string): void {
    this.socket.write(Buffer.from(octets, 'latin1'));
  }

  /** Waits until what has come matches, and takes it up to the end of the match. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found !== null) {
        const end = found.index + found[0].length;
        const taken = this.text.slice(0, end);
        this.text = this.text.slice(end);
        return taken;
      }
      if (this.ended) throw new Error(`the connection ended; it brought ${JSON.stringify(this.text)}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'over')]);
    }
  }

  async end(): Promise<void> {
    while (!this.ended) await once(this.socket, 'over');
  }
}

export interface OctetServer {
  readonly port: number;
  /** Connections that came, ever. */
  connections: number;
  /** What came on all of them. */
  received: string;
  stop(): Promise<void>;
}

/** Calls `serve` with each connection and what it has brought so far, whenever it brought something. */
export async function octetServer(serve: (socket: Socket, text: string, connection: number) => void): Promise<OctetServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    state.connections++;
    const number = state.connections;
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      state.received += chunk.toString('latin1');
      serve(socket, text, number);
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: OctetServer = {
    port: (server.address() as AddressInfo).port,
    connections: 0,
    received: '',
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return state;
}
