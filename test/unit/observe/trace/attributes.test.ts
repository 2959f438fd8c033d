import assert from 'node:assert/strict';
import { FieldList } from '../../../../src/model/fields.ts';
import { requestFacts } from '../../../../src/grpc/request-facts.ts';
import { errorType, spanAttributes, spanName } from '../../../../src/observe/trace/attributes.ts';
import { connectionRecord, grpcFacts, streamRecord } from '../records.ts';

describe('observe/trace/attributes', () => {
  it('names spans', () => {
    assert.equal(spanName(grpcFacts('/a.B/C')), 'a.B/C');
    assert.equal(spanName(grpcFacts('odd')), 'grpc');
    assert.equal(spanName(requestFacts(FieldList.of([':method', 'GET'], [':path', '/x']))), 'GET');
  });

  it('describes an HTTP request without its query', () => {
    const request = requestFacts(FieldList.of([':method', 'GET'], [':scheme', 'http'], [':path', '/x?secret=1'], [':authority', '[::1]:80']));
    const attributes = spanAttributes(streamRecord({ request, grpcStatus: -1, httpStatus: 503 }));
    const picked = ['http.request.method', 'url.scheme', 'url.path', 'http.response.status_code', 'server.address', 'server.port', 'error.type', 'rpc.system.name']
      .map((name) => attributes[name]);
    assert.deepEqual(picked, ['GET', 'http', '/x', 503, '::1', 80, '503', undefined]);
  });

  it('has what is known of TLS', () => {
    const client = { subject: '/CN=me', issuer: '/CN=ca', commonName: 'me', altNames: [], serial: '01', sha1: '' };
    const tls = { version: 'TLSv1.3', cipher: 'X', sni: 'a.test', alpn: 'h2', resumed: false, client };
    const attributes = spanAttributes(streamRecord({ connection: connectionRecord({ tls }) }));
    const names = ['tls.protocol.version', 'tls.cipher', 'tls.client.server_name', 'tls.client.subject'];
    assert.deepEqual(names.map((name) => attributes[name]), ['1.3', 'X', 'a.test', '/CN=me']);
    assert.deepEqual(names.filter((name) => name in spanAttributes(streamRecord())), []);
  });

  it('leaves out what was not reached', () => {
    const connection = connectionRecord({ clientAddress: '' });
    const attributes = spanAttributes(streamRecord({ connection, backend: null, server: null, queueMs: -1, connectMs: -1, responseMs: -1, httpStatus: -1, grpcStatus: -1 }));
    for (const name of ['client.address', 'pillion.backend', 'pillion.server', 'pillion.queue_ms', 'pillion.connect_ms', 'pillion.response_ms', 'rpc.status_code']) {
      assert.ok(!(name in attributes), name);
    }
    assert.equal(attributes['network.transport'], 'unix');
  });

  it('calls errors what the serving side is to blame for', () => {
    const types = Array.from({ length: 17 }, (_, grpcStatus) => errorType(streamRecord({ grpcStatus })));
    assert.deepEqual(types.filter(Boolean), ['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS']);
    assert.equal(errorType(streamRecord({ grpcStatus: -1, termination: 'SD' })), 'SD');
    assert.equal(errorType(streamRecord({ grpcStatus: -1, termination: 'CD' })), '');
    assert.equal(errorType(streamRecord({ grpcStatus: -1, termination: '--', httpStatus: 404 })), '');
  });
});
