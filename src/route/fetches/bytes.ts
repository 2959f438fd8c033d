/**
 * Fetches of the first bytes of a raw connection (HAProxy manual 7.3.5). What has not come yet makes the evaluation undecided, and
 * `tcp-request inspect-delay` says for how long that is borne.
 */
import { detect } from '../../detect/detect.ts';
import { readClientHello, type ClientHello } from '../../detect/client-hello.ts';
import { fetch } from '../declare.ts';
import type { Evaluation } from '../context.ts';
import type { Fetch, Get } from '../declare.ts';
import type { Value } from '../value.ts';

const bytes = { needs: 'bytes' } as const;
const NONE = new Uint8Array(0);

function raw(context: Evaluation): Uint8Array {
  return context.bytes ?? NONE;
}

/** The octets `[offset, offset + length)`; length 0: all that there are. */
function payload(offset: number, length: number): Get {
  return (context) => {
    const all = context.request === null ? raw(context) : (context.body?.().bytes ?? NONE);
    const end = length === 0 ? all.length : offset + length;
    if (offset <= all.length && end <= all.length && (length > 0 || all.length > offset)) {
      if (length === 0) context.undecided = true;
      return all.subarray(offset, end);
    }
    context.undecided = true;
    return null;
  };
}

function hello(read: (hello: ClientHello) => Value | null): Get {
  return (context) => {
    const found = readClientHello(raw(context));
    if (found === 'more') context.undecided = true;
    return typeof found === 'string' ? null : read(found);
  };
}

export const BYTES_FETCHES: readonly Fetch[] = [
  fetch('req.len req_len', 'int', 'Octets that have come.', bytes, () => (context) => {
    context.undecided = true;
    return raw(context).length;
  }),
  fetch('req.payload payload', 'bin', 'Octets of what has come (in HTTP: of the body); length 0: all.', { args: 'offset:int length:int', needs: 'bytes' }, (args) =>
    payload(Math.max(0, args.int(0, 0)), Math.max(0, args.int(1, 0)))),
  fetch('req.payload_lv payload_lv', 'bin', 'Octets behind a length of so many octets at the offset.', { args: 'offset:int length:int [offset2:int]', needs: 'bytes' }, (args) => {
    const offset = args.int(0, 0);
    const size = args.int(1, 0);
    const second = args.text(2);
    return (context) => {
      const all = raw(context);
      if (all.length < offset + size) {
        context.undecided = true;
        return null;
      }
      let length = 0;
      for (let i = 0; i < size; i++) length = length * 256 + (all[offset + i] as number);
      const start = second === '' ? offset + size : /^[+-]/.test(second) ? offset + size + Number(second) : Number(second);
      if (all.length < start + length) {
        context.undecided = true;
        return null;
      }
      return all.subarray(start, start + length);
    };
  }),
  fetch('req.proto_http req_proto_http', 'bool', 'Whether it is HTTP: an HTTP/1 request line, or the preface of HTTP/2.', bytes, () => (context) => {
    if (context.request !== null) return true;
    const verdict = detect(raw(context));
    if (verdict === 'more') {
      context.undecided = true;
      return null;
    }
    return verdict === 'h1' || verdict === 'h2';
  }),
  fetch('req.ssl_alpn', 'str', 'The application protocols that a TLS client offers, separated by commas.', bytes, () =>
    hello(({ alpn }) => (alpn.length === 0 ? null : alpn.join(',')))),
  fetch('req.ssl_hello_type req_ssl_hello_type', 'int', 'The type of the TLS handshake message: 1, a ClientHello.', bytes, () => hello(() => 1)),
  fetch('req.ssl_sni req_ssl_sni', 'str', 'The server that a TLS client names, in TLS that passes through.', bytes, () => hello(({ sni }) => sni)),
  fetch('req.ssl_ver req_ssl_ver', 'int', 'The TLS version of the handshake message, as 3.1 to 3.3.', bytes, () => (context) => {
    const all = raw(context);
    if (all.length > 0 && all[0] !== 0x16) return null;
    if (all.length < 11) {
      context.undecided = true;
      return null;
    }
    return (all[9] as number) * 65_536 + (all[10] as number);
  }),
  fetch('wait_end', 'bool', 'True once nothing more is waited for.', bytes, () => (context) => {
    context.undecided = true;
    return context.final;
  }),
];
