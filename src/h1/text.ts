/** Heads as octets: header lists in HTTP/2's form written as HTTP/1 (RFC 9112 §3, §4, §5). */
import type { Field, FieldList } from '../model/fields.ts';
import { CHUNK_SIZE } from '../transport/chunks.ts';
import type { Output } from '../transport/output.ts';
import { REASON_PHRASES } from './reason-phrases.ts';

/** Appends text of octets. */
export function appendText(output: Output, text: string): void {
  if (text.length > CHUNK_SIZE) {
    output.append(Buffer.from(text, 'latin1'));
    return;
  }
  output.reserve(text.length);
  output.bytes.write(text, output.position, 'latin1');
  output.position += text.length;
}

/** Fields that a head does not take over as they stand: framing and the connection are this hop's, `host` comes from `:authority`. */
function isOurs(name: string): boolean {
  switch (name) {
    case 'content-length':
    case 'transfer-encoding':
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'upgrade':
      return true;
    default:
      return name.charCodeAt(0) === 0x3a;
  }
}

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  /** As in h1/request.ts. */
  readonly tunnel: string;
  /** content-length, -1 when there is none. */
  readonly length: number;
}

export function requestLine(fields: FieldList): RequestLine {
  let method = '';
  let path = '';
  let authority: string | undefined;
  let host = '';
  let protocol = '';
  let length = -1;
  const list = fields.fields;
  for (let i = 0; i < list.length; i++) {
    const { name, value } = list[i] as Field;
    switch (name) {
      case ':method': method = value; break;
      case ':path': path = value; break;
      case ':authority': authority = value; break;
      case ':protocol': protocol = value; break;
      case 'host': host = value; break;
      case 'content-length': length = Number(value); break;
    }
  }
  return { method, path, authority: authority ?? host, tunnel: method !== 'CONNECT' ? '' : protocol === '' ? 'connect' : protocol, length };
}

/**
 * A request's head.
 * @param framing the line that says how long the body is, or nothing
 * @param connection the value of the connection field, or nothing
 */
export function requestText(line: RequestLine, fields: FieldList, extra: FieldList | null, framing: string, connection: string): string {
  const variant = `${framing}|${connection}`;
  if (extra === null && fields.written?.variant === variant) return fields.written.text;
  const text = makeRequest(line, fields, extra, framing, connection);
  if (extra === null) fields.written = { variant, text };
  return text;
}

function makeRequest(line: RequestLine, fields: FieldList, extra: FieldList | null, framing: string, connection: string): string {
  const { method, path, authority, tunnel } = line;
  let text: string;
  if (tunnel === '') text = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\n`;
  else if (tunnel === 'connect') text = `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n`;
  else text = `GET ${path} HTTP/1.1\r\nhost: ${authority}\r\nupgrade: ${tunnel}\r\n`;
  let cookie = '';
  let te = false;
  const list = fields.fields;
  for (let i = 0; i < list.length; i++) {
    const { name, value } = list[i] as Field;
    if (name === 'cookie') cookie = cookie === '' ? value : `${cookie}; ${value}`;
    else if (name === 'host' || isOurs(name)) continue;
    else {
      if (name === 'te') te = true;
      text += `${name}: ${value}\r\n`;
    }
  }
  if (extra !== null) for (const { name, value } of extra.fields) if (!isOurs(name)) text += `${name}: ${value}\r\n`;
  // HTTP/2 may send the cookie in crumbs (RFC 9113 §8.2.3).
  if (cookie !== '') text += `cookie: ${cookie}\r\n`;
  const tokens = [connection, te ? 'te' : '', tunnel !== '' && tunnel !== 'connect' ? 'upgrade' : ''].filter((token) => token !== '').join(', ');
  return `${text}${framing}${tokens === '' ? '' : `connection: ${tokens}\r\n`}\r\n`;
}

/** A response's head. Parameters as of {@link requestText}. */
export function responseText(status: string, fields: FieldList, extra: FieldList | null, framing: string, connection: string): string {
  const variant = `${framing}|${connection}`;
  if (extra === null && fields.written?.variant === variant) return fields.written.text;
  let text = `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? ''}\r\n`;
  const list = fields.fields;
  for (let i = 0; i < list.length; i++) {
    const { name, value } = list[i] as Field;
    if (!isOurs(name)) text += `${name}: ${value}\r\n`;
  }
  if (extra !== null) for (const { name, value } of extra.fields) if (!isOurs(name)) text += `${name}: ${value}\r\n`;
  text = `${text}${framing}${connection === '' ? '' : `connection: ${connection}\r\n`}\r\n`;
  if (extra === null) fields.written = { variant, text };
  return text;
}

export function trailerText(fields: FieldList): string {
  let text = '';
  for (const { name, value } of fields.fields) if (!isOurs(name) && name !== 'host') text += `${name}: ${value}\r\n`;
  return text;
}
