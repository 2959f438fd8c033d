/** What went wrong in a handshake, in words for a log line. */

/** Alerts of a peer about a certificate; what stands before them has changed with OpenSSL's versions. */
const REFUSED_CERTIFICATE = /_ALERT_(?:UNKNOWN_CA|CERTIFICATE_UNKNOWN|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED)$/;

/** Of a client with us. `strictSni`: clients without a name of ours are shown no certificate. */
export function clientFailure(error: NodeJS.ErrnoException & { readonly reason?: string }, strictSni: boolean): string {
  switch (error.code) {
    case 'ERR_SSL_HTTP_REQUEST':
      return 'the client sent an HTTP/1 request in cleartext, this port speaks TLS';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_UNEXPECTED_MESSAGE':
      return 'the client does not speak TLS (HTTP/2 in cleartext?), this port does';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
      return "no TLS version in common: see 'ssl-min-ver' and 'ssl-max-ver'";
    case 'ERR_SSL_NO_SHARED_CIPHER':
    case 'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM':
      return strictSni ? 'no certificate for the host that the client names (strict-sni), or no cipher in common' : 'no cipher in common that suits our certificate';
    case 'ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS':
      return "no signature algorithm in common: see 'sigalgs'";
    case 'ERR_SSL_NO_SUITABLE_KEY_SHARE':
    case 'ERR_SSL_NO_SHARED_GROUP':
    case 'ERR_SSL_NO_SHARED_GROUPS':
      return "no group for the key exchange in common: see 'curves'";
    case 'ERR_SSL_NO_APPLICATION_PROTOCOL':
      return "no application protocol in common: see 'alpn'";
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the client closed the connection';
    default:
      if (REFUSED_CERTIFICATE.test(error.code ?? '')) return `the client does not accept our certificate (${error.reason ?? ''})`;
      return error.reason ?? error.code ?? error.message;
  }
}

/** Of us with a server, by the error's code; null: not of TLS. */
export function serverFailure(code: string): string | null {
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return "certificate not trusted: it is self-signed, and not in 'ca-file'";
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return "certificate not trusted: its issuer is not in 'ca-file'";
    case 'CERT_HAS_EXPIRED':
      return 'certificate has expired';
    case 'CERT_NOT_YET_VALID':
      return 'certificate is not valid yet';
    case 'CERT_REVOKED':
      return 'certificate is revoked';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return "certificate is for other hosts than 'sni' or 'verifyhost' says";
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return 'the server does not speak TLS, or not as we do';
    default:
      if (code.endsWith('_ALERT_CERTIFICATE_REQUIRED')) return "the server asks for a client's certificate: see 'crt'";
      if (code.endsWith('_ALERT_NO_APPLICATION_PROTOCOL')) return "the server speaks none of the protocols of 'alpn'";
      if (REFUSED_CERTIFICATE.test(code)) return 'the server does not accept our certificate';
      return /^ERR_(?:SSL|TLS)_/.test(code) ? `TLS: ${code.replace(/^ERR_(?:SSL|TLS)_/, '').toLowerCase().replaceAll('_', ' ')}` : null;
  }
}
