/** An HTTP/1 response's head as a header list in HTTP/2's form, or the reason why it is not taken. */
import { FieldList, type Field } from '../model/fields.ts';
import { connectionSpeech, isHopByHop } from './connection-fields.ts';
import type { Llhttp } from './llhttp.ts';
import { CHUNKED, INTERIM, OPEN } from './reader.ts';

export interface Response {
  readonly fields: FieldList;
  readonly status: number;
  /** Octets of body, CHUNKED, OPEN or INTERIM. */
  readonly body: number;
  /** The server will take another request on the connection. */
  readonly keepAlive: boolean;
}

/** What the request asks of its response. */
export interface Asked {
  readonly method: string;
  /** As in {@link Request.tunnel}. */
  readonly tunnel: string;
}

/** A string says what is wrong. */
export function readResponse(head: Llhttp, asked: Asked): Response | string {
  const { status, version, names, values } = head;
  if (version !== 11 && version !== 10) return `HTTP version ${version / 10}`;
  if (status < 100 || status > 999) return `status ${status}`;
  const switches = status === 101;
  if (switches && (asked.tunnel === '' || asked.tunnel === 'connect')) return 'status 101 without having been asked (RFC 9110 §15.2.2)';
  const interim = status < 200 && !switches;
  let length = -1;
  let coded = false;
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name === 'content-length') {
      length = Number(values[i]);
      if (!Number.isSafeInteger(length)) return 'content-length is too large';
    } else if (name === 'transfer-encoding') {
      if ((values[i] as string).toLowerCase() !== 'chunked') return 'a transfer coding other than chunked (RFC 9112 §6.1)';
      if (version === 10) return 'transfer-encoding in HTTP/1.0 (RFC 9112 §6.1)';
      coded = true;
    }
  }
  const speech = connectionSpeech(head);
  if (switches && !speech.upgrade.toLowerCase().split(',').some((one) => one.trim() === asked.tunnel)) {
    return 'status 101 for another protocol than the one asked for (RFC 9110 §7.8)';
  }
  const opens = switches || (asked.tunnel === 'connect' && status >= 200 && status < 300);
  const bodiless = interim || opens || asked.method === 'HEAD' || status === 204 || status === 304;

  // What an upgrade is agreed with has HTTP/2's form too (RFC 8441 §5).
  const fields: Field[] = [{ name: ':status', value: switches ? '200' : String(status), neverIndexed: false }];
  let size = 42;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const value = values[i] as string;
    if (isHopByHop(name, speech)) continue;
    // Neither may say how long it is (RFC 9110 §8.6).
    if (name === 'content-length' && (status < 200 || status === 204 || opens)) continue;
    fields.push({ name, value, neverIndexed: false });
    size += name.length + value.length + 32;
  }
  const body = opens ? OPEN : interim ? INTERIM : bodiless ? 0 : coded ? CHUNKED : length >= 0 ? length : OPEN;
  const keepAlive = body !== OPEN && (version === 11 ? !speech.close : speech.keepAlive && !speech.close);
  return { fields: new FieldList(fields, size), status, body, keepAlive };
}
