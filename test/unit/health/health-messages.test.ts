import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as protoLoader from '@grpc/proto-loader';
import { decodeHealthResponse, encodeHealthRequest } from '../../../src/health/health-messages.ts';

const PROTO = fileURLToPath(new URL('../../../protos/grpc/health/v1/health.proto', import.meta.url));
const service = protoLoader.loadSync(PROTO, { enums: String, defaults: true })['grpc.health.v1.Health'] as protoLoader.ServiceDefinition;
const peer = service['Check'] as protoLoader.MethodDefinition<object, object>;

describe('health messages', () => {
  for (const name of ['', 'shop.Cart', 'käse', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(20_000)]) {
    it(`encodes a request as Protobuf does: ${name.slice(0, 12)} (${name.length})`, () => {
      const bytes = encodeHealthRequest(name);
      assert.deepEqual({ ...peer.requestDeserialize(bytes) }, { service: name });
      // The peer's encoder writes the empty default out.
      if (name !== '') assert.deepEqual(bytes, peer.requestSerialize({ service: name }));
    });
  }

  for (const status of ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const) {
    it(`decodes ${status}`, () => assert.equal(decodeHealthResponse(peer.responseSerialize({ status })), status));
  }

  const cases: readonly (readonly [title: string, hex: string, status: string])[] = [
    ['an empty message', '', 'UNKNOWN'],
    ['a status from the future', '087f', 'UNKNOWN'],
    ['a negative status', '08ffffffffffffffffff01', 'UNKNOWN'],
    ['the last of two statuses', '08020801', 'SERVING'],
    ['fields that it does not know', '1203616263' + '190102030405060708' + '2501020304' + '3005' + '0802' + 'a20600', 'NOT_SERVING'],
  ];
  for (const [title, hex, status] of cases) {
    it(`decodes ${title}`, () => assert.equal(decodeHealthResponse(Buffer.from(hex, 'hex')), status));
  }

  for (const hex of ['08', '0880', '08ffffffffffffffffffff01', '12', '120561', '1901', '2501', '0b', '0f']) {
    it(`refuses ${hex}`, () => assert.throws(() => decodeHealthResponse(Buffer.from(hex, 'hex')), /^Error: broken HealthCheckResponse/));
  }
});
