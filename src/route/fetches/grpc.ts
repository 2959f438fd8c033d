/** Fetches of gRPC calls: ours. */
import { parseStatus } from '../../grpc/status.ts';
import { requestFacts } from '../../grpc/request-facts.ts';
import { fetch } from '../declare.ts';
import type { RequestFacts } from '../../model/fields.ts';
import type { Fetch, Get } from '../declare.ts';
import type { Value } from '../value.ts';

const request = { needs: 'request', origin: 'pillion' } as const;

function call(read: (facts: RequestFacts) => Value | null): Get {
  return (context) => {
    if (context.request === null) return null;
    const facts = requestFacts(context.request.toList());
    return facts.grpc ? read(facts) : null;
  };
}

export const GRPC_FETCHES: readonly Fetch[] = [
  fetch('grpc', 'bool', 'Whether the request is a gRPC call (content-type application/grpc).', request, () => (context) =>
    context.request !== null && requestFacts(context.request.toList()).grpc),
  fetch('grpc.message_count', 'int', 'Messages of the call so far: of the client (req, the default) or of the server (res).', {
    args: '[side:text]', needs: 'request', origin: 'pillion',
  }, (args) => {
    const fromServer = args.text(0) === 'res';
    return ({ record }) => (record === null ? null : fromServer ? record.messagesOut : record.messagesIn);
  }),
  fetch('grpc.method', 'str', "The call's method: the path behind the last slash.", request, () => call(({ rpc }) => (rpc === '' ? null : rpc))),
  fetch('grpc.service', 'str', "The call's service with its package, such as helloworld.Greeter.", request, () => call(({ service }) => (service === '' ? null : service))),
  fetch('grpc.status', 'int', "The call's grpc-status, once it is known: with a response of trailers only, and in the log.", {
    needs: 'response', origin: 'pillion',
  }, () => ({ response, record }) => {
    if (record !== null && record.grpcStatus >= 0) return record.grpcStatus;
    const status = parseStatus(response?.get('grpc-status'));
    return status < 0 ? null : status;
  }),
  fetch('grpc.timeout', 'int', "The caller's deadline in milliseconds.", request, () => call(({ timeoutMs }) => (timeoutMs < 0 ? null : timeoutMs))),
];
