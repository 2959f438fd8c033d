/** A header block that RFC 7541 does not allow. The connection answers with COMPRESSION_ERROR (RFC 9113 §4.3). */
export class HpackError extends Error {
  override readonly name = 'HpackError';

  /** @param section of RFC 7541 that was broken, e.g. `5.2` */
  constructor(what: string, section: string) {
    super(`${what} (RFC 7541 §${section})`);
  }
}
