/** Where a server is dialled. */
import { isIP, type NetConnectOpts } from 'node:net';
import type { ServerAddress } from '../config/model.ts';

const LOOPBACK = '127.0.0.1';

/**
 * The port to dial for a client that connected to `clientPort` (HAProxy configuration manual 5.2, "server <name> <address>[:[port]]"):
 * a server without a port, or with +n or -n, has the client's. Ports have 16 bits, as in HAProxy: 65535 + 2 is 1.
 */
export function dialPort(address: ServerAddress, clientPort: number): number {
  if (address.kind !== 'tcp') return 0;
  return address.port.kind === 'fixed' ? address.port.port : (clientPort + address.port.offset) & 0xffff;
}

/**
 * The host to dial for a client that connected to `localAddress`: that one, where the server has no host of its own. A client of a
 * Unix socket connected to this host.
 */
export function dialHost(host: string, localAddress: string): string {
  return host !== '' ? host : localAddress !== '' ? localAddress : LOOPBACK;
}

/** @param port from {@link dialPort} */
export function dialTarget(address: ServerAddress, port: number, localAddress: string): NetConnectOpts {
  switch (address.kind) {
    case 'tcp': {
      const host = dialHost(address.host, localAddress);
      return { host, port, family: isIP(host), allowHalfOpen: true, noDelay: true };
    }
    case 'unix':
      return { path: address.path, allowHalfOpen: true };
    case 'abstract':
      return { path: `\0${address.name}`, allowHalfOpen: true };
  }
}

/** For messages: `127.0.0.1:50051`, `[::1]:50051`, `host:+1`, `*:50051`, `unix@/run/app.sock`. */
export function describeAddress(address: ServerAddress): string {
  switch (address.kind) {
    case 'tcp': {
      const host = isIP(address.host) === 6 ? `[${address.host}]` : address.host || '*';
      const { port } = address;
      if (port.kind === 'fixed') return `${host}:${port.port}`;
      return port.offset === 0 ? host : `${host}:${port.offset > 0 ? '+' : ''}${port.offset}`;
    }
    case 'unix':
      return `unix@${address.path}`;
    case 'abstract':
      return `abns@${address.name}`;
  }
}
