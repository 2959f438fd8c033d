/** A listening socket. */
import { createServer, connect, type ListenOptions, type Server, type Socket } from 'node:net';
import { unlinkSync } from 'node:fs';
import type { BindSettings } from '../config/model.ts';
import { applySocketFile } from './socket-file.ts';

/** Kernel backlog; HAProxy takes the frontend's maxconn, the kernel cuts both at net.core.somaxconn. */
const BACKLOG = 4096;

/** Takes accepted, paused sockets made with `allowHalfOpen`. */
export type Accept = (socket: Socket, bind: BindSettings) => void;

export class Listener {
  readonly bind: BindSettings;
  readonly #server: Server;

  private constructor(bind: BindSettings, server: Server) {
    this.bind = bind;
    this.#server = server;
  }

  /**
   * Binds and listens.
   * @throws Error with a message for the operator: which bind line, why not, what to do
   */
  static async open(bind: BindSettings, accept: Accept): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => accept(socket, bind));
    const { address } = bind;
    if (address.kind === 'unix') await removeStaleSocket(address.path);
    const options: ListenOptions & { fd?: number } = { backlog: bind.backlog ?? BACKLOG };
    switch (address.kind) {
      case 'tcp':
        options.host = address.host === '' ? '0.0.0.0' : address.host;
        options.port = address.port;
        options.ipv6Only = bind.v6only;
        break;
      case 'unix':
        options.path = address.path;
        break;
      case 'abstract':
        options.path = `\0${address.name}`;
        break;
      case 'fd':
        options.fd = address.fd;
        break;
    }
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(options, () => {
          server.off('error', reject);
          resolve();
        });
      });
      if (address.kind === 'unix' && bind.socketFile !== null) applySocketFile(address.path, bind.socketFile);
    } catch (error) {
      server.close();
      throw new Error(describeFailure(bind, error as NodeJS.ErrnoException), { cause: error });
    }
    // Accepting can fail later for want of descriptors; the connections then wait in the kernel's backlog.
    server.on('error', () => {});
    return new Listener(bind, server);
  }

  /** The TCP port, of use when 0 was asked for; 0 for other sockets. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Stops listening. Accepted connections are not touched. */
  close(): void {
    this.#server.close();
  }
}

function describeFailure(bind: BindSettings, error: NodeJS.ErrnoException): string {
  const where = `cannot bind ${bind.text}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where}: the address is in use by another process; stop it or choose another port`;
    case 'EACCES':
      return `${where}: permission denied; ports below 1024 need root or CAP_NET_BIND_SERVICE, sockets a writable directory`;
    case 'EADDRNOTAVAIL':
      return `${where}: this machine has no such address`;
    default:
      return `${where}: ${error.message}`;
  }
}

/** A socket file that nobody listens on is left over from a process that was killed; one that answers is in use and stays. */
async function removeStaleSocket(path: string): Promise<void> {
  const stale = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (stale) unlinkSync(path);
}
