/** Where a server is dialled. */
import { isIP, type NetConnectOpts } from 'node:net';
import type { ServerAddress } from '../config/model.ts';

/**
 * The port to dial for a client that connected to `clientPort` (HAProxy configuration manual 5.2, "server <name> <address>[:[port]]"):
 * a server without a port, or with +n or -n, has the client's.
 */
export function dialPort(address: ServerAddress, clientPort: number): number {
  if (address.kind !== 'tcp') return 0;
  return address.port.kind === 'fixed' ? address.port.port : clientPort + address.port.offset;
}

/** @param port from {@link dialPort} */
export function dialTarget(address: ServerAddress, port: number): NetConnectOpts {
  switch (address.kind) {
    case 'tcp':
      return { host: address.host, port, family: isIP(address.host), allowHalfOpen: true, noDelay: true };
    case 'unix':
      return { path: address.path, allowHalfOpen: true };
    case 'abstract':
      return { path: `\0${address.name}`, allowHalfOpen: true };
  }
}

/** For messages: `127.0.0.1:50051`, `[::1]:50051`, `host:+1`, `unix@/run/app.sock`. */
export function describeAddress(address: ServerAddress): string {
  switch (address.kind) {
    case 'tcp': {
      const host = isIP(address.host) === 6 ? `[${address.host}]` : address.host;
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
