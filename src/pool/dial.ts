/** Connections to one server's port: its address, and what precedes the protocol: a PROXY header, TLS. */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { SendProxy } from '../config/tls-settings.ts';
import type { TlsRecord } from '../model/tls.ts';
import type { Endpoint } from '../proxy-protocol/header.ts';
import { proxyV1, proxyV2, proxyV2Local } from '../proxy-protocol/write.ts';
import type { TlsConnector } from '../tls/connector.ts';

/** Makes a socket that is connecting. It carries bytes from {@link readyEvent} on; what is written before waits. */
export type Dial = () => Socket;

/** The client's connection, as its server is told of it. */
export interface DialClient {
  /** Empty: a Unix socket. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsRecord | null;
}

export interface DialSettings {
  readonly target: NetConnectOpts;
  readonly sendProxy: SendProxy | null;
  /** null: cleartext. */
  readonly tls: TlsConnector | null;
  /** Offered where the server's line has no `alpn`. */
  readonly alpn: readonly string[];
}

/**
 * @param client null for a connection of our own, such as a check's
 * @param uniqueId the stream's, for the PROXY header
 * @param sni the name that `sni` of the server's line comes to, where that is not a fixed one
 */
export function dial({ target, sendProxy, tls, alpn }: DialSettings, client: DialClient | null, sni: string | null = null, uniqueId: string | null = null): Socket {
  const raw = connect(target);
  if (sendProxy !== null) {
    // What is written to a socket that is connecting leaves in order. TLS passes by that: it begins when the socket is connected.
    if (client !== null && tls === null) raw.write(clientHeader(sendProxy, uniqueId, client));
    else raw.once('connect', () => raw.write(client === null ? ownHeader(sendProxy, raw) : clientHeader(sendProxy, uniqueId, client)));
  }
  return tls === null ? raw : tls.wrap(raw, alpn, sni);
}

/** The event with which a dialled socket has become usable. */
export function readyEvent(socket: Socket): 'connect' | 'secureConnect' {
  return 'encrypted' in socket ? 'secureConnect' : 'connect';
}

function clientHeader(sendProxy: SendProxy, uniqueId: string | null, { clientAddress, clientPort, localAddress, localPort, tls }: DialClient): Buffer {
  const source = endpoint(clientAddress, clientPort);
  const destination = endpoint(localAddress, localPort);
  if (sendProxy.version === 1) return proxyV1(source, destination);
  const id = sendProxy.uniqueId ? uniqueId : null;
  const told = tls === null ? null : {
    version: tls.version, cipher: tls.cipher, sni: tls.sni ?? '', clientName: tls.client?.commonName ?? '',
    clientPresented: tls.client !== null, clientVerified: tls.client !== null,
  };
  return proxyV2(source, destination, told, { ...sendProxy, uniqueId: id });
}

/** Version 1 has no word for it but the connection's own ends. */
function ownHeader({ version }: SendProxy, raw: Socket): Buffer {
  if (version === 2) return proxyV2Local();
  return proxyV1(endpoint(raw.localAddress ?? '', raw.localPort ?? 0), endpoint(raw.remoteAddress ?? '', raw.remotePort ?? 0));
}

function endpoint(address: string, port: number): Endpoint | null {
  return address === '' ? null : { address, port };
}
