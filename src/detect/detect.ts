/**
 * Tells the protocol of a connection from the first bytes that its client sent. Pure: it looks, and consumes nothing.
 *
 * For any bytes that arrive in any pieces, the verdict on a prefix is 'more' or the verdict on the whole: asking early is
 * never wrong.
 *
 * HTTP/1 takes a whole request line, its version included: other line protocols begin alike (RTSP's `OPTIONS * RTSP/1.0`, Redis'
 * inline `GET /key`). Requests of HTTP/0.9, which have no version, are raw.
 */

/**
 * - `h2`: the HTTP/2 connection preface (RFC 9113 §3.4);
 * - `h1`: an HTTP/1 request line (RFC 9112 §3);
 * - `tls`: a TLS record that begins a ClientHello (RFC 8446 §4.1.2, §5.1);
 * - `raw`: none of these;
 * - `more`: it could still become more than one of these.
 */
export type Verdict = 'h2' | 'h1' | 'tls' | 'raw' | 'more';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const CONNECT = Buffer.from('CONNECT', 'latin1');
const HTTP = Buffer.from('http', 'latin1');
/** The longest registered HTTP method has 17 letters (UPDATEREDIRECTREF). */
const MAX_METHOD = 20;
/** A line that begins like a request and is longer than this is one: HTTP asks for 8000 octets (RFC 9112 §3). */
const MAX_LINE = 8192;
/** What a request line ends with, but for the minor version. */
const VERSION = Buffer.from(' HTTP/1.', 'latin1');

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const HYPHEN = 0x2d;
const SLASH = 0x2f;
const ASTERISK = 0x2a;
const COLON = 0x3a;
const LETTER_S = 0x73;
const LOWER_CASE_BIT = 0x20;

/** The verdict on the first `bytes` of a connection; no more than the first line is looked at. */
export function detect(bytes: Uint8Array): Verdict {
  if (bytes.length === 0) return 'more';
  if (bytes[0] === 0x16) return detectTls(bytes);
  const same = commonLength(bytes, 0, PREFACE, 0);
  if (same === PREFACE.length) return 'h2';
  if (same === bytes.length) return 'more';
  return detectHttp1(bytes);
}

/** TLSPlaintext: type 22, version 3.x, length 1 to 2^14; then the handshake message's type, 1 for ClientHello. */
function detectTls(bytes: Uint8Array): Verdict {
  const [, major, minor, high, low, handshake] = bytes;
  if (major === undefined) return 'more';
  if (major !== 3) return 'raw';
  if (minor === undefined) return 'more';
  if (minor > 4) return 'raw';
  if (high === undefined) return 'more';
  if (high > 0x40) return 'raw';
  if (low === undefined) return 'more';
  const length = (high << 8) | low;
  if (length === 0 || length > 0x4000) return 'raw';
  if (handshake === undefined) return 'more';
  return handshake === 1 ? 'tls' : 'raw';
}

function detectHttp1(bytes: Uint8Array): Verdict {
  const start = detectRequest(bytes);
  if (start !== 'h1') return start;
  const end = bytes.subarray(0, MAX_LINE).indexOf(LF);
  if (end < 0) return bytes.length < MAX_LINE ? 'more' : 'h1';
  const minor = (bytes[end - 1] === CR ? end - 1 : end) - 1;
  const version = minor - VERSION.length;
  return version > 0 && isDigit(bytes[minor] as number) && commonLength(bytes, version, VERSION, 0) === VERSION.length ? 'h1' : 'raw';
}

/** Whether the bytes begin with a method and what can follow it in a request line, whole or not. */
export function beginsRequest(bytes: Uint8Array): boolean {
  return detectRequest(bytes) === 'h1';
}

/**
 * Methods are tokens of any case and punctuation (RFC 9110 §9.1), but all registered ones consist of capitals and hyphens; to
 * ask for that keeps lower-case line protocols (memcached's `get /key`) apart.
 */
function detectRequest(bytes: Uint8Array): Verdict {
  let at = 0;
  while (at < bytes.length && isMethodOctet(bytes[at] as number)) if (++at > MAX_METHOD) return 'raw';
  if (at === bytes.length) return 'more';
  if (at === 0 || bytes[at] !== SPACE) return 'raw';
  const method = at++;
  const target = bytes[at];
  if (target === undefined) return 'more';
  if (target === SLASH || target === ASTERISK) return 'h1';
  if (method === CONNECT.length && commonLength(bytes, 0, CONNECT, 0) === method) return isAuthorityStart(target) ? 'h1' : 'raw';
  return detectAbsoluteForm(bytes, at);
}

/** `http:` or `https:`; schemes are compared without regard to case (RFC 3986 §3.1). */
function detectAbsoluteForm(bytes: Uint8Array, start: number): Verdict {
  const same = commonLength(bytes, start, HTTP, LOWER_CASE_BIT);
  let at = start + same;
  if (at === bytes.length) return 'more';
  if (same < HTTP.length) return 'raw';
  if (((bytes[at] as number) | LOWER_CASE_BIT) === LETTER_S) at++;
  if (at === bytes.length) return 'more';
  return bytes[at] === COLON ? 'h1' : 'raw';
}

/** How many octets of `bytes` from `start` on equal those of `pattern`, once the bits of `mask` are set in them. */
function commonLength(bytes: Uint8Array, start: number, pattern: Uint8Array, mask: number): number {
  const limit = Math.min(bytes.length - start, pattern.length);
  let same = 0;
  while (same < limit && ((bytes[start + same] as number) | mask) === pattern[same]) same++;
  return same;
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39;
}

function isMethodOctet(octet: number): boolean {
  return (octet >= 0x41 && octet <= 0x5a) || octet === HYPHEN;
}

/** A host name, an IPv4 address or `[`, which opens an IPv6 address (RFC 3986 §3.2.2). */
function isAuthorityStart(octet: number): boolean {
  const letter = octet | LOWER_CASE_BIT;
  return isDigit(octet) || (letter >= 0x61 && letter <= 0x7a) || octet === 0x5b;
}
