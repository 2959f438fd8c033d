/** `monitor-uri` (HAProxy manual 4.2): load balancers in front ask whether this one is there, and no server hears of it. */
import type { FieldList } from '../model/fields.ts';
import type { LocalService } from '../model/local-service.ts';

const BODY = '<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n';

export function monitorService(uri: string): LocalService {
  const whole = uri.includes('://');
  return {
    maxBody: 0,
    answers: (request) => (whole ? !request.originForm && absolute(request) : request.get(':path')) === uri,
    answer: () => ({ headers: [[':status', '200'], ['cache-control', 'no-cache'], ['content-type', 'text/html']], body: BODY }),
  };
}

function absolute(request: FieldList): string {
  return `${request.get(':scheme') ?? ''}://${request.get(':authority') ?? ''}${request.get(':path') ?? ''}`;
}

/** The first of two services that a request is for. */
export function eitherService(first: LocalService | null, second: LocalService | null): LocalService | null {
  if (first === null || second === null) return first ?? second;
  return {
    maxBody: Math.max(first.maxBody, second.maxBody),
    answers: (request) => first.answers(request) || second.answers(request),
    answer: (connection, request, body) => (first.answers(request) ? first : second).answer(connection, request, body),
  };
}
