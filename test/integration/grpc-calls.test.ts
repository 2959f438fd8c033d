/** Calls by real grpc-js clients through Pillion to real grpc-js servers: what goes in one side comes out of the other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Metadata, status, type ServerDuplexStream, type ServerUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { collect, EchoClient, startReplica, type Handlers } from '../support/grpc-replica.ts';
import { grpcConfiguration, startPillion } from '../support/pillion.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;

describe('gRPC calls through Pillion', () => {
  const defer = cleanUpAfterEach();

  async function through(handlers: Handlers = {}, mode: 'auto' | 'grpc' = 'auto', lines: readonly string[] = []): Promise<EchoClient & { readonly streamsNow: () => number }> {
    const replica = await startReplica(handlers);
    defer(() => replica.kill());
    const pillion = await startPillion(grpcConfiguration([`server one 127.0.0.1:${replica.port}`, ...lines], mode));
    defer(() => pillion.stop());
    const client = new EchoClient(pillion.target);
    defer(() => client.close());
    return Object.assign(client, { streamsNow: () => pillion.server('one').counters.streamsCurrent });
  }

  for (const mode of ['auto', 'grpc'] as const) {
    it(`carries all four kinds in mode ${mode}`, async () => {
      const client = await through({}, mode);
      assert.equal((await client.unary('hello')).response.toString(), 'hello');
      assert.deepEqual(await collect(client.serverStream('abc')), ['a', 'b', 'c'].map((text) => Buffer.from(text)));

      const { call: upload, answer } = client.clientStream();
      for (const part of ['one ', 'two ', 'three']) upload.write(Buffer.from(part));
      upload.end();
      assert.equal((await answer).toString(), 'one two three');

      const chat = client.bidi();
      chat.write(Buffer.from('ping'));
      const [first] = (await once(chat, 'data')) as [Buffer];
      assert.equal(first.toString(), 'ping', 'an answer comes while the request is open');
      chat.write(Buffer.from('pong'));
      chat.end();
      assert.deepEqual(await collect(chat), [Buffer.from('pong')]);
    });
  }

  it('carries metadata, binary too, and trailers', async () => {
    let received = new Metadata();
    const client = await through({
      unary: (call, callback) => {
        received = call.metadata;
        const first = new Metadata();
        first.set('from-server', 'headers');
        first.set('octets-bin', Buffer.of(0, 255, 10, 13));
        call.sendMetadata(first);
        const last = new Metadata();
        last.set('from-server-last', 'trailers');
        last.set('last-bin', Buffer.of(1, 2, 3));
        callback(null, call.request, last);
      },
    });
    const sent = new Metadata();
    sent.set('plain', 'some text; with, signs');
    sent.add('many', 'one');
    sent.add('many', 'two');
    sent.set('octets-bin', Buffer.of(0, 1, 254, 255));
    sent.set('long', 'x'.repeat(7000));
    const { metadata, status: end } = await client.unary('x', {}, sent);
    assert.deepEqual(received.get('plain'), ['some text; with, signs']);
    assert.equal(received.get('many').join(', '), 'one, two');
    assert.deepEqual(received.get('octets-bin'), [Buffer.of(0, 1, 254, 255)]);
    assert.equal(String(received.get('long')[0]).length, 7000);
    assert.deepEqual(metadata.get('from-server'), ['headers']);
    assert.deepEqual(metadata.get('octets-bin'), [Buffer.of(0, 255, 10, 13)]);
    assert.deepEqual(end.metadata.get('from-server-last'), ['trailers']);
    assert.deepEqual(end.metadata.get('last-bin'), [Buffer.of(1, 2, 3)]);
  });

  it('carries errors with their details', async () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from('0803120568656c6c6f', 'hex'));
    metadata.set('hint', 'try later');
    const failure = { code: status.FAILED_PRECONDITION, details: 'no: 100 % — näh\n', metadata };
    const client = await through({
      unary: (_call, callback) => callback(failure),
      serverStream: (call) => {
        call.write(Buffer.from('first'));
        call.emit('error', failure);
      },
    });
    const check = (error: ServiceError): true => {
      assert.equal(error.code, status.FAILED_PRECONDITION);
      assert.equal(error.details, failure.details);
      assert.deepEqual(error.metadata.get('grpc-status-details-bin'), [Buffer.from('0803120568656c6c6f', 'hex')]);
      assert.deepEqual(error.metadata.get('hint'), ['try later']);
      return true;
    };
    await assert.rejects(client.unary('x'), check);
    const stream = client.serverStream('x');
    const messages: Buffer[] = [];
    stream.on('data', (octets: Buffer) => messages.push(octets));
    const [error] = (await once(stream, 'error')) as [ServiceError];
    check(error);
    assert.deepEqual(messages, [Buffer.from('first')]);
  });

  it('passes errors without a body, for an unknown method too', async () => {
    const client = await through();
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest('/test.Echo/None', (octets: Buffer) => octets, (octets: Buffer) => octets, Buffer.from('x'), (failure) => resolve(failure));
    });
    assert.equal(error?.code, status.UNIMPLEMENTED);
  });

  it('tells the server of a cancel before and in the middle of the answer', async () => {
    const calls: (ServerUnaryCall<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>)[] = [];
    const client = await through({
      unary: (call) => void calls.push(call),
      bidi: (call) => {
        calls.push(call);
        call.write(Buffer.from('begun'));
      },
    });
    const { call, answer } = client.startUnary('x');
    await until(() => calls.length === 1);
    const first = once(calls[0] as ServerUnaryCall<Buffer, Buffer>, 'cancelled');
    call.cancel();
    await first;
    await assert.rejects(answer, { code: status.CANCELLED });

    const chat = client.bidi();
    chat.on('error', () => {});
    await once(chat, 'data');
    const second = once(calls[1] as ServerDuplexStream<Buffer, Buffer>, 'cancelled');
    chat.cancel();
    await second;
    await until(() => client.streamsNow() === 0);
  });

  it('holds deadlines: the client hears DEADLINE_EXCEEDED, the server a cancel', async () => {
    const cancelled = Promise.withResolvers<void>();
    let timeout = '';
    const client = await through({
      unary: (call) => {
        timeout = String(call.metadata.get('grpc-timeout')[0] ?? call.getDeadline());
        call.once('cancelled', () => cancelled.resolve());
      },
    });
    await assert.rejects(client.unary('x', { deadline: Date.now() + 200 }), { code: status.DEADLINE_EXCEEDED });
    assert.notEqual(timeout, '');
    await cancelled.promise;
  });

  it('carries 4 MiB in one message both ways, and many at once', async () => {
    const client = await through();
    const large = Buffer.alloc(4 * MIB, 'pillion ');
    large[large.length - 1] = 0;
    const { response } = await client.unary(large);
    assert.ok(response.equals(large));
    const answers = await Promise.all(Array.from({ length: 4 }, (_, index) => client.unary(Buffer.alloc(MIB, index + 1))));
    answers.forEach(({ response: one }, index) => assert.ok(one.equals(Buffer.alloc(MIB, index + 1))));
  });

  it('carries a long stream of messages both ways at once, in order', async () => {
    const client = await through();
    const chat = client.bidi();
    const answers = collect(chat);
    const size = 32 * 1024;
    for (let index = 0; index < 256; index++) {
      const octets = Buffer.alloc(size, index);
      octets.writeUInt32BE(index);
      if (!chat.write(octets)) await once(chat, 'drain');
    }
    chat.end();
    const received = await answers;
    assert.equal(received.length, 256);
    received.forEach((octets, index) => assert.equal(octets.readUInt32BE(), index));
    assert.ok(received.every((octets) => octets.length === size));
  });

  it('carries empty messages and calls without any message', async () => {
    const client = await through({ serverStream: (call) => call.end() });
    assert.equal((await client.unary('')).response.length, 0);
    assert.deepEqual(await collect(client.serverStream('x')), []);
    const { call, answer } = client.clientStream();
    call.end();
    assert.equal((await answer).length, 0);
  });

  it('lets a server answer after the client has ended its side, and before', async () => {
    const client = await through({
      bidi: (call) => {
        call.resume();
        call.on('end', () => {
          call.write(Buffer.from('after the end'));
          call.end();
        });
      },
      clientStream: (_call, callback) => callback(null, Buffer.from('enough')),
    });
    const chat = client.bidi();
    chat.write(Buffer.from('x'));
    chat.end();
    assert.deepEqual(await collect(chat), [Buffer.from('after the end')]);
    const { call, answer } = client.clientStream();
    call.write(Buffer.from('not read'));
    assert.equal((await answer).toString(), 'enough');
    await until(() => client.streamsNow() === 0);
  });
});
