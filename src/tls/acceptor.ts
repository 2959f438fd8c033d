/**
 * TLS with the clients of a `bind` line. Node's tls.Server does the handshakes of sockets that others accepted; it never listens.
 */
import type { Socket } from 'node:net';
import { createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import type { BindTlsSettings } from '../config/tls-settings.ts';
import type { TlsRecord } from '../model/tls.ts';
import { CertificateIndex } from './certificate-index.ts';
import { describeTls } from './describe.ts';
import { clientFailure } from './failures.ts';
import { bindContext, type BindMaterial } from './material.ts';
import type { Certificate } from './pem.ts';
import { concernsIssuer } from './verify-errors.ts';

export type Handshake =
  | { readonly kind: 'done'; readonly socket: TLSSocket; readonly record: TlsRecord }
  | { readonly kind: 'failed'; readonly reason: string };

export class TlsAcceptor {
  readonly #settings: BindTlsSettings;
  /** Handshakes under way, by the socket below. */
  readonly #pending = new Map<unknown, (result: Handshake) => void>();
  #server: Server;

  constructor(settings: BindTlsSettings, material: BindMaterial) {
    this.#settings = settings;
    this.#server = this.#createServer(material);
  }

  /** Other certificates for the handshakes to come. */
  replace(material: BindMaterial): void {
    this.#server = this.#createServer(material);
  }

  /** Takes over `raw`, paused, with what was read but not consumed put back. The answer cancels, and leaves `raw` to be destroyed. */
  accept(raw: Socket, done: (result: Handshake) => void): () => void {
    this.#pending.set(raw, done);
    this.#server.emit('connection', raw);
    return () => void this.#pending.delete(raw);
  }

  #createServer({ entries, defaults, common }: BindMaterial): Server {
    const { alpn, verify, strictSni } = this.#settings;
    const server = createServer({
      ...common,
      // Without a certificate OpenSSL itself refuses who is not given a context by name.
      ...(strictSni ? {} : { cert: defaults.map(({ chain }) => chain), key: defaults.map(({ key }) => key) }),
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      ...(strictSni || entries.length > defaults.length ? { SNICallback: chooser(new CertificateIndex(entries), strictSni ? [] : defaults, common) } : {}),
      requestCert: verify !== 'none',
      rejectUnauthorized: false,
      pauseOnConnect: true,
      // Whoever called accept() has a clock of its own.
      handshakeTimeout: 2 ** 31 - 1,
    });
    server.on('secureConnection', (socket) => this.#onSecure(socket));
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => this.#answer(socket)?.({ kind: 'failed', reason: clientFailure(error, strictSni) }));
    return server;
  }

  #onSecure(socket: TLSSocket): void {
    const done = this.#answer(socket);
    if (done === undefined) {
      socket.destroy();
      return;
    }
    const record = describeTls(socket, this.#settings.verify !== 'none');
    const refusal = this.#judge(socket, record);
    done(refusal === null ? { kind: 'done', socket, record } : { kind: 'failed', reason: refusal });
  }

  #judge(socket: TLSSocket, { client, verifyError = 0 }: TlsRecord): string | null {
    switch (this.#settings.verify) {
      case 'none':
        return null;
      case 'optional':
      case 'required':
        if (client === null) return this.#settings.verify === 'optional' ? null : "the client has no certificate, and 'verify required' asks for one";
        if (socket.authorized || this.#ignores(socket, verifyError)) return null;
        return `the client's certificate ${client.subject} is not accepted: ${String(socket.authorizationError)}`;
    }
  }

  #ignores(socket: TLSSocket, error: number): boolean {
    const { certificate, issuers } = this.#settings.ignoredErrors;
    const shown = socket.getPeerX509Certificate();
    if (shown === undefined || error === 0) return false;
    const ignored = concernsIssuer(error, shown, Date.now()) ? issuers : certificate;
    return ignored === 'all' || ignored.includes(error);
  }

  /** tls.Server names the socket above; `_parent` is the one that it was made of. */
  #answer(socket: TLSSocket): ((result: Handshake) => void) | undefined {
    const raw: unknown = Reflect.get(socket, '_parent');
    const done = this.#pending.get(raw);
    this.#pending.delete(raw);
    return done;
  }
}

type SniCallback = (servername: string, done: (error: Error | null, context?: SecureContext) => void) => void;

/** Finds the context for a host; each is made when it is first asked for. `defaults` are in force already. */
function chooser(index: CertificateIndex, defaults: readonly Certificate[], common: BindMaterial['common']): SniCallback {
  const contexts = new Map<Certificate, SecureContext>();
  return (servername, done) => {
    const certificate = index.find(servername);
    if (certificate === null || defaults.includes(certificate)) {
      done(null);
      return;
    }
    let context = contexts.get(certificate);
    if (context === undefined) {
      context = bindContext(common, certificate);
      contexts.set(certificate, context);
    }
    done(null, context);
  };
}
