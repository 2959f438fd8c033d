/** What a request's header list says, derived once per list. */
import type { Field, FieldList, RequestFacts } from '../model/fields.ts';
import { parseTimeout } from './timeout.ts';

const GRPC = 'application/grpc';

/** The facts of a request's header section. They are kept in the list, so asking again costs one load. */
export function requestFacts(list: FieldList): RequestFacts {
  return list.facts ?? (list.facts = derive(list));
}

/**
 * True for application/grpc, alone or followed by a subtype (`+proto`) or parameters, in any case (RFC 9110 §8.3.1).
 * application/grpc-web is another protocol.
 */
export function isGrpcContentType(value: string): boolean {
  if (value.length < GRPC.length) return false;
  if (!value.startsWith(GRPC) && value.slice(0, GRPC.length).toLowerCase() !== GRPC) return false;
  if (value.length === GRPC.length) return true;
  const next = value.charAt(GRPC.length);
  return next === '+' || next === ';' || next === ' ' || next === '\t';
}

function derive(list: FieldList): RequestFacts {
  let method = '';
  let scheme = '';
  let authority: string | undefined;
  let host: string | undefined;
  let path = '';
  let contentType: string | undefined;
  let timeout: string | undefined;
  const { fields } = list;
  for (let i = 0; i < fields.length; i++) {
    const { name, value } = fields[i] as Field;
    switch (name) {
      case ':method': method = value; break;
      case ':scheme': scheme = value; break;
      case ':authority': authority ??= value; break;
      case 'host': host ??= value; break;
      case ':path': path = value; break;
      case 'content-type': contentType ??= value; break;
      case 'grpc-timeout': timeout ??= value; break;
    }
  }
  const grpc = contentType !== undefined && isGrpcContentType(contentType);
  // "/" Service-Name "/" method. A service's name may itself hold slashes; the method's never does.
  const slash = path.lastIndexOf('/');
  const named = grpc && slash > 1 && slash < path.length - 1 && path.startsWith('/') && !path.includes('?');
  return {
    method,
    scheme,
    authority: authority ?? host ?? '',
    path,
    grpc,
    service: named ? path.slice(1, slash) : '',
    rpc: named ? path.slice(slash + 1) : '',
    timeoutMs: timeout === undefined ? -1 : parseTimeout(timeout),
  };
}
