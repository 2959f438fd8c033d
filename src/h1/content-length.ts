/** content-length of a list that came over HTTP/1 or HTTP/2, where it was checked: octets, -1 when there is none. */
import type { FieldList } from '../model/fields.ts';

export function contentLength(fields: FieldList): number {
  const text = fields.get('content-length');
  return text === undefined ? -1 : Number(text);
}
