/** Certificates, keys, authorities and revocations from PEM files, as HAProxy lays them out (configuration manual 5.1 "crt"). */
import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { getCACertificates } from 'node:tls';

/** Larger files are something else. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Files that are read from one directory at most. */
const MAX_FILES = 10_000;

/** What is wrong with a file, for the operator; `hint` is what to do. */
export class TlsFileError extends Error {
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}

export interface Certificate {
  readonly file: string;
  /** The chain as PEM, our certificate first. */
  readonly chain: string;
  readonly key: string;
  /** `rsa`, `ec`, … */
  readonly keyType: string;
  /** Hosts: subjectAltName and common name, in lower case. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

interface Block {
  readonly label: string;
  readonly text: string;
}

const NO_KEY_HINT = 'put the key into the same file, or beside it with .key added to the name';

/** @throws TlsFileError */
export function readCertificate(file: string): Certificate {
  const blocks = blocksOf(readText(file));
  const chain = certificatesIn(blocks);
  const [first] = chain;
  if (first === undefined) throw new TlsFileError(`${file}: no certificate in PEM format`, 'it must have a block -----BEGIN CERTIFICATE-----');
  const leaf = parse(first.text, file);
  const { key, keyFile } = findKey(file, blocks);
  const keyObject = parseKey(key.text, keyFile);
  if (!leaf.checkPrivateKey(keyObject)) {
    throw new TlsFileError(`${file}: the private key in ${keyFile} does not belong to the certificate`, 'our own certificate must be the first, those of its issuers behind it');
  }
  return {
    file,
    chain: chain.map(({ text }) => text).join('\n'),
    key: key.text,
    keyType: keyObject.asymmetricKeyType ?? '',
    names: namesOf(leaf),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
  };
}

/** The key in the file itself, in FILE.key, or in FILE with .key for its ending (tls.crt and tls.key of Kubernetes). */
function findKey(file: string, blocks: readonly Block[]): { readonly key: Block; readonly keyFile: string } {
  const own = keyIn(blocks);
  if (own !== undefined) return { key: own, keyFile: file };
  const beside = keyFilesOf(file);
  for (const keyFile of beside) {
    if (!exists(keyFile)) continue;
    const key = keyIn(blocksOf(readText(keyFile)));
    if (key === undefined) throw new TlsFileError(`${keyFile}: no private key in PEM format`, NO_KEY_HINT);
    return { key, keyFile };
  }
  throw new TlsFileError(`${file}: no private key, and no ${beside.join(' or ')}`, NO_KEY_HINT);
}

/** Where the key of `file` may be when it is not in it. */
export function keyFilesOf(file: string): readonly string[] {
  const { dir, name, ext } = path.parse(file);
  return ext === '' || ext === '.key' ? [`${file}.key`] : [`${file}.key`, path.join(dir, `${name}.key`)];
}

function keyIn(blocks: readonly Block[]): Block | undefined {
  return blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
}

function parseKey(text: string, file: string): KeyObject {
  if (text.includes('ENCRYPTED')) {
    throw new TlsFileError(`${file}: the private key is encrypted`, 'decrypt it with openssl pkey -in FILE -out FILE2, and protect the file by its mode');
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new TlsFileError(`${file}: the private key cannot be read: ${(error as Error).message}`);
  }
}

function certificatesIn(blocks: readonly Block[]): Block[] {
  return blocks.filter(({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE');
}

function parse(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new TlsFileError(`${file}: the certificate cannot be read: ${(error as Error).message}`);
  }
}

function namesOf(certificate: X509Certificate): readonly string[] {
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  const names = altNamesOf(certificate.subjectAltName).flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4)] : []));
  return [...new Set([...(common === undefined ? [] : [common]), ...names].map((name) => name.toLowerCase()))];
}

/** `DNS:a, URI:b` apart; values with special characters are JSON strings. */
export function altNamesOf(text: string | undefined): readonly string[] {
  const names: string[] = [];
  for (const match of (text ?? '').matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    const [, kind = '', value = ''] = match;
    names.push(`${kind}:${value.startsWith('"') ? String(JSON.parse(value)) : value}`);
  }
  return names;
}

/**
 * Certificates of authorities as PEM: a file, a directory of such, or `@system-ca`.
 * @throws TlsFileError
 */
export function readAuthorities(from: string): readonly string[] {
  if (from === '@system-ca') {
    const system = getCACertificates('system');
    if (system.length === 0) throw new TlsFileError('@system-ca: this system has no certificates of authorities', "install them (package ca-certificates), or name a file with 'ca-file'");
    return system;
  }
  const found = pemFilesOf(from).flatMap((file) => certificatesIn(blocksOf(readText(file))).map(({ text }) => ({ text, file })));
  if (found.length === 0) throw new TlsFileError(`${from}: no certificate in PEM format`, 'it must have a block -----BEGIN CERTIFICATE-----');
  for (const { text, file } of found) parse(text, file);
  return found.map(({ text }) => text);
}

/** @throws TlsFileError */
export function readRevocations(file: string): readonly string[] {
  const lists = blocksOf(readText(file)).filter(({ label }) => label === 'X509 CRL');
  if (lists.length === 0) throw new TlsFileError(`${file}: no revocation list in PEM format`, 'it must have a block -----BEGIN X509 CRL-----');
  return lists.map(({ text }) => text);
}

/** The files of a directory of authorities, or the file itself. */
export function pemFilesOf(from: string): readonly string[] {
  return isDirectory(from) ? filesIn(from, (name) => /\.(?:pem|crt|cer)$/.test(name)) : [from];
}

/**
 * The files that `crt` stands for: all of a directory but keys and the like, or the file itself; where that does not exist, FILE.rsa,
 * FILE.ecdsa and FILE.dsa. The directories of Kubernetes have a ca.crt of the issuer, which is none of ours.
 */
export function certificateFilesOf(from: string): readonly string[] {
  if (exists(from)) return isDirectory(from) ? filesIn(from, (name) => name !== 'ca.crt' && !/\.(?:key|issuer|ocsp|sctl)$/.test(name)) : [from];
  const bundle = ['rsa', 'ecdsa', 'dsa'].map((type) => `${from}.${type}`).filter(exists);
  if (bundle.length > 0) return bundle;
  throw new TlsFileError(`${from}: no such file or directory`);
}

function filesIn(directory: string, wanted: (name: string) => boolean): readonly string[] {
  const names = readdirSync(directory).filter((name) => !name.startsWith('.') && wanted(name)).toSorted();
  if (names.length > MAX_FILES) throw new TlsFileError(`${directory}: more than ${MAX_FILES} files`);
  return names.map((name) => path.join(directory, name)).filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

export function isDirectory(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

export function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** @throws TlsFileError */
export function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= MAX_BYTES) return bytes.toString('utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new TlsFileError(`${file}: no such file or directory`);
    if (code === 'EACCES') throw new TlsFileError(`${file}: not readable for this user`);
    throw new TlsFileError(`${file}: ${message}`);
  }
  throw new TlsFileError(`${file}: larger than ${MAX_BYTES} bytes`);
}

function blocksOf(text: string): Block[] {
  return Array.from(text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g), ([block, label = '']) => ({ label, text: block }));
}
