/** From a socket whose handshake is done to what rules and log lines are told of it. */
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { distinguishedName, type ClientCertificate, type TlsDetails, type TlsRecord } from '../model/tls.ts';
import { altNamesOf } from './pem.ts';
import { verifyErrorNumber } from './verify-errors.ts';

/** Certificates of one chain that are looked at. */
const LONGEST_CHAIN = 32;

/** @param asked the peer is a client that was asked for a certificate */
export function describeTls(socket: TLSSocket, asked: boolean): TlsRecord {
  const certificate = asked ? socket.getPeerX509Certificate() : undefined;
  const { servername, alpnProtocol, authorizationError } = socket as {
    servername?: string | false; alpnProtocol: string | false | null; authorizationError: Error | string | null;
  };
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    sni: typeof servername === 'string' && servername !== '' ? servername : null,
    alpn: typeof alpnProtocol === 'string' && alpnProtocol !== '' ? alpnProtocol : null,
    resumed: socket.isSessionReused(),
    client: certificate === undefined ? null : describeCertificate(certificate),
    verifyError: certificate === undefined ? 0 : verifyErrorNumber(authorizationError),
    details: new Details(socket, asked ? clientChain : serverChain),
  };
}

/** Asked for while the connection is open, and remembered. */
class Details implements TlsDetails {
  readonly #socket: TLSSocket;
  readonly #chainOf: (socket: TLSSocket) => readonly Uint8Array[];
  #own: Uint8Array | null | undefined;
  #chain: readonly Uint8Array[] | undefined;

  constructor(socket: TLSSocket, chainOf: (socket: TLSSocket) => readonly Uint8Array[]) {
    this.#socket = socket;
    this.#chainOf = chainOf;
  }

  own(): Uint8Array | null {
    return (this.#own ??= this.#socket.destroyed ? null : (this.#socket.getX509Certificate()?.raw ?? null));
  }

  peerChain(): readonly Uint8Array[] {
    return (this.#chain ??= this.#socket.destroyed ? [] : this.#chainOf(this.#socket));
  }
}

/** As the server sent it. */
function serverChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  for (let next = socket.getPeerX509Certificate(); next !== undefined && chain.length < LONGEST_CHAIN; next = next.issuerCertificate) chain.push(next.raw);
  return chain;
}

/** Of a client, Node.js tells only by the older method what came behind its own certificate; what is missing is taken from `ca-file`. */
function clientChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(next.raw);
    // Who signed itself is its own issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}

function describeCertificate(certificate: X509Certificate): ClientCertificate {
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '',
    altNames: altNamesOf(certificate.subjectAltName),
    serial: certificate.serialNumber.toLowerCase(),
    sha1: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
  };
}
