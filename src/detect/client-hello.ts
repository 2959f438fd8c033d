/**
 * Server name and application protocols from a TLS ClientHello (RFC 8446 §4.1.2, which TLS 1.0 to 1.2 share in form). Pure:
 * it looks, and consumes nothing.
 */

export interface ClientHello {
  /** The server_name extension's host name (RFC 6066 §3) in lower case; null when there is none. */
  readonly sni: string | null;
  /** Protocol names in the client's order (RFC 7301 §3.1), octets as latin1; empty when the extension is missing. */
  readonly alpn: readonly string[];
}

/**
 * What is held to be a ClientHello at most, octets of handshake message. Browsers with post-quantum key shares send about
 * 2,000, a resumption ticket may add some thousands.
 */
export const MAX_CLIENT_HELLO: number = 16 * 1024;

const RECORD_HEADER = 5;
const HANDSHAKE_HEADER = 4;
const HANDSHAKE_RECORD = 22;
const MAX_RECORD = 0x4000;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const ALPN = 16;

/**
 * Reads the ClientHello with which `bytes` begins: 'more' while it is incomplete, 'invalid' when it is none, breaks its syntax
 * or is larger than {@link MAX_CLIENT_HELLO}.
 */
export function readClientHello(bytes: Uint8Array): ClientHello | 'more' | 'invalid' {
  const message = handshakeMessage(bytes);
  if (message === 'more' || message === 'invalid') return message;
  try {
    return parse(new Reader(message));
  } catch (error) {
    if (error === TRUNCATED) return 'invalid';
    throw error;
  }
}

/** The body of the first handshake message, put together from as many records as it spans (RFC 8446 §5.1). */
function handshakeMessage(bytes: Uint8Array): Uint8Array | 'more' | 'invalid' {
  const gathered = new Uint8Array(Math.min(bytes.length, HANDSHAKE_HEADER + MAX_CLIENT_HELLO));
  let held = 0;
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== HANDSHAKE_RECORD || (bytes[at + 1] ?? 3) !== 3) return 'invalid';
    if (bytes.length - at < RECORD_HEADER) return 'more';
    const length = uint16(bytes, at + 3);
    if (length === 0 || length > MAX_RECORD) return 'invalid';
    const fragment = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    const fitting = fragment.subarray(0, gathered.length - held);
    gathered.set(fitting, held);
    held += fitting.length;
    if (held > 0 && gathered[0] !== 1) return 'invalid';
    if (held >= HANDSHAKE_HEADER) {
      const size = ((gathered[1] as number) << 16) | uint16(gathered, 2);
      if (size > MAX_CLIENT_HELLO) return 'invalid';
      if (held >= HANDSHAKE_HEADER + size) return gathered.subarray(HANDSHAKE_HEADER, HANDSHAKE_HEADER + size);
    }
    at += RECORD_HEADER + length;
  }
  return 'more';
}

function parse(hello: Reader): ClientHello | 'invalid' {
  hello.take(2 + 32); // legacy_version, random
  hello.take(hello.uint8()); // legacy_session_id
  hello.take(hello.uint16()); // cipher_suites
  hello.take(hello.uint8()); // legacy_compression_methods
  let sni: string | null = null;
  let alpn: readonly string[] = [];
  // TLS 1.2 and older know hellos without extensions (RFC 5246 §7.4.1.2).
  if (hello.empty) return { sni, alpn };
  const extensions = hello.take(hello.uint16());
  if (!hello.empty) return 'invalid';
  while (!extensions.empty) {
    const type = extensions.uint16();
    const data = extensions.take(extensions.uint16());
    if (type === SERVER_NAME) sni = serverName(data);
    else if (type === ALPN) alpn = protocols(data);
  }
  return { sni, alpn };
}

function serverName(data: Reader): string | null {
  const names = data.take(data.uint16());
  while (!names.empty) {
    const type = names.uint8();
    const name = names.take(names.uint16());
    if (type === HOST_NAME && !name.empty) return name.text().toLowerCase();
  }
  return null;
}

function protocols(data: Reader): readonly string[] {
  const list = data.take(data.uint16());
  const names: string[] = [];
  while (!list.empty) names.push(list.take(list.uint8()).text());
  return names;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Thrown when a length points beyond what contains it; never leaves this file. */
const TRUNCATED: Error = new Error('truncated');

/** A position in octets that are complete. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get empty(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint8(): number {
    return this.#next(1)[0] as number;
  }

  uint16(): number {
    return uint16(this.#next(2), 0);
  }

  take(length: number): Reader {
    return new Reader(this.#next(length));
  }

  text(): string {
    return Buffer.from(this.#bytes.subarray(this.#at)).toString('latin1');
  }

  #next(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw TRUNCATED;
    const next = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return next;
  }
}
