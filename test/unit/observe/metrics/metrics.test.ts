import assert from 'node:assert/strict';
import type { ServerRecord } from '../../../../src/model/records.ts';
import { createMetrics } from '../../../../src/observe/metrics/metrics.ts';
import type { Metrics } from '../../../../src/observe/metrics/metrics.ts';
import { backendRecord, frontendRecord, grpcFacts, serverRecord, streamRecord } from '../records.ts';

/** Samples by `name{labels}`, after checking that every line of the text is well formed. */
async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const text = await metrics.render();
  assert.ok(text.endsWith('\n'));
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      typed.add(type[1] ?? '');
      continue;
    }
    const sample = /^([a-z_]+)(\{(?:[a-z_]+="[^"\n]*",?)*\})? (\S+)$/.exec(line);
    assert.ok(sample, line);
    const name = sample[1] ?? '';
    assert.ok(typed.has(name) || typed.has(name.replace(/_(bucket|sum|count)$/, '')), `no TYPE before ${line}`);
    const key = name + (sample[2] ?? '');
    assert.ok(!samples.has(key), `twice: ${key}`);
    samples.set(key, Number(sample[3]));
  }
  return samples;
}

describe('observe/metrics', () => {
  it('reads the counters of the records at each scrape', async () => {
    const frontend = frontendRecord();
    const server = serverRecord('s1', { status: 'NOLB' });
    const backend = backendRecord([server, serverRecord('s2')]);
    const metrics = createMetrics({ counted: { frontends: [frontend], backends: [backend] }, droppedLines: () => 3 });
    assert.match(metrics.contentType, /^text\/plain/);
    const first = await scrape(metrics);
    const expected: Readonly<Record<string, number>> = {
      'pillion_frontend_connections_total{frontend="fe"}': 3,
      'pillion_frontend_connections{frontend="fe"}': 1,
      'pillion_frontend_connections_max{frontend="fe"}': 2,
      'pillion_frontend_streams_total{frontend="fe"}': 9,
      'pillion_frontend_streams{frontend="fe"}': 4,
      'pillion_frontend_received_bytes_total{frontend="fe"}': 100,
      'pillion_frontend_sent_bytes_total{frontend="fe"}': 200,
      'pillion_frontend_protocol_errors_total{frontend="fe"}': 5,
      'pillion_frontend_detect_timeouts_total{frontend="fe"}': 6,
      'pillion_backend_streams_total{backend="be"}': 7,
      'pillion_backend_queued{backend="be"}': 1,
      'pillion_backend_retries_total{backend="be"}': 2,
      'pillion_backend_redispatches_total{backend="be"}': 3,
      'pillion_backend_unserved_total{backend="be"}': 4,
      'pillion_server_streams_total{backend="be",server="s2"}': 7,
      'pillion_server_connect_failures_total{backend="be",server="s1"}': 3,
      'pillion_server_weight{backend="be",server="s1"}': 10,
      'pillion_server_status{backend="be",server="s1",status="NOLB"}': 1,
      'pillion_server_status{backend="be",server="s1",status="UP"}': 0,
      'pillion_server_status{backend="be",server="s2",status="UP"}': 1,
      'pillion_log_dropped_lines_total': 3,
      'pillion_grpc_calls_other_total': 0,
    };
    for (const [key, value] of Object.entries(expected)) assert.equal(first.get(key), value, key);
    frontend.counters.streamsTotal = 10;
    const second = await scrape(metrics);
    assert.equal(second.get('pillion_frontend_streams_total{frontend="fe"}'), 10);
  });

  it('tells of certificates where there are some', async () => {
    const counted = { frontends: [], backends: [] };
    const certificates = { rereads: 3, rereadFailures: 1, expires: 5000 };
    const text = await createMetrics({ counted, certificates: () => certificates }).render();
    assert.match(text, /^pillion_certificate_rereads_total 3$/m);
    assert.match(text, /^pillion_certificate_reread_failures_total 1$/m);
    assert.match(text, /^pillion_certificate_expiry_timestamp_seconds 5$/m);
    const without = await createMetrics({ counted, certificates: () => null }).render();
    assert.doesNotMatch(without, /^pillion_certificate_expiry_timestamp_seconds \d/m);
  });

  it('counts gRPC calls by method, server and status, and their durations', async () => {
    const servers = [serverRecord('s1'), serverRecord('s2')];
    const metrics = createMetrics({ counted: { frontends: [], backends: [backendRecord(servers)] } });
    const [s1, s2] = servers as [ServerRecord, ServerRecord];
    const [a, b] = [grpcFacts('/p.S/A'), grpcFacts('/p.S/B')];
    const { observer } = metrics;
    observer.streamEnded(streamRecord({ request: a, server: s1, totalMs: 0.5 }));
    observer.streamEnded(streamRecord({ request: a, server: s1, totalMs: 1 }));
    observer.streamEnded(streamRecord({ request: a, server: s1, grpcStatus: 14, totalMs: 3 }));
    observer.streamEnded(streamRecord({ request: a, server: s2, grpcStatus: -1, totalMs: 100_000 }));
    observer.streamEnded(streamRecord({ request: b, server: s2, grpcStatus: 5, totalMs: 40 }));
    observer.streamEnded(streamRecord({ request: b, server: s2, grpcStatus: 99, totalMs: 40 }));
    observer.streamEnded(streamRecord({ request: b, server: null, grpcStatus: 14, totalMs: 40 }));
    observer.streamEnded(streamRecord({ kind: 'tcp', request: null }));
    const samples = await scrape(metrics);
    const calls = [...samples].filter(([key]) => key.startsWith('pillion_grpc_calls_total'));
    assert.deepEqual(new Map(calls), new Map([
      ['pillion_grpc_calls_total{method="/p.S/A",backend="be",server="s1",status="OK"}', 2],
      ['pillion_grpc_calls_total{method="/p.S/A",backend="be",server="s1",status="UNAVAILABLE"}', 1],
      ['pillion_grpc_calls_total{method="/p.S/A",backend="be",server="s2",status="none"}', 1],
      ['pillion_grpc_calls_total{method="/p.S/B",backend="be",server="s2",status="NOT_FOUND"}', 1],
      ['pillion_grpc_calls_total{method="/p.S/B",backend="be",server="s2",status="other"}', 1],
      ['pillion_grpc_calls_total{method="/p.S/B",backend="",server="",status="UNAVAILABLE"}', 1],
    ]));
    const bucket = (le: string): number | undefined => samples.get(`pillion_grpc_call_duration_seconds_bucket{method="/p.S/A",le="${le}"}`);
    assert.deepEqual(['0.001', '0.0025', '0.005', '60', '+Inf'].map(bucket), [2, 2, 3, 3, 4]);
    assert.equal(samples.get('pillion_grpc_call_duration_seconds_count{method="/p.S/A"}'), 4);
    assert.equal(samples.get('pillion_grpc_call_duration_seconds_sum{method="/p.S/A"}'), 100.0045);
    assert.equal(samples.get('pillion_grpc_messages_received_total{method="/p.S/A"}'), 4);
    assert.equal(samples.get('pillion_grpc_messages_sent_total{method="/p.S/A"}'), 8);
  });

  it('bounds the methods, and gives places only to methods that a server knows', async () => {
    const server = serverRecord();
    const metrics = createMetrics({ counted: { frontends: [], backends: [backendRecord([server])] }, methodLimit: 2 });
    const { observer } = metrics;
    for (let i = 0; i < 50; i++) observer.streamEnded(streamRecord({ server, request: grpcFacts(`/p.S/Invented${i}`), grpcStatus: 12 }));
    for (const name of ['A', 'B', 'C', 'C', 'A']) observer.streamEnded(streamRecord({ server, request: grpcFacts(`/p.S/${name}`) }));
    observer.streamEnded(streamRecord({ server, request: grpcFacts('nonsense') }));
    const samples = await scrape(metrics);
    const count = (method: string, status: string): number | undefined =>
      samples.get(`pillion_grpc_calls_total{method="${method}",backend="be",server="s1",status="${status}"}`);
    assert.deepEqual([count('/p.S/A', 'OK'), count('/p.S/B', 'OK'), count('/p.S/C', 'OK')], [2, 1, undefined]);
    assert.deepEqual([count('other', 'OK'), count('other', 'UNIMPLEMENTED')], [3, 50]);
    assert.equal(samples.get('pillion_grpc_calls_other_total'), 53);
  });

  it('counts repeated overflow calls of one request list as well', async () => {
    const server = serverRecord();
    const metrics = createMetrics({ counted: { frontends: [], backends: [backendRecord([server])] }, methodLimit: 0 });
    const record = streamRecord({ server });
    for (let i = 0; i < 3; i++) metrics.observer.streamEnded(record);
    assert.equal((await scrape(metrics)).get('pillion_grpc_calls_other_total'), 3);
  });

  it('forgets servers that are gone', async () => {
    const servers = [serverRecord('s1'), serverRecord('s2')];
    const metrics = createMetrics({ counted: { frontends: [], backends: [backendRecord(servers)] } });
    for (const server of servers) metrics.observer.streamEnded(streamRecord({ server }));
    const gone = servers.pop() as ServerRecord;
    const keys = (samples: Map<string, number>): string[] => [...samples.keys()].filter((key) => key.startsWith('pillion_grpc_calls_total'));
    assert.equal(keys(await scrape(metrics)).length, 1);
    metrics.observer.streamEnded(streamRecord({ server: gone }));
    metrics.observer.streamEnded(streamRecord({ server: servers[0] as ServerRecord }));
    const samples = await scrape(metrics);
    assert.equal(keys(samples).length, 1);
    assert.equal(samples.get('pillion_grpc_call_duration_seconds_count{method="/pkg.Svc/Method"}'), 4);
  });
});
