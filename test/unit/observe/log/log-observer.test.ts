import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLevel, LogTarget } from '../../../../src/config/model.ts';
import { requestFacts } from '../../../../src/grpc/request-facts.ts';
import { FieldList } from '../../../../src/model/fields.ts';
import { createLogObserver } from '../../../../src/observe/log/log-observer.ts';
import type { LogObserver } from '../../../../src/observe/log/log-observer.ts';
import { backendRecord, connectionRecord, frontendRecord, grpcFacts, serverRecord, streamRecord } from '../records.ts';

type Line = Readonly<Record<string, unknown>>;

describe('observe/log', () => {
  let directory: string;
  const files = new Map<string, number>();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pillion-log-'));
  });

  afterEach(() => {
    for (const fd of files.values()) closeSync(fd);
    files.clear();
    rmSync(directory, { recursive: true });
  });

  const target = (name: string, maxLevel: LogLevel = 'debug'): LogTarget => {
    const fd = files.get(name) ?? openSync(join(directory, name), 'a');
    files.set(name, fd);
    return { target: `fd@${fd}`, facility: 'local0', maxLevel };
  };

  const logTo = (targets: readonly LogTarget[], frontends: ReadonlyMap<string, readonly LogTarget[]> = new Map()): LogObserver =>
    createLogObserver({ targets, frontends, pid: 42, report: (...event) => assert.fail(JSON.stringify(event)) });

  const linesOf = async (log: LogObserver, name: string): Promise<Line[]> => {
    assert.equal(await log.flush(5000), true);
    return readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line);
  };

  it('writes one line per stream with everything that is known', async () => {
    const log = logTo([target('a')]);
    const span = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', replaces: '', headers: FieldList.of(), end() {} };
    const attempts = [{ server: 's3', cause: 's3 was away', at: 1 }, { server: 's2', cause: 's2 refused', at: 2 }];
    log.streamEnded(streamRecord({ span, retries: 2, attempts, redispatched: true, cause: 'gone' }));
    const [line, ...more] = await linesOf(log, 'a');
    assert.deepEqual(more, []);
    const { time, ...fields } = line ?? {};
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(fields, {
      level: 'info', msg: 'stream', client: '10.0.0.1:4711', conn: 1, frontend: 'fe', backend: 'be', server: 's1', server_address: '10.0.0.7:50051',
      protocol: 'grpc', method: '/pkg.Svc/Method', authority: 'greeter:50051', grpc_status: 0, grpc_code: 'OK', http_status: 200, bytes_in: 10,
      bytes_out: 20, messages_in: 1, messages_out: 2, queue_ms: 0, connect_ms: 0.25, response_ms: 1.5, total_ms: 2, retries: 2,
      retry_causes: 's3 was away; s2 refused', redispatched: true, termination: '--', cause: 'gone', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    });
  });

  it('leaves out what does not apply', async () => {
    const log = logTo([target('a')]);
    log.streamEnded(streamRecord({
      kind: 'tcp', request: null, backend: null, server: null, httpStatus: -1, grpcStatus: -1, queueMs: -1, connectMs: -1, responseMs: -1,
      connection: connectionRecord({ clientAddress: '::1' }),
    }));
    const http = requestFacts(FieldList.of([':method', 'GET'], [':path', '/x\n"y"']));
    log.streamEnded(streamRecord({ request: http, grpcStatus: -1, connection: connectionRecord({ clientAddress: '' }) }));
    const [tcp, web] = await linesOf(log, 'a');
    assert.deepEqual(Object.keys(tcp ?? {}), [
      'level', 'time', 'client', 'conn', 'frontend', 'protocol', 'bytes_in', 'bytes_out', 'total_ms', 'retries', 'termination', 'msg',
    ]);
    assert.deepEqual([tcp?.['client'], tcp?.['protocol']], ['[::1]:4711', 'tcp']);
    assert.deepEqual([web?.['client'], web?.['protocol'], web?.['http_method'], web?.['method'], web?.['messages_in']], ['unix', 'http', 'GET', '/x\n"y"', undefined]);
  });

  it('has what is known of TLS', async () => {
    const log = logTo([target('a')]);
    const client = { subject: '/CN=me', issuer: '/CN=ca', commonName: 'me', altNames: [], serial: '01', sha1: '' };
    const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', sni: 'a.test', alpn: 'h2', resumed: false, client };
    log.streamEnded(streamRecord({ connection: connectionRecord({ tls }) }));
    log.streamEnded(streamRecord({ connection: connectionRecord({ tls: { ...tls, sni: null, client: null } }) }));
    const told = (await linesOf(log, 'a')).map((line) => [line['tls'], line['sni'], line['client_cert']]);
    assert.deepEqual(told, [['TLSv1.3', 'a.test', '/CN=me'], ['TLSv1.3', undefined, undefined]]);
  });

  it('warns of failures by the proxy or a server, and of those only', async () => {
    const log = logTo([target('a')]);
    const cases: readonly (readonly [Parameters<typeof streamRecord>[0], string])[] = [
      [{ grpcStatus: 14 }, 'warn'], [{ httpStatus: 503, grpcStatus: -1 }, 'warn'], [{ termination: 'SC' }, 'warn'], [{ termination: 'PR' }, 'warn'],
      [{ termination: 'sH' }, 'warn'], [{ termination: 'CD' }, 'info'], [{ termination: 'cD' }, 'info'], [{ grpcStatus: 5 }, 'info'],
      [{ httpStatus: 500, grpcStatus: -1 }, 'info'],
    ];
    for (const [changes] of cases) log.streamEnded(streamRecord(changes));
    assert.deepEqual((await linesOf(log, 'a')).map((line) => line['level']), cases.map(([, level]) => level));
  });

  it('honours what the frontend says', async () => {
    const log = logTo([target('a')]);
    const off = connectionRecord({ frontend: frontendRecord('off', { enabled: false, skipNull: false }) });
    const skip = connectionRecord({ frontend: frontendRecord('skip', { enabled: true, skipNull: true }) });
    log.streamEnded(streamRecord({ connection: off }));
    log.connectionEnded(off, 0, 'reset');
    log.streamEnded(streamRecord({ connection: skip, kind: 'tcp', request: null, bytesIn: 0, bytesOut: 0 }));
    log.connectionEnded(skip, 0, '');
    log.connectionEnded(connectionRecord(), 2, '');
    assert.deepEqual(await linesOf(log, 'a'), []);
    log.connectionEnded(connectionRecord(), 0, '');
    log.connectionEnded(skip, 0, 'timeout');
    log.streamEnded(streamRecord({ connection: skip, kind: 'tcp', request: null, bytesIn: 1, bytesOut: 0 }));
    assert.deepEqual((await linesOf(log, 'a')).map((line) => [line['msg'], line['frontend'], line['cause']]), [
      ['connection', 'fe', undefined], ['connection', 'skip', 'timeout'], ['stream', 'skip', undefined],
    ]);
  });

  it('sends each frontend\'s streams to its own targets, down to their levels', async () => {
    const own = new Map([['own', [target('own'), target('alarms', 'warning')]]]);
    const log = logTo([target('all'), target('notices', 'notice')], own);
    const connection = connectionRecord({ frontend: frontendRecord('own') });
    log.streamEnded(streamRecord({ connection }));
    log.streamEnded(streamRecord({ connection, grpcStatus: 14 }));
    log.streamEnded(streamRecord());
    log.event('info', 'listening', { port: 8080 });
    const levels = async (name: string): Promise<unknown[]> => (await linesOf(log, name)).map((line) => [line['level'], line['msg']]);
    assert.deepEqual(await levels('own'), [['info', 'stream'], ['warn', 'stream']]);
    assert.deepEqual(await levels('alarms'), [['warn', 'stream']]);
    assert.deepEqual(await levels('all'), [['info', 'stream'], ['notice', 'listening']]);
    assert.deepEqual(await levels('notices'), [['notice', 'listening']]);
  });

  it('tells of servers in HAProxy\'s words', async () => {
    const log = logTo([target('a')]);
    const down = serverRecord('s1', { status: 'DOWN' });
    const up = serverRecord('s2');
    log.serverChanged(backendRecord([down, up]), down, 'UP', 'Layer4 connection problem');
    log.serverChanged(backendRecord([down]), down, 'UP', '');
    log.serverChanged(backendRecord([down, up]), up, 'DOWN', 'SERVING');
    const lines = await linesOf(log, 'a');
    assert.deepEqual(lines.map((line) => [line['level'], line['msg']]), [
      ['warn', 'Server be/s1 is DOWN, reason: Layer4 connection problem. 1 of 2 servers left. 2 streams active.'],
      ['warn', 'Server be/s1 is DOWN. 0 of 1 servers left. 2 streams active.'],
      ['error', 'backend be has no server available!'],
      ['notice', 'Server be/s2 is UP, reason: SERVING. 1 of 2 servers online. 2 streams active.'],
    ]);
    assert.deepEqual([lines[0]?.['from'], lines[0]?.['to']], ['UP', 'DOWN']);
  });

  it('reports protocol errors with the connection and the rule', async () => {
    const log = logTo([target('a')]);
    log.protocolError('client', '10.0.0.1:4711 on fe', 1, 'DATA on stream 0 (RFC 9113 6.1)');
    const [line] = await linesOf(log, 'a');
    assert.deepEqual([line?.['level'], line?.['side'], line?.['where'], line?.['code'], line?.['cause']], [
      'warn', 'client', '10.0.0.1:4711 on fe', 1, 'DATA on stream 0 (RFC 9113 6.1)',
    ]);
  });

  it('cuts what a peer made too long', async () => {
    const log = logTo([target('a')]);
    log.streamEnded(streamRecord({ request: grpcFacts(`/a.B/${'c'.repeat(100_000)}`) }));
    const [line] = await linesOf(log, 'a');
    assert.equal(String(line?.['method']).length, 1025);
  });

  it('refuses targets that cannot be', () => {
    const make = (text: string, facility = 'local0'): LogObserver => logTo([{ target: text, facility, maxLevel: 'info' }]);
    assert.throws(() => make('unix:/dev/log'), /no unix datagram sockets/);
    assert.throws(() => make('ftp://x'), /none of stdout/);
    assert.throws(() => make('udp://:514'), /not udp:\/\/host:port/);
    assert.throws(() => make('udp://127.0.0.1:99999'), /not udp:\/\/host:port/);
    assert.throws(() => make('udp://127.0.0.1:514', 'local9'), /unknown syslog facility 'local9'/);
  });
});
