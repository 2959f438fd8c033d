/** From a socket whose handshake is done to what rules and log lines are told of it. */
import type { TLSSocket } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import type { ClientCertificate, TlsRecord } from '../model/tls.ts';
import { altNamesOf } from './pem.ts';

/** @param asked whether the client was asked for a certificate */
export function describeTls(socket: TLSSocket, asked: boolean): TlsRecord {
  const certificate = asked ? socket.getPeerX509Certificate() : undefined;
  const { servername, alpnProtocol } = socket as { servername?: string | false; alpnProtocol: string | false | null };
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    sni: typeof servername === 'string' && servername !== '' ? servername : null,
    alpn: typeof alpnProtocol === 'string' && alpnProtocol !== '' ? alpnProtocol : null,
    resumed: socket.isSessionReused(),
    client: certificate === undefined ? null : describeCertificate(certificate),
  };
}

function describeCertificate(certificate: X509Certificate): ClientCertificate {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '',
    altNames: altNamesOf(certificate.subjectAltName),
    serial: certificate.serialNumber.toLowerCase(),
    sha1: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
  };
}

/** `C=DE\nCN=x` as `/C=DE/CN=x`. */
function oneLine(name: string): string {
  return name === '' ? '' : `/${name.split('\n').join('/')}`;
}
