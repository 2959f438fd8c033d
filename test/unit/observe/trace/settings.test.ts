import assert from 'node:assert/strict';
import { readTraceSettings } from '../../../../src/observe/trace/settings.ts';
import type { TraceSettings } from '../../../../src/observe/trace/settings.ts';

function read(otlp: string | null, env: Record<string, string>, expected: readonly RegExp[] = []): TraceSettings | null {
  const problems: string[] = [];
  const settings = readTraceSettings(otlp, env, (problem) => problems.push(problem));
  assert.equal(problems.length, expected.length, problems.join('; '));
  for (const [i, pattern] of expected.entries()) assert.match(problems[i] ?? '', pattern);
  return settings;
}

const where = (otlp: string | null, env: Record<string, string> = {}): [string | undefined, string | null | undefined] => {
  const settings = read(otlp, env);
  return [settings?.protocol, settings?.url];
};

describe('observe/trace/settings', () => {
  it('is off unless asked for', () => {
    assert.equal(read(null, {}), null);
    assert.equal(read(null, { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }), null);
    assert.equal(read('http://c:4317', { OTEL_SDK_DISABLED: 'true' }), null);
    assert.equal(read('http://c:4317', { OTEL_TRACES_SAMPLER: 'always_off' }), null);
    assert.equal(read(null, { OTEL_TRACES_EXPORTER: 'zipkin' }, [/OTEL_TRACES_EXPORTER 'zipkin' is not supported/]), null);
    assert.notEqual(read(null, { OTEL_TRACES_EXPORTER: 'otlp' }), null);
    assert.notEqual(read('http://c:4317', { OTEL_TRACES_SAMPLER: 'parentbased_always_off' }), null);
  });

  it('finds protocol and address', () => {
    assert.deepEqual(where('grpc://c:9'), ['grpc', 'http://c:9']);
    assert.deepEqual(where('grpcs://c:9'), ['grpc', 'https://c:9']);
    assert.deepEqual(where('c:9'), ['grpc', 'http://c:9']);
    assert.deepEqual(where('http://c:4317'), ['grpc', 'http://c:4317']);
    assert.deepEqual(where('http://c:4318'), ['http', 'http://c:4318/v1/traces']);
    assert.deepEqual(where('https://c/otel/traces'), ['http', 'https://c/otel/traces']);
    assert.deepEqual(where('http://c:4318', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), ['grpc', 'http://c:4318']);
    assert.deepEqual(where(null, { OTEL_TRACES_EXPORTER: 'otlp' }), ['http', null]);
    assert.deepEqual(where(null, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' }), ['http', 'http://c:4318/v1/traces']);
    assert.deepEqual(where(null, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/base' }), ['http', 'http://c:4318/base/v1/traces']);
    assert.deepEqual(where(null, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x' }), ['http', 'http://c:4318/x']);
    const plain = { OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    assert.deepEqual(where(null, plain), ['grpc', 'https://c:4317']);
    assert.deepEqual(where(null, { ...plain, OTEL_EXPORTER_OTLP_INSECURE: 'true' }), ['grpc', 'http://c:4317']);
    assert.equal(read('http://c:4318', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, [/http\/json/])?.protocol, 'http');
  });

  it('names the resource', () => {
    assert.deepEqual(read('c:1', {})?.resource, { 'service.name': 'pillion' });
    const env = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,k=v%2Cw, x = y ', OTEL_SERVICE_NAME: 'b' };
    assert.deepEqual(read('c:1', env)?.resource, { 'service.name': 'b', k: 'v,w', x: 'y' });
    assert.deepEqual(read('c:1', { OTEL_RESOURCE_ATTRIBUTES: 'nothing,a=%zz' }, [/'nothing'/, /'a=%zz'/])?.resource, { 'service.name': 'pillion' });
  });

  it('bounds batches and reads propagators', () => {
    const settings = read('c:1', { OTEL_BSP_MAX_QUEUE_SIZE: '7', OTEL_BSP_SCHEDULE_DELAY: '-1', OTEL_PROPAGATORS: 'B3, tracecontext,xray' }, [
      /xray/, /OTEL_BSP_SCHEDULE_DELAY '-1'/,
    ]);
    assert.deepEqual(settings?.batch, { scheduledDelayMillis: 5000, exportTimeoutMillis: 30_000, maxQueueSize: 7, maxExportBatchSize: 512 });
    assert.deepEqual(settings?.formats.map((format) => format.name), ['b3', 'tracecontext']);
    assert.deepEqual(read('c:1', {})?.formats.map((format) => format.name), ['tracecontext']);
  });
});
