/**
 * Whether a header section is well-formed (RFC 9113 §8.2, §8.3). Verdicts are kept on the list, so that a list that comes again is
 * not looked at again.
 */
import type { FieldList } from '../model/fields.ts';

/** What a header section is meant to be; the value is the position of its two bits in {@link FieldList.validation}. */
export type SectionKind = 'request' | 'response' | 'trailers';

const SHIFT: Readonly<Record<SectionKind, number>> = { request: 0, response: 2, trailers: 4 };
const CHECKED = 1;
const MALFORMED = 2;

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** Control characters and space: in no :path and no :authority (RFC 3986 §2). */
const NOT_IN_AUTHORITY = /[\0- \x7f]/;
/** Nor is a fragment in a :path (RFC 9113 §8.3.1). */
const NOT_IN_PATH = /[\0- \x7f#]/;
const VALID_NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const INVALID_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;
const STATUS = /^[1-9][0-9][0-9]$/;
const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade']);
const REQUEST_PSEUDO: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path', ':protocol']);

/** True when `list` is well-formed as a section of this kind. {@link complaint} says what is not. */
export function isWellFormed(list: FieldList, kind: SectionKind): boolean {
  const shift = SHIFT[kind];
  let bits = (list.validation >> shift) & (CHECKED | MALFORMED);
  if (bits === 0) {
    bits = complaint(list, kind) === null ? CHECKED : CHECKED | MALFORMED;
    list.validation |= bits << shift;
  }
  return bits === CHECKED;
}

/** The first rule that `list` breaks, in words with the section, or null. */
export function complaint(list: FieldList, kind: SectionKind): string | null {
  let regularSeen = false;
  let host: string | undefined;
  const pseudo = new Map<string, string>();
  for (const { name, value } of list.fields) {
    if (!VALID_NAME.test(name)) return `field name ${quoted(name)} has a character that is not allowed (RFC 9113 §8.2.1)`;
    if (INVALID_VALUE.test(value)) return `value of ${name} has NUL, CR, LF or outer white space (RFC 9113 §8.2.1)`;
    if (name.charCodeAt(0) === 0x3a) {
      if (kind === 'trailers') return `pseudo-header field ${name} in trailers (RFC 9113 §8.1)`;
      if (regularSeen) return `pseudo-header field ${name} after a regular field (RFC 9113 §8.3)`;
      if (kind === 'request' ? !REQUEST_PSEUDO.has(name) : name !== ':status') return `unknown pseudo-header field ${quoted(name)} (RFC 9113 §8.3)`;
      if (pseudo.has(name)) return `pseudo-header field ${name} twice (RFC 9113 §8.3)`;
      pseudo.set(name, value);
    } else {
      regularSeen = true;
      if (CONNECTION_SPECIFIC.has(name)) return `connection-specific field ${name} (RFC 9113 §8.2.2)`;
      if (name === 'te' && value.toLowerCase() !== 'trailers') return `te is ${quoted(value)}, only "trailers" is allowed (RFC 9113 §8.2.2)`;
      if (name === 'host' && kind === 'request') {
        if (host !== undefined && host.toLowerCase() !== value.toLowerCase()) return 'two fields host that differ (RFC 9110 §7.2)';
        host = value;
      }
    }
  }
  if (kind === 'request') return requestComplaint(pseudo) ?? authorityComplaint(pseudo.get(':authority'), pseudo.get(':scheme'), host);
  if (kind === 'response') return statusComplaint(pseudo.get(':status'));
  return null;
}

function statusComplaint(status: string | undefined): string | null {
  if (status === undefined || !STATUS.test(status)) return ':status is missing or not three digits (RFC 9113 §8.3.2)';
  return status === '101' ? 'status 101, which HTTP/2 does not have (RFC 9113 §8.6)' : null;
}

/** Two parties that each believe another one of the two would not agree on who is asked. */
function authorityComplaint(authority: string | undefined, scheme: string | undefined, host: string | undefined): string | null {
  if (authority !== undefined && NOT_IN_AUTHORITY.test(authority)) return ':authority has a space or a control character (RFC 9113 §8.3.1)';
  if (authority?.includes('@') === true && (scheme === 'http' || scheme === 'https')) return ':authority has user information (RFC 9113 §8.3.1)';
  if (authority === undefined || host === undefined || authority.toLowerCase() === host.toLowerCase()) return null;
  return 'host differs from :authority (RFC 9113 §8.3.1)';
}

function requestComplaint(pseudo: ReadonlyMap<string, string>): string | null {
  const method = pseudo.get(':method');
  if (method === undefined || method === '') return ':method is missing (RFC 9113 §8.3.1)';
  if (!METHOD.test(method)) return `:method ${quoted(method)} is not a token (RFC 9110 §9.1)`;
  const protocol = pseudo.get(':protocol');
  if (protocol !== undefined && method !== 'CONNECT') return ':protocol without CONNECT (RFC 8441 §4)';
  if (protocol !== undefined && !METHOD.test(protocol)) return `:protocol ${quoted(protocol)} is not a token (RFC 8441 §4)`;
  if (method === 'CONNECT' && protocol === undefined) {
    if (pseudo.has(':scheme') || pseudo.has(':path')) return 'CONNECT with :scheme or :path (RFC 9113 §8.5)';
    return pseudo.get(':authority') ? null : 'CONNECT without :authority (RFC 9113 §8.5)';
  }
  const scheme = pseudo.get(':scheme');
  if (!scheme) return ':scheme is missing (RFC 9113 §8.3.1)';
  if (!SCHEME.test(scheme)) return `:scheme ${quoted(scheme)} is none (RFC 3986 §3.1)`;
  const path = pseudo.get(':path');
  if (!path) return ':path is missing or empty (RFC 9113 §8.3.1)';
  if (NOT_IN_PATH.test(path)) return ':path has a space, a control character or a fragment (RFC 9113 §8.3.1)';
  if (path.charCodeAt(0) !== 0x2f && !(path === '*' && method === 'OPTIONS')) return ':path does not start with "/" (RFC 9113 §8.3.1)';
  return null;
}

/**
 * The value of content-length, -1 when there is none, -2 when it is not a number or two differ (RFC 9110 §8.6).
 */
export function contentLength(list: FieldList): number {
  if (list.contentLength === -3) list.contentLength = readContentLength(list);
  return list.contentLength;
}

function readContentLength(list: FieldList): number {
  let length = -1;
  for (const { name, value } of list.fields) {
    if (name !== 'content-length') continue;
    if (!/^[0-9]{1,15}$/.test(value)) return -2;
    const number = Number(value);
    if (length !== -1 && length !== number) return -2;
    length = number;
  }
  return length;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
