/** Spans as an OTLP receiver gets them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { requestFacts } from '../../src/grpc/request-facts.ts';
import type { FieldList } from '../../src/model/fields.ts';
import type { StreamRecord } from '../../src/model/records.ts';
import { createTracer } from '../../src/observe/trace/tracer.ts';
import type { StreamTracer } from '../../src/observe/trace/tracer.ts';
import { expireClock, now } from '../../src/time/clock.ts';
import { startGrpcReceiver, startHttpReceiver } from '../support/otlp-receiver.ts';
import type { OtlpReceiver } from '../support/otlp-receiver.ts';
import { grpcRequest, streamRecord } from '../unit/observe/records.ts';

const PARENT_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT_SPAN = '00f067aa0ba902b7';

type Event = readonly [level: string, message: string, details: Readonly<Record<string, string | number>>];

describe('integration: OTLP', () => {
  const closers: (() => Promise<void>)[] = [];
  let events: Event[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
    events = [];
  });

  const started = (receiver: OtlpReceiver): OtlpReceiver => {
    closers.push(() => receiver.close());
    return receiver;
  };

  const tracerWith = async (otlp: string | null, env: Record<string, string>, timeoutMs = 5000): Promise<StreamTracer> => {
    const tracer = await createTracer({ otlp, env, version: '1.2.3', report: (...event) => void events.push(event) });
    assert.ok(tracer);
    closers.push(() => tracer.shutdown(timeoutMs));
    return tracer;
  };

  /** Begins and ends a stream as the data path does. Returns what the server would be sent. */
  const run = (tracer: StreamTracer, request: FieldList, changes: Partial<StreamRecord> = {}): Record<string, string> | null => {
    expireClock();
    const record = streamRecord({ request: requestFacts(request), startedAt: now(), ...changes });
    const span = tracer.begin(record, request);
    if (span === null) return null;
    span.end({ ...record, span });
    const sent = [...request.without(span.replaces).fields, ...span.headers.fields];
    return Object.fromEntries(sent.map(({ name, value }) => [name, value]));
  };

  it('exports a span over gRPC that continues the caller and is the server\'s parent', async () => {
    const receiver = started(await startGrpcReceiver());
    const tracer = await tracerWith(`http://${receiver.address}`, {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_SERVICE_NAME: 'front', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test%20bed',
    });
    const before = Date.now();
    const sent = run(tracer, grpcRequest('/pkg.Svc/Method', ['traceparent', `00-${PARENT_TRACE}-${PARENT_SPAN}-01`], ['tracestate', 'a=1,b=2']), {
      retries: 1, redispatched: true, totalMs: 12.5,
    });
    await tracer.flush(5000);
    const [span] = await receiver.waitFor(1);
    assert.ok(span);
    assert.equal(span.traceId, PARENT_TRACE);
    assert.equal(span.parentSpanId, PARENT_SPAN);
    assert.equal(span.traceState, 'a=1,b=2');
    assert.deepEqual([sent?.['traceparent'], sent?.['tracestate']], [`00-${PARENT_TRACE}-${span.spanId}-01`, 'a=1,b=2']);
    assert.notEqual(span.spanId, PARENT_SPAN);
    assert.deepEqual([span.name, span.kind, span.status], ['pkg.Svc/Method', 2, 0]);
    assert.equal(span.scope, 'pillion@1.2.3');
    assert.equal(span.resource['service.name'], 'front');
    assert.equal(span.resource['deployment.environment.name'], 'test bed');
    assert.ok(Math.abs(span.startMs - before) < 1000);
    assert.ok(Math.abs(span.endMs - span.startMs - 12.5) < 0.01);
    const { attributes } = span;
    const expected = {
      'rpc.system.name': 'grpc', 'rpc.method': 'pkg.Svc/Method', 'rpc.status_code': 'OK', 'server.address': 'greeter', 'server.port': 50051,
      'client.address': '10.0.0.1', 'client.port': 4711, 'network.protocol.name': 'http', 'network.protocol.version': '2', 'network.transport': 'tcp',
      'pillion.frontend': 'fe', 'pillion.backend': 'be', 'pillion.server': 's1', 'pillion.server.address': '10.0.0.7:50051', 'pillion.retries': 1,
      'pillion.redispatched': true, 'pillion.termination': '--', 'pillion.messages_in': 1, 'pillion.messages_out': 2,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(attributes[name], value, name);
    assert.equal(attributes['error.type'], undefined);
    assert.deepEqual(events, []);
  });

  it('tells of each retry in an event', async () => {
    const receiver = started(await startGrpcReceiver());
    const tracer = await tracerWith(`grpc://${receiver.address}`, {});
    run(tracer, grpcRequest(), { retries: 1, attempts: [{ server: 's1', cause: 'server be/s1 answered UNAVAILABLE', at: now() + 3 }], totalMs: 5 });
    await tracer.flush(5000);
    const [span] = await receiver.waitFor(1);
    const [event, ...more] = span?.events ?? [];
    assert.deepEqual([event?.name, event?.attributes, more], [
      'pillion.retry', { 'pillion.server': 's1', 'pillion.cause': 'server be/s1 answered UNAVAILABLE' }, [],
    ]);
    assert.ok((event?.atMs ?? 0) >= (span?.startMs ?? Infinity) + 2);
  });

  it('begins a trace where there is none, and marks failures', async () => {
    const receiver = started(await startGrpcReceiver());
    const tracer = await tracerWith(`grpc://${receiver.address}`, {});
    const sent = run(tracer, grpcRequest(), { grpcStatus: 14, cause: 'no server available', termination: 'SC' });
    await tracer.flush(5000);
    const [span] = await receiver.waitFor(1);
    assert.ok(span);
    assert.match(sent?.['traceparent'] ?? '', new RegExp(`^00-${span.traceId}-${span.spanId}-01$`));
    assert.equal(span.parentSpanId, '');
    assert.deepEqual([span.status, span.statusMessage, span.attributes['error.type']], [2, 'no server available', 'UNAVAILABLE']);
    assert.equal(span.resource['service.name'], 'pillion');
  });

  it('exports over HTTP', async () => {
    const receiver = started(await startHttpReceiver());
    const tracer = await tracerWith(null, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${receiver.address}` });
    run(tracer, grpcRequest());
    await tracer.flush(5000);
    const [span] = await receiver.waitFor(1);
    assert.equal(span?.name, 'pkg.Svc/Method');
    assert.equal(receiver.lastHeaders['content-type'], 'application/x-protobuf');
  });

  it('continues B3 when told to', async () => {
    const receiver = started(await startGrpcReceiver());
    const tracer = await tracerWith(`grpc://${receiver.address}`, { OTEL_PROPAGATORS: 'b3,b3multi' });
    const single = run(tracer, grpcRequest('/a.B/C', ['b3', `${PARENT_TRACE}-${PARENT_SPAN}-1`]));
    const multi = run(tracer, grpcRequest('/a.B/C', ['x-b3-traceid', PARENT_TRACE], ['x-b3-spanid', PARENT_SPAN], ['x-b3-sampled', '1']));
    const fresh = run(tracer, grpcRequest('/a.B/C'));
    await tracer.flush(5000);
    const [one, two, three] = await receiver.waitFor(3);
    assert.deepEqual([one?.traceId, one?.parentSpanId, two?.traceId, two?.parentSpanId], [PARENT_TRACE, PARENT_SPAN, PARENT_TRACE, PARENT_SPAN]);
    assert.equal(single?.['b3'], `${PARENT_TRACE}-${one?.spanId}-1`);
    assert.deepEqual([multi?.['x-b3-traceid'], multi?.['x-b3-spanid'], multi?.['x-b3-sampled']], [PARENT_TRACE, two?.spanId, '1']);
    assert.equal(fresh?.['b3'], `${three?.traceId}-${three?.spanId}-1`);
  });

  it('exports in batches by itself, bounded by OTEL_BSP_*', async () => {
    const receiver = started(await startGrpcReceiver());
    const tracer = await tracerWith(`grpc://${receiver.address}`, {
      OTEL_BSP_SCHEDULE_DELAY: '5', OTEL_BSP_MAX_QUEUE_SIZE: '10', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10',
    });
    for (let i = 0; i < 100; i++) run(tracer, grpcRequest());
    // Ten left at once, ten were held meanwhile, and the others had no room.
    await receiver.waitFor(20);
    await tracer.flush(5000);
    run(tracer, grpcRequest('/a.B/Last'));
    const spans = await receiver.waitFor(21);
    assert.deepEqual([spans.length, spans[20]?.name], [21, 'a.B/Last']);
    const [event] = events;
    assert.match(String(event?.[2]['error']), /Dropped 80 spans/);
  });

  it('samples by ratio, consistently with the trace id', async () => {
    const receiver = started(await startGrpcReceiver());
    const tracer = await tracerWith(`grpc://${receiver.address}`, {
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1',
    });
    let sampled = 0;
    for (let i = 0; i < 10_000; i++) if (run(tracer, grpcRequest()) !== null) sampled++;
    // Six standard deviations of a binomial distribution.
    assert.ok(Math.abs(sampled - 1000) < 6 * Math.sqrt(10_000 * 0.1 * 0.9), `${sampled} of 10000`);
    await tracer.flush(5000);
    for (const span of receiver.spans) assert.ok(Number.parseInt(span.traceId.slice(18), 16) / 2 ** 56 >= 0.9 - 1e-9, span.traceId);
    assert.equal(new Set(receiver.spans.map((span) => span.traceId)).size, receiver.spans.length);
  });

  it('passes the fields of unsampled streams untouched', async () => {
    const receiver = started(await startGrpcReceiver());
    const tracer = await tracerWith(`grpc://${receiver.address}`, {});
    assert.equal(run(tracer, grpcRequest('/a.B/C', ['traceparent', `00-${PARENT_TRACE}-${PARENT_SPAN}-00`])), null);
    run(tracer, grpcRequest('/a.B/Seen'));
    await tracer.flush(5000);
    assert.deepEqual(receiver.spans.map((span) => span.name), ['a.B/Seen']);
  });

  for (const scheme of ['grpc', 'http']) {
    it(`warns once and goes on when the ${scheme} exporter is down`, async () => {
      const placeholder = createServer().listen(0, '127.0.0.1');
      await once(placeholder, 'listening');
      const { port } = placeholder.address() as AddressInfo;
      placeholder.close();
      await once(placeholder, 'close');
      const rejections: unknown[] = [];
      const rejected = (reason: unknown): void => void rejections.push(reason);
      process.on('unhandledRejection', rejected);
      try {
        const tracer = await tracerWith(`${scheme}://127.0.0.1:${port}`, { OTEL_BSP_EXPORT_TIMEOUT: '300', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '4' }, 300);
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < 4; i++) assert.ok(run(tracer, grpcRequest()));
          await tracer.flush(400);
        }
        assert.equal(events.length, 1, JSON.stringify(events));
        const [level, message, details] = events[0] as Event;
        assert.deepEqual([level, message], ['warn', 'spans cannot be exported']);
        assert.match(String(details['error']), /./);
        assert.ok(Number(details['lost']) > 0);
        await tracer.shutdown(300);
        assert.deepEqual(rejections, []);
      } finally {
        process.off('unhandledRejection', rejected);
      }
    });
  }
});
