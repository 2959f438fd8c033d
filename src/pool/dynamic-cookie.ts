import { isIP } from 'node:net';
import { addressOctets } from '../balance/sample.ts';
import { xxh64 } from '../balance/xxh64.ts';
import type { ServerAddress } from '../config/model.ts';

/** The value of `cookie … dynamic` (HAProxy, srv_set_dyncookie): a hash of the key, the server's address and its port; null for what has no IP address. */
export function dynamicCookie(key: string, address: ServerAddress): string | null {
  if (address.kind !== 'tcp' || address.port.kind !== 'fixed' || isIP(address.host) === 0) return null;
  const port = Buffer.alloc(4);
  port.writeUInt32BE(address.port.port);
  const input = Buffer.concat([Buffer.from(key), Buffer.from(addressOctets(address.host) ?? '', 'latin1'), port]);
  return xxh64(input).toString(16).padStart(16, '0');
}
