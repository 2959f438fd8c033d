/**
 * An HTTP/1 request's head as a header list in HTTP/2's form, which is how the proxy carries requests (RFC 9113 §8.3.1), or the reason
 * why it is refused. What two parties might understand in two ways is refused rather than repaired (RFC 9112 §11).
 */
import { FieldList, type Field } from '../model/fields.ts';
import { connectionSpeech, isHopByHop } from './connection-fields.ts';
import type { Llhttp } from './llhttp.ts';
import { CHUNKED, type Refusal } from './reader.ts';

export interface Request {
  readonly fields: FieldList;
  readonly method: string;
  /** 10 or 11. */
  readonly version: number;
  /** Octets of body, or CHUNKED. */
  readonly body: number;
  /** The client wants to go on with the connection. */
  readonly keepAlive: boolean;
  /** What follows if the server agrees: empty: HTTP; `connect`: what CONNECT asks for; else the protocol of Upgrade. */
  readonly tunnel: string;
}

/** Visible ASCII without `#`, which is not sent (RFC 9112 §3.2). */
const TARGET = /^[!"$-~]+$/;
/** `host[:port]`: no user, no white space, nothing that ends an authority (RFC 3986 §3.2). */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]*)(?::[0-9]*)?$/;
const ABSOLUTE = /^(https?):\/\/([^/?]*)(.*)$/i;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z/]+$/;

const refuse = (reason: string, status: Refusal['status'] = 400): Refusal => ({ status, reason });

/** @param scheme of the connection, which origin-form targets do not name */
export function readRequest(head: Llhttp, scheme: 'http' | 'https'): Request | Refusal {
  const { method, url, version, names, values } = head;
  if (version !== 11 && version !== 10) return refuse(`HTTP version ${version / 10}`, 505);
  let host: string | undefined;
  let length = 0;
  let coded = false;
  for (let i = 0; i < names.length; i++) {
    switch (names[i] as string) {
      case 'host':
        if (host !== undefined) return refuse('two host fields (RFC 9112 §3.2)');
        host = values[i] as string;
        break;
      case 'content-length':
        length = Number(values[i]);
        if (!Number.isSafeInteger(length)) return refuse('content-length is too large');
        break;
      case 'transfer-encoding':
        // llhttp has seen to it that chunked comes last, once, and without content-length.
        if ((values[i] as string).toLowerCase() !== 'chunked') return refuse('a transfer coding beside chunked (RFC 9112 §6.1)', 501);
        if (version === 10) return refuse('transfer-encoding in HTTP/1.0 (RFC 9112 §6.1)');
        coded = true;
        break;
      default:
    }
  }
  if (host === undefined && version === 11) return refuse('no host field (RFC 9112 §3.2)');
  if (host !== undefined && !AUTHORITY.test(host)) return refuse('the host field is not an authority (RFC 9112 §3.2)');
  if (!TARGET.test(url)) return refuse('the request target has an octet that is not allowed (RFC 9112 §3.2)');
  const target = splitTarget(method, url, host);
  if (typeof target === 'string') return refuse(target);

  const speech = connectionSpeech(head);
  const bodiless = length === 0 && !coded;
  const tunnel = method === 'CONNECT' ? 'connect' : speech.upgrade !== '' && method === 'GET' && bodiless && version === 11 ? upgradable(speech.upgrade) : '';
  if (method === 'CONNECT' && !bodiless) return refuse('CONNECT with a body');

  const fields: Field[] = [];
  let size = 0;
  const add = (name: string, value: string): void => {
    fields.push({ name, value, neverIndexed: false });
    size += name.length + value.length + 32;
  };
  add(':method', tunnel === '' ? method : 'CONNECT');
  if (tunnel !== '' && tunnel !== 'connect') add(':protocol', tunnel);
  if (tunnel !== 'connect') add(':scheme', target.scheme ?? scheme);
  if (target.authority !== undefined) add(':authority', target.authority);
  if (tunnel !== 'connect') add(':path', target.path);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (name === 'host' || isHopByHop(name, speech)) continue;
    add(name, values[i] as string);
  }
  if (speech.trailers) add('te', 'trailers');
  const list = new FieldList(fields, size);
  list.originForm = target.scheme === undefined;
  return {
    fields: list, method, version, body: coded ? CHUNKED : length, tunnel,
    keepAlive: version === 11 ? !speech.close : speech.keepAlive && !speech.close,
  };
}

export function isRefusal(result: Request | Refusal): result is Refusal {
  return 'reason' in result;
}

interface Target {
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string;
}

/** The four forms of a target (RFC 9112 §3.2); a string says what is wrong. */
function splitTarget(method: string, url: string, host: string | undefined): Target | string {
  if (method === 'CONNECT') {
    if (!AUTHORITY.test(url) || !/:[0-9]+$/.test(url)) return "CONNECT's target is not host:port (RFC 9112 §3.2.3)";
    return { scheme: undefined, authority: url, path: '' };
  }
  if (url.charCodeAt(0) === 0x2f) return { scheme: undefined, authority: host, path: url };
  if (url === '*') return method === 'OPTIONS' ? { scheme: undefined, authority: host, path: url } : "the target * is for OPTIONS only (RFC 9112 §3.2.4)";
  const [, scheme, authority, rest] = ABSOLUTE.exec(url) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) return 'the request target has none of its four forms (RFC 9112 §3.2)';
  if (authority === '' || !AUTHORITY.test(authority)) return "the request target's authority is none (RFC 9112 §3.2.2)";
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) return "host differs from the request target's authority (RFC 9112 §3.2.2)";
  return { scheme: scheme.toLowerCase(), authority, path: rest === '' ? '/' : rest.startsWith('/') ? rest : `/${rest}` };
}

/** The protocol to ask the server for: one, and not HTTP/2, which is each hop's own affair (RFC 9113 §3.1). */
function upgradable(protocols: string): string {
  return TOKEN.test(protocols) && !/^h2c?$/i.test(protocols) ? protocols.toLowerCase() : '';
}
