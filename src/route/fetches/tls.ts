/** Fetches of TLS that Pillion itself speaks (HAProxy manual 7.3.4). TLS that passes through is read by req.ssl_sni. */
import { X509Certificate } from 'node:crypto';
import { distinguishedName } from '../../model/tls.ts';
import { readCertificateFields, type CertificateFields } from '../der.ts';
import { fetch } from '../declare.ts';
import type { Evaluation } from '../context.ts';
import type { ClientCertificate, TlsRecord } from '../../model/tls.ts';
import type { Need } from '../scope.ts';
import type { Fetch, Get } from '../declare.ts';
import type { Value } from '../value.ts';

const tls = { needs: 'tls' } as const;

type Side = (context: Evaluation) => TlsRecord | null;

const client: Side = ({ session }) => session.connection.tls;
const server: Side = ({ record }) => record?.serverTls ?? null;

function of(side: Side, read: (facts: TlsRecord) => Value | null): Get {
  return (context) => {
    const facts = side(context);
    return facts === null ? null : read(facts);
  };
}

function front(read: (facts: TlsRecord) => Value | null): Get {
  return of(client, read);
}

function certificate(read: (certificate: ClientCertificate) => Value | null): Get {
  return front(({ client: shown }) => (shown === null ? null : read(shown)));
}

/** One element of `/C=FR/O=Acme/CN=x`, the n-th, or from the end when negative; all of it without a name. */
function element(name: string, part: string, occurrence: number): string | null {
  if (part === '') return name;
  const all = name.split('/').filter((entry) => entry.startsWith(`${part}=`)).map((entry) => entry.slice(part.length + 1));
  return all.at(occurrence > 0 ? occurrence - 1 : occurrence) ?? null;
}

const dn = { args: '[entry:text] [occurrence:int]', needs: 'tls' } as const;

// ---- certificates by their DER

interface Parsed {
  readonly x509: X509Certificate;
  readonly fields: CertificateFields;
}

/** By the octets, which are the same for all streams of a connection. */
const parsed = new WeakMap<Uint8Array, Parsed>();

function parse(der: Uint8Array): Parsed | null {
  const known = parsed.get(der);
  if (known !== undefined) return known;
  const fields = readCertificateFields(der);
  if (fields === null) return null;
  const made = { x509: new X509Certificate(der), fields };
  parsed.set(der, made);
  return made;
}

type DerOf = (context: Evaluation) => Uint8Array | null;

function read(der: DerOf, value: (certificate: Parsed) => Value | null): Get {
  return (context) => {
    const octets = der(context);
    const found = octets === null ? null : parse(octets);
    return found === null ? null : value(found);
  };
}

/** What nothing is kept of until it is asked for. */
function details(prefix: string, whose: string, needs: Need, der: DerOf): readonly Fetch[] {
  return [
    fetch(`${prefix}_der`, 'bin', `${whose}, in DER.`, { needs }, () => der),
    fetch(`${prefix}_key_alg`, 'str', `${whose}: the algorithm of its key, such as id-ecPublicKey.`, { needs }, () => read(der, ({ fields }) => fields.keyAlgorithm)),
    fetch(`${prefix}_notafter`, 'str', `${whose}: the end of its validity, YYMMDDhhmmssZ.`, { needs }, () => read(der, ({ fields }) => fields.notAfter)),
    fetch(`${prefix}_notbefore`, 'str', `${whose}: the beginning of its validity, YYMMDDhhmmssZ.`, { needs }, () => read(der, ({ fields }) => fields.notBefore)),
    fetch(`${prefix}_sig_alg`, 'str', `${whose}: how it is signed, such as RSA-SHA256.`, { needs }, () => read(der, ({ fields }) => fields.signatureAlgorithm)),
    fetch(`${prefix}_version`, 'int', `${whose}: its version.`, { needs }, () => read(der, ({ fields }) => fields.version)),
  ];
}

function names(prefix: string, whose: string, needs: Need, der: DerOf): readonly Fetch[] {
  return [
    fetch(`${prefix}_i_dn`, 'str', `${whose}: its issuer, or one entry of the name.`, { ...dn, needs }, (args) =>
      read(der, ({ x509 }) => element(distinguishedName(x509.issuer), args.text(0), args.int(1, 1)))),
    fetch(`${prefix}_s_dn`, 'str', `${whose}: its subject, or one entry of the name.`, { ...dn, needs }, (args) =>
      read(der, ({ x509 }) => element(distinguishedName(x509.subject), args.text(0), args.int(1, 1)))),
    fetch(`${prefix}_serial`, 'bin', `${whose}: its serial number.`, { needs }, () => read(der, ({ x509 }) => hex(x509.serialNumber))),
    fetch(`${prefix}_sha1`, 'bin', `${whose}: its SHA-1 fingerprint.`, { needs }, () => read(der, ({ x509 }) => hex(x509.fingerprint.replaceAll(':', '')))),
  ];
}

function hex(digits: string): Buffer {
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
}

