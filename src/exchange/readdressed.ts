/** `set-src` and `set-dst`: the addresses that logs, servers and PROXY headers are told in place of the connection's own. */
import type { ConnectionRecord } from '../model/records.ts';
import type { Evaluation, RuleSession } from '../route/context.ts';

/** A connection's record as its owner has it. */
export type OpenRecord = Omit<ConnectionRecord, AddressName> & { -readonly [K in AddressName]: ConnectionRecord[K] };

type AddressName = 'clientAddress' | 'clientPort' | 'localAddress' | 'localPort';
type Addresses = Pick<Evaluation | RuleSession, 'source' | 'sourcePort' | 'destination' | 'destinationPort'>;

function addressesOf(record: ConnectionRecord, { source, sourcePort, destination, destinationPort }: Addresses): Pick<ConnectionRecord, AddressName> {
  return {
    clientAddress: source?.toString() ?? record.clientAddress, clientPort: sourcePort, localAddress: destination?.toString() ?? record.localAddress, localPort: destinationPort,
  };
}

/** The record of one stream. */
export function readdressed(record: ConnectionRecord, evaluation: Addresses): ConnectionRecord {
  const { id, frontend, tls, acceptedAt, protocol } = record;
  return { id, frontend, tls, acceptedAt, protocol, ...addressesOf(record, evaluation) };
}

/** The connection itself, and so all its streams. */
export function readdress(connection: OpenRecord, session: Addresses): void {
  Object.assign(connection, addressesOf(connection, session));
}
