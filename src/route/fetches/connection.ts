/** Fetches of layer 4 (HAProxy manual 7.3.3). */
import { parseAddress } from '../address.ts';
import { fetch } from '../declare.ts';
import type { Fetch } from '../declare.ts';

const connection = { needs: 'connection' } as const;
const server = { needs: 'server' } as const;

/** `10.0.0.1:80` or `[::1]:80` in parts. */
function split(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

export const CONNECTION_FETCHES: readonly Fetch[] = [
  fetch('so_id', 'int', "The number of the 'bind' address that the connection came by, from 1.", connection, () => ({ session }) => session.listener?.id ?? null),
  fetch('so_name', 'str', "The name of the 'bind' line that the connection came by.", connection, () => ({ session }) => session.listener?.name ?? null),
  fetch('src', 'addr', "The client's address; of a unix socket there is none.", connection, () => (context) => context.source),
  fetch('src_port', 'int', "The client's port.", connection, () => (context) => (context.source === null ? null : context.sourcePort)),
  fetch('src_is_local', 'bool', "Whether the client's address is one of the loopback network.", connection, () => ({ source }) =>
    (source === null ? null : source.version === 4 ? source.bytes[0] === 127 : source.toString() === '::1')),
  fetch('dst', 'addr', 'The address that the client connected to.', connection, () => (context) => context.destination),
  fetch('dst_port', 'int', 'The port that the client connected to.', connection, () => (context) => (context.destination === null ? null : context.destinationPort)),
  fetch('dst_conn', 'int', 'Connections on this frontend now.', connection, () => ({ session }) => session.connection.frontend.counters.connectionsCurrent),
  fetch('fc_src', 'addr', "The client's address, whatever a PROXY header says; only tcp-request connection changes it.", connection, () => ({ session }) => session.peer.source),
  fetch('fc_src_port', 'int', "The client's port, whatever a PROXY header says; only tcp-request connection changes it.", connection, () => ({ session }) => session.peer.sourcePort),
  fetch('fc_dst', 'addr', 'The address that the client connected to, whatever a PROXY header says; only tcp-request connection changes it.', connection, () => ({ session }) => session.peer.destination),
  fetch('fc_dst_port', 'int', 'The port that the client connected to, whatever a PROXY header says; only tcp-request connection changes it.', connection, () => ({ session }) => session.peer.destinationPort),
  fetch('fc_pp_authority', 'str', 'The authority that the PROXY header told.', connection, () => ({ session }) => session.connection.proxied?.authority ?? null),
  fetch('fc_pp_unique_id', 'str', 'The unique id that the PROXY header told.', connection, () => ({ session }) => session.connection.proxied?.uniqueId ?? null),
  fetch('fc_http_major', 'int', 'The HTTP version of the client: 2, or 1.', connection, () => ({ request, version }) => (request === null ? null : Number(version.charAt(0)))),
  fetch('bc_dst', 'addr', "The server's address.", server, () => ({ server: chosen }) => (chosen === null ? null : parseAddress(split(chosen.address).host))),
  fetch('bc_dst_port', 'int', "The server's port.", server, () => ({ server: chosen }) => {
    const port = chosen === null ? Number.NaN : split(chosen.address).port;
    return Number.isNaN(port) ? null : port;
  }),
];