const shownByClient: DerOf = ({ session }) => session.connection.tls?.details?.peerChain()[0] ?? null;
const shownToClient: DerOf = ({ session }) => session.connection.tls?.details?.own() ?? null;
const shownByServer: DerOf = ({ record }) => record?.serverTls?.details?.peerChain()[0] ?? null;

function joined(chain: readonly Uint8Array[] | undefined): Buffer | null {
  return chain === undefined || chain.length === 0 ? null : Buffer.concat(chain);
}

/** Bits of a cipher's key, by its name (RFC 8446 B.4, openssl-ciphers(1)). */
function keySize({ cipher }: TlsRecord): number | null {
  if (cipher.includes('CHACHA20')) return 256;
  const bits = /AES_?(128|256)|CAMELLIA(128|256)|ARIA(128|256)/.exec(cipher);
  return bits === null ? null : Number(bits[1] ?? bits[2] ?? bits[3]);
}

/** What was agreed upon with either side. */
function agreed(prefix: string, whom: string, needs: Need, side: Side): readonly Fetch[] {
  return [
    fetch(prefix, 'bool', whom === 'client' ? 'Whether the client came by TLS that ends here.' : 'Whether the server was spoken to by TLS.', { needs }, () => (context) => side(context) !== null),
    fetch(`${prefix}_alg_keysize ${prefix}_use_keysize`, 'int', `Bits of the cipher's key, with the ${whom}.`, { needs }, () => of(side, keySize)),
    fetch(`${prefix}_alpn`, 'str', `The application protocol that was agreed upon with the ${whom}.`, { needs }, () => of(side, ({ alpn }) => alpn)),
    fetch(`${prefix}_cipher`, 'str', `The cipher, with the ${whom}.`, { needs }, () => of(side, ({ cipher }) => cipher)),
    fetch(`${prefix}_is_resumed`, 'bool', `Whether an earlier TLS session with the ${whom} was resumed.`, { needs }, () => of(side, ({ resumed }) => resumed)),
    fetch(`${prefix}_protocol`, 'str', `The version, such as TLSv1.3, with the ${whom}.`, { needs }, () => of(side, ({ version }) => version)),
  ];
}

export const TLS_FETCHES: readonly Fetch[] = [
  ...agreed('ssl_fc', 'client', 'tls', client),
  ...agreed('ssl_bc', 'server', 'server', server),
  ...details('ssl_c', "The client's certificate", 'tls', shownByClient),
  ...details('ssl_f', 'The certificate that the client was shown', 'tls', shownToClient),
  ...names('ssl_f', 'The certificate that the client was shown', 'tls', shownToClient),
  ...details('ssl_s', "The server's certificate", 'server', shownByServer),
  ...names('ssl_s', "The server's certificate", 'server', shownByServer),
  fetch('ssl_c_chain_der', 'bin', "The certificates of the issuers of the client's certificate, in DER.", tls, () => ({ session }) =>
    joined(session.connection.tls?.details?.peerChain().slice(1))),
  fetch('ssl_s_chain_der', 'bin', "The server's certificate and those of its issuers, in DER.", { needs: 'server' }, () => ({ record }) =>
    joined(record?.serverTls?.details?.peerChain())),
  fetch('ssl_c_verify', 'int', "What was found wrong with the client's certificate, OpenSSL's number (openssl-verify(1)); 0: nothing, or there is none.", tls, () =>
    front(({ verifyError }) => verifyError ?? 0)),
  fetch('ssl_c_cn', 'str', "The common name of the client's certificate.", { ...tls, origin: 'pillion' }, () => certificate(({ commonName }) => commonName)),
  fetch('ssl_c_i_dn', 'str', "The issuer of the client's certificate, or one entry of the name.", dn, (args) =>
    certificate(({ issuer }) => element(issuer, args.text(0), args.int(1, 1)))),
  fetch('ssl_c_s_dn', 'str', "The subject of the client's certificate, or one entry of the name.", dn, (args) =>
    certificate(({ subject }) => element(subject, args.text(0), args.int(1, 1)))),
  fetch('ssl_c_san', 'str', "Names of the client's certificate with their kinds, such as URI:spiffe://cluster/ns/app.", {
    ...tls, origin: 'pillion', all: () => ({ session }) => session.connection.tls?.client?.altNames ?? [],
  }, () => certificate(({ altNames }) => altNames.join(','))),
  fetch('ssl_c_serial', 'bin', "The serial number of the client's certificate.", tls, () => certificate(({ serial }) => hex(serial))),
  fetch('ssl_c_sha1', 'bin', "The SHA-1 fingerprint of the client's certificate.", tls, () => certificate(({ sha1 }) => hex(sha1))),
  fetch('ssl_c_used', 'bool', 'Whether the client sent a certificate.', tls, () => front(({ client: shown }) => shown !== null)),
  fetch('ssl_fc_has_crt', 'bool', 'Whether the client sent a certificate in this handshake.', tls, () => front(({ client: shown }) => shown !== null)),
  fetch('ssl_fc_has_sni', 'bool', 'Whether the client named a server.', tls, () => front(({ sni }) => sni !== null)),
  fetch('ssl_fc_sni', 'str', 'The server that the client named, in TLS that ends here.', tls, () => front(({ sni }) => sni)),
];
