/** What the files of one `bind` or `server` line hold, read and checked, and the options of Node's TLS that it comes to. */
import { constants } from 'node:crypto';
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { BindTlsSettings, ServerTlsSettings, TlsProtocolSettings } from '../config/tls-settings.ts';
import type { CertificateEntry } from './certificate-index.ts';
import { readCertificateList } from './crt-list.ts';
import { certificateFilesOf, readAuthorities, readCertificate, readRevocations, TlsFileError, type Certificate } from './pem.ts';

export interface BindMaterial {
  readonly entries: readonly CertificateEntry[];
  /**
   * Shown to whoever names no host that there is a certificate for: the first, and the first of each other kind of key for the same hosts.
   * Node takes over only one from the context that an SNICallback gives, so the others have one key each.
   */
  readonly defaults: readonly Certificate[];
  /** Options of every context, without certificates. */
  readonly common: SecureContextOptions;
}

export interface ServerMaterial {
  readonly context: SecureContext;
  readonly certificate: Certificate | null;
}

/** Sessions can be resumed for so long, seconds (HAProxy's tune.ssl.lifetime). */
const SESSION_SECONDS = 300;

/**
 * @param ticketKeys 48 octets that outlive a change of the certificates, so that sessions do too
 * @throws TlsFileError
 */
export function readBindMaterial(settings: BindTlsSettings, ticketKeys: Buffer): BindMaterial {
  const groups: (readonly CertificateEntry[])[] = [];
  for (const from of settings.crt) {
    const files = certificateFilesOf(from);
    if (files.length === 0) throw new TlsFileError(`${from}: no certificate in this directory`);
    groups.push(files.map((file) => {
      const certificate = readCertificate(file);
      return { certificate, names: certificate.names, except: [] };
    }));
  }
  for (const list of settings.crtLists) groups.push(readCertificateList(list, settings.crtBase));
  const entries = groups.flat();
  const [first] = entries;
  if (first === undefined) throw new TlsFileError(`${settings.crtLists.join(', ')}: no certificate is listed`);
  const common: SecureContextOptions = {
    ...protocolOptions(settings),
    ...trust(settings.caFile, settings.crlFile),
    honorCipherOrder: !settings.preferClientCiphers,
    sessionTimeout: SESSION_SECONDS,
    // All contexts of a bind verify clients alike, so a session of one is good for the others.
    sessionIdContext: 'pillion',
    ticketKeys,
  };
  const material = { entries, defaults: defaultsOf(entries, first), common };
  // Whatever the library does not like is found now, not by the first client.
  for (const { certificate } of entries) bindContext(common, certificate);
  return material;
}

function defaultsOf(entries: readonly CertificateEntry[], first: CertificateEntry): readonly Certificate[] {
  const chosen = [first.certificate];
  for (const { certificate, names } of entries) {
    if (names.join() === first.names.join() && chosen.every(({ keyType }) => keyType !== certificate.keyType)) chosen.push(certificate);
  }
  return chosen;
}

/** @throws TlsFileError */
export function bindContext(common: SecureContextOptions, { chain, key, file }: Certificate): SecureContext {
  return contextOf({ ...common, cert: chain, key }, file);
}

/** @throws TlsFileError */
export function readServerMaterial(settings: ServerTlsSettings): ServerMaterial {
  const certificate = settings.crt === null ? null : readCertificate(settings.crt);
  const own = certificate === null ? {} : { cert: certificate.chain, key: certificate.key };
  const options = { ...protocolOptions(settings), ...trust(settings.verify ? settings.caFile : null, settings.crlFile), ...own };
  return { context: contextOf(options, certificate?.file ?? settings.caFile ?? 'TLS'), certificate };
}

function contextOf(options: SecureContextOptions, file: string): SecureContext {
  try {
    return createSecureContext(options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_SSL_NO_CIPHER_MATCH') throw new TlsFileError("'ciphers' and 'ciphersuites': OpenSSL knows none of them");
    throw new TlsFileError(`${file}: OpenSSL refuses it: ${message}`);
  }
}

/** `ca: []` rather than nothing: Node would take its own list for it. */
function trust(caFile: string | null, crlFile: string | null): Pick<SecureContextOptions, 'ca' | 'crl'> {
  const ca = caFile === null ? [] : [...readAuthorities(caFile)];
  return crlFile === null ? { ca } : { ca, crl: [...readRevocations(crlFile)] };
}

const EXCLUDE: Readonly<Record<TlsProtocolSettings['minVersion'], number>> = {
  'TLSv1': constants.SSL_OP_NO_TLSv1, 'TLSv1.1': constants.SSL_OP_NO_TLSv1_1, 'TLSv1.2': constants.SSL_OP_NO_TLSv1_2, 'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

function protocolOptions(settings: TlsProtocolSettings): SecureContextOptions {
  const { minVersion, maxVersion, excluded, ciphers, ciphersuites, curves, sigalgs, tickets } = settings;
  let secureOptions = tickets ? 0 : constants.SSL_OP_NO_TICKET;
  for (const version of excluded) secureOptions |= EXCLUDE[version];
  return {
    minVersion, maxVersion, secureOptions,
    ...(ciphers === null && ciphersuites === null ? {} : { ciphers: cipherList(ciphers, ciphersuites) }),
    ...(curves === null ? {} : { ecdhCurve: curves }),
    ...(sigalgs === null ? {} : { sigalgs }),
  };
}

/** Node wants the suites of TLS 1.3 and the ciphers of older versions in one list. */
function cipherList(ciphers: string | null, ciphersuites: string | null): string {
  const byDefault = DEFAULT_CIPHERS.split(':');
  const suites = ciphersuites ?? byDefault.filter((name) => name.startsWith('TLS_')).join(':');
  const older = ciphers ?? byDefault.filter((name) => !name.startsWith('TLS_')).join(':');
  return `${suites}:${older}`;
}
