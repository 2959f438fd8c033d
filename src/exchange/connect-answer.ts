/** What a client is answered to CONNECT, an upgrade in HTTP/1's or HTTP/2's form included (RFC 8441, RFC 9110 §7.8). */
import { FieldList } from '../model/fields.ts';

/**
 * @param agreed the server agreed: what follows is no HTTP
 * @param request the request's header list
 * @returns null when there is no answer that would not be misread: HTTP/2 takes every 2xx for consent
 */
export function connectAnswer(
  fields: FieldList, status: number, client: 'h1' | 'h2', agreed: boolean, request: FieldList | null,
): FieldList | null {
  const upgrade = request?.get(':protocol') !== undefined;
  if (!upgrade || status < 200 || status >= 300) return fields;
  if (client === 'h2') return agreed ? fields : null;
  if (!agreed) return fields;
  return new FieldList([{ name: ':status', value: '101', neverIndexed: false }, ...fields.fields.filter(({ name }) => name !== ':status')], fields.size);
}
