/** TLS of connections to servers whose handshake is done. Apart from what makes them, so that who only asks loads no TLS. */
import type { Socket } from 'node:net';
import type { TlsRecord } from '../model/tls.ts';

const records = new WeakMap<object, TlsRecord>();

export function rememberServerTls(socket: Socket, record: TlsRecord): void {
  records.set(socket, record);
}

/** null: the connection has none. */
export function serverTlsOf(socket: Socket): TlsRecord | null {
  return records.get(socket) ?? null;
}
