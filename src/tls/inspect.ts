/** What `-c` and the start say of the files of TLS: read, checked, and let go. */
import type { Diagnostic } from '../config/diagnostics.ts';
import type { Configuration } from '../config/model.ts';
import { readBindMaterial, readServerMaterial } from './material.ts';
import { TlsFileError, type Certificate } from './pem.ts';
import { isBindTls, tlsLines, type TlsLine } from './store.ts';

export interface TlsFindings {
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** `now`: milliseconds since 1970. */
export function inspectTls(configuration: Configuration, now: number): TlsFindings {
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  for (const line of tlsLines(configuration)) {
    const { position } = line.settings;
    try {
      for (const message of read(line).flatMap((certificate) => judge(certificate, now))) {
        warnings.push({ severity: 'warning', message, position, hint: 'put a new certificate into the file: it is read without a restart' });
      }
    } catch (error) {
      if (!(error instanceof TlsFileError)) throw error;
      errors.push({ severity: 'error', message: error.message, position, hint: error.hint });
    }
  }
  return { errors, warnings };
}

function read({ settings }: TlsLine): readonly Certificate[] {
  if (isBindTls(settings)) return readBindMaterial(settings, Buffer.alloc(48)).entries.map(({ certificate }) => certificate);
  const { certificate } = readServerMaterial(settings);
  return certificate === null ? [] : [certificate];
}

function judge({ file, notBefore, notAfter }: Certificate, now: number): readonly string[] {
  if (now > notAfter) return [`${file}: the certificate has expired on ${day(notAfter)}`];
  if (now < notBefore) return [`${file}: the certificate is not valid before ${day(notBefore)}`];
  return [];
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
