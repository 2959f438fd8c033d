/** Fetches of TLS that Pillion itself ended (HAProxy manual 7.3.4). TLS that passes through is read by req.ssl_sni. */
import { fetch } from '../declare.ts';
import type { ClientCertificate, TlsRecord } from '../../model/tls.ts';
import type { Fetch, Get } from '../declare.ts';
import type { Value } from '../value.ts';

const tls = { needs: 'tls' } as const;

function front(read: (facts: TlsRecord) => Value | null): Get {
  return ({ session }) => {
    const facts = session.connection.tls;
    return facts === null ? null : read(facts);
  };
}

function certificate(read: (certificate: ClientCertificate) => Value | null): Get {
  return front(({ client }) => (client === null ? null : read(client)));
}

/** One element of `/C=FR/O=Acme/CN=x`, the n-th, or from the end when negative; all of it without a name. */
function element(name: string, part: string, occurrence: number): string | null {
  if (part === '') return name;
  const all = name.split('/').filter((entry) => entry.startsWith(`${part}=`)).map((entry) => entry.slice(part.length + 1));
  return all.at(occurrence > 0 ? occurrence - 1 : occurrence) ?? null;
}

const dn = { args: '[entry:text] [occurrence:int]', needs: 'tls' } as const;

export const TLS_FETCHES: readonly Fetch[] = [
  fetch('ssl_c_cn', 'str', "The common name of the client's certificate.", { ...tls, origin: 'pillion' }, () => certificate(({ commonName }) => commonName)),
  fetch('ssl_c_i_dn', 'str', "The issuer of the client's certificate, or one entry of the name.", dn, (args) =>
    certificate(({ issuer }) => element(issuer, args.text(0), args.int(1, 1)))),
  fetch('ssl_c_s_dn', 'str', "The subject of the client's certificate, or one entry of the name.", dn, (args) =>
    certificate(({ subject }) => element(subject, args.text(0), args.int(1, 1)))),
  fetch('ssl_c_san', 'str', "Names of the client's certificate with their kinds, such as URI:spiffe://cluster/ns/app.", {
    ...tls, origin: 'pillion', all: () => ({ session }) => session.connection.tls?.client?.altNames ?? [],
  }, () => certificate(({ altNames }) => altNames.join(','))),
  fetch('ssl_c_serial', 'bin', "The serial number of the client's certificate.", tls, () => certificate(({ serial }) => Buffer.from(serial.length % 2 === 0 ? serial : `0${serial}`, 'hex'))),
  fetch('ssl_c_sha1', 'bin', "The SHA-1 fingerprint of the client's certificate.", tls, () => certificate(({ sha1 }) => Buffer.from(sha1, 'hex'))),
  fetch('ssl_c_used', 'bool', 'Whether the client sent a certificate.', tls, () => front(({ client }) => client !== null)),
  fetch('ssl_fc', 'bool', 'Whether the client came by TLS that ends here.', tls, () => ({ session }) => session.connection.tls !== null),
  fetch('ssl_fc_alpn', 'str', 'The application protocol that was agreed upon.', tls, () => front(({ alpn }) => alpn)),
  fetch('ssl_fc_cipher', 'str', 'The cipher.', tls, () => front(({ cipher }) => cipher)),
  fetch('ssl_fc_has_crt', 'bool', 'Whether the client sent a certificate in this handshake.', tls, () => front(({ client }) => client !== null)),
  fetch('ssl_fc_has_sni', 'bool', 'Whether the client named a server.', tls, () => front(({ sni }) => sni !== null)),
  fetch('ssl_fc_is_resumed', 'bool', 'Whether an earlier TLS session was resumed.', tls, () => front(({ resumed }) => resumed)),
  fetch('ssl_fc_protocol', 'str', 'The version, such as TLSv1.3.', tls, () => front(({ version }) => version)),
  fetch('ssl_fc_sni', 'str', 'The server that the client named, in TLS that ends here.', tls, () => front(({ sni }) => sni)),
];
