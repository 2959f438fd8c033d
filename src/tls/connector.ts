/** TLS with one server, or with its checks: the client's side of handshakes. */
import type { Socket } from 'node:net';
import { checkServerIdentity, connect, type PeerCertificate, type SecureContext, type TLSSocket } from 'node:tls';
import type { ServerTlsSettings } from '../config/tls-settings.ts';
import { describeTls } from './describe.ts';
import type { ServerMaterial } from './material.ts';
import { rememberServerTls } from './server-records.ts';

/** Names for which a session is kept, so that it can be resumed. */
const MAX_SESSIONS = 64;

/** How the certificate of a server is looked at; for clients that make their own connections. */
export interface VerifyOptions {
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

export class TlsConnector {
  readonly settings: ServerTlsSettings;
  readonly #sessions = new Map<string, Buffer>();
  #context: SecureContext;

  constructor(settings: ServerTlsSettings, { context }: ServerMaterial) {
    this.settings = settings;
    this.#context = context;
  }

  get context(): SecureContext {
    return this.#context;
  }

  /** Other files for the connections to come. */
  replace({ context }: ServerMaterial): void {
    this.#context = context;
    this.#sessions.clear();
  }

  /**
   * TLS on `raw`, which may be connecting still. 'secureConnect' says that the handshake is done and the certificate good.
   * @param asked the name that `sni ssl_fc_sni` or `sni req.hdr(NAME)` comes to
   */
  wrap(raw: Socket, defaultAlpn: readonly string[], asked: string | null): TLSSocket {
    const { reuse, alpn } = this.settings;
    const name = this.serverName(asked);
    const protocols = alpn ?? defaultAlpn;
    const key = name ?? '';
    const session = reuse ? this.#sessions.get(key) : undefined;
    const socket = connect({
      socket: raw,
      secureContext: this.#context,
      ...(name === null ? {} : { servername: name }),
      ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
      ...(session === undefined ? {} : { session }),
      ...this.verifyOptions(name),
    });
    socket.once('secureConnect', () => rememberServerTls(socket, describeTls(socket, false)));
    if (reuse) socket.on('session', (ticket: Buffer) => this.#keep(key, ticket));
    return socket;
  }

  /** The name that the server is told, or null. */
  serverName(asked: string | null): string | null {
    const { sni } = this.settings;
    switch (sni.kind) {
      case 'none':
        return null;
      case 'fixed':
        return sni.name;
      case 'client':
      case 'host':
      case 'header':
      case 'expression':
        return asked;
    }
  }

  /** The certificate must have the name that the server was told, else that of `verifyhost`; without either, any name will do. */
  verifyOptions(name: string | null): VerifyOptions {
    const { verify, verifyHost } = this.settings;
    const expected = name ?? verifyHost;
    return {
      rejectUnauthorized: verify,
      checkServerIdentity: (_host, certificate) => (expected === null ? undefined : checkServerIdentity(expected, certificate)),
    };
  }

  #keep(key: string, session: Buffer): void {
    if (!this.#sessions.has(key) && this.#sessions.size >= MAX_SESSIONS) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    this.#sessions.set(key, session);
  }
}
