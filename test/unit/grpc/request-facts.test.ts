import assert from 'node:assert/strict';
import { FieldList } from '../../../src/model/fields.ts';
import { isGrpcContentType, requestFacts } from '../../../src/grpc/request-facts.ts';

describe('grpc/request-facts', () => {
  it('derives everything from a gRPC request and remembers it in the list', () => {
    const list = FieldList.of(
      [':method', 'POST'], [':scheme', 'http'], [':path', '/helloworld.Greeter/SayHello'], [':authority', 'greeter:50051'],
      ['content-type', 'application/grpc+proto'], ['grpc-timeout', '1500m'], ['te', 'trailers'],
    );
    const facts = requestFacts(list);
    assert.deepEqual(facts, {
      method: 'POST', scheme: 'http', authority: 'greeter:50051', path: '/helloworld.Greeter/SayHello', grpc: true,
      service: 'helloworld.Greeter', rpc: 'SayHello', timeoutMs: 1500,
    });
    assert.equal(requestFacts(list), facts);
    assert.equal(list.facts, facts);
  });

  it('takes the authority from host when there is no :authority, wherever the two stand', () => {
    assert.equal(requestFacts(FieldList.of(['host', 'a'])).authority, 'a');
    assert.equal(requestFacts(FieldList.of(['host', 'a'], [':authority', 'b'])).authority, 'b');
    assert.equal(requestFacts(FieldList.of()).authority, '');
  });

  it('splits gRPC paths only', () => {
    const split = (path: string, type: string): string[] => {
      const facts = requestFacts(FieldList.of([':path', path], ['content-type', type]));
      return [facts.service, facts.rpc];
    };
    assert.deepEqual(split('/a.b.C/D', 'application/grpc'), ['a.b.C', 'D']);
    assert.deepEqual(split('/x/a.C/D', 'application/grpc'), ['x/a.C', 'D']);
    for (const path of ['', '/', '//', '/a', '/a/', '//b', 'a/b', '*', '/a/b?c=/d']) {
      assert.deepEqual(split(path, 'application/grpc'), ['', ''], path);
    }
    assert.deepEqual(split('/a.b.C/D', 'application/json'), ['', '']);
  });

  it('says -1 for an absent and for a malformed timeout', () => {
    assert.equal(requestFacts(FieldList.of([':path', '/'])).timeoutMs, -1);
    assert.equal(requestFacts(FieldList.of(['grpc-timeout', 'soon'])).timeoutMs, -1);
  });

  it('knows gRPC by its content type', () => {
    for (const type of ['application/grpc', 'application/grpc+json', 'Application/gRPC', 'application/grpc; charset=utf-8']) {
      assert.equal(isGrpcContentType(type), true, type);
    }
    for (const type of ['', 'application/grp', 'application/grpc-web', 'application/grpc-web+proto', 'application/grpcx', 'text/html; application/grpc']) {
      assert.equal(isGrpcContentType(type), false, type);
    }
  });
});
