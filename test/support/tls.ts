/** The certificates of test/fixtures/tls, and clients that say how a handshake went. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

/** With a slash at its end. */
export const CERTIFICATES: string = fileURLToPath(new URL('../fixtures/tls/', import.meta.url));

export function pem(name: string): Buffer {
  return readFileSync(`${CERTIFICATES}${name}.pem`);
}

/** A socket after its handshake. @throws Error when there was none */
export async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: pem('ca'), servername: 'localhost', ...options });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  return socket;
}

/** The file name of the certificate that a client gets, of those named. */
export async function certificateFor(port: number, servername: string, names: readonly string[], options: ConnectionOptions = {}): Promise<string> {
  const socket = await handshake(port, { servername, checkServerIdentity: () => undefined, ...options });
  const shown = socket.getPeerX509Certificate()?.fingerprint256;
  socket.destroy();
  return names.find((name) => fingerprint(name) === shown) ?? 'none of them';
}

function fingerprint(name: string): string {
  return new X509Certificate(pem(name)).fingerprint256;
}

/** A client's credentials; with `own`, its certificate. */
export function channelCredentials(own?: string): grpc.ChannelCredentials {
  return own === undefined ? grpc.credentials.createSsl(pem('ca')) : grpc.credentials.createSsl(pem('ca'), pem(own), pem(own));
}

/** A server's, who asks for the client's certificate if told to. */
export function serverCredentials(own: string = 'server', clients: boolean = false): grpc.ServerCredentials {
  return grpc.ServerCredentials.createSsl(clients ? pem('ca') : null, [{ private_key: pem(own), cert_chain: pem(own) }], clients);
}
