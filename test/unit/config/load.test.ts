/** What each directive compiles to, and how sections inherit. */
import assert from 'node:assert/strict';
import { formatDiagnostic } from '../../../src/config/diagnostics.ts';
import { listens, loadConfiguration } from '../../../src/config/load.ts';
import { GLOBAL_ROWS, PROXY_ROWS } from '../../../src/config/tables/all.ts';
import type { BackendSettings, Configuration, FrontendSettings, GlobalSettings, LogTarget, ServerSettings } from '../../../src/config/model.ts';

const TIMEOUTS = 'timeout connect 1s\ntimeout client 1s\ntimeout server 1s\n';

function load(text: string, allowWarnings = false): Configuration {
  const { configuration, errors, warnings } = loadConfiguration([{ path: 't.cfg', text: `${text}\n` }], {});
  assert.deepEqual([...errors, ...(allowWarnings ? [] : warnings)].map(formatDiagnostic), []);
  assert.ok(configuration !== null);
  return configuration;
}

const globalOf = (line: string): GlobalSettings => load(`global\n${line}`, true).global;
const frontendOf = (line: string): FrontendSettings => {
  const [frontend] = load(`global\nlog stderr local1\ndefaults\n${TIMEOUTS}frontend f\nbind :1\ndefault_backend b\n${line}\nbackend b\n${line.includes('mode grpc') ? 'mode grpc\n' : ''}server s 127.0.0.1:1`, true).frontends;
  assert.ok(frontend !== undefined);
  return frontend;
};
const backendOf = (line: string): BackendSettings => {
  const [backend] = load(`defaults\n${TIMEOUTS}backend b\n${line}`, true).backends;
  assert.ok(backend !== undefined);
  return backend;
};
const serverOf = (keywords: string, before = ''): ServerSettings => {
  const [server] = backendOf(`mode auto\n${before}\nserver s 127.0.0.1:1 ${keywords}`).servers;
  assert.ok(server !== undefined);
  return server;
};

const STDERR: LogTarget = { target: 'stderr', facility: 'local1', maxLevel: 'debug' };

describe('directives of global', () => {
  const rows: readonly [string, Partial<GlobalSettings>][] = [
    ['maxconn 2000', { maxconn: 2000 }],
    ['maxconn 0', { maxconn: null }],
    ['pidfile /run/p.pid', { pidfile: '/run/p.pid' }],
    ['daemon', { daemon: true }],
    ['nbthread 4', { nbthread: 4 }],
    ['grace 5s', { graceMs: 5000 }],
    ['hard-stop-after 25s', { hardStopAfterMs: 25_000 }],
    ['admin 127.0.0.1:9901', { admin: { kind: 'tcp', host: '127.0.0.1', port: 9901 } }],
    ['admin unix@/run/admin', { admin: { kind: 'unix', path: '/run/admin' } }],
    ['otlp grpc://collector:4317', { otlp: 'grpc://collector:4317' }],
    ['otlp https://c:4318/v1/traces', { otlp: 'https://c:4318/v1/traces' }],
    ['log stderr local1', { logs: [STDERR] }],
    ['log stdout format raw daemon notice', { logs: [{ target: 'stdout', facility: 'daemon', maxLevel: 'notice' }] }],
    ['log 127.0.0.1 local2', { logs: [{ target: 'udp://127.0.0.1:514', facility: 'local2', maxLevel: 'debug' }] }],
    ['log fd@3 len 4096 local0 info notice', { logs: [{ target: 'fd@3', facility: 'local0', maxLevel: 'info', minLevel: 'notice', maxLength: 4096 }] }],
    ['log fd@3 local0', { logs: [{ target: 'fd@3', facility: 'local0', maxLevel: 'debug' }] }],
    ['log [::1]:5140 format local local0 err', { logs: [{ target: 'udp://[::1]:5140', facility: 'local0', maxLevel: 'err' }] }],
    ['log stderr local1\nno log', { logs: [] }],
  ];
  for (const [line, expected] of rows) {
    it(line.replace('\n', ' / '), () => {
      const settings = globalOf(line);
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(settings[key as keyof GlobalSettings], value, key);
    });
  }

  it('has HAProxy\'s defaults', () => {
    assert.deepEqual(globalOf(''), {
      maxconn: null, pidfile: null, processVariables: [], daemon: false, nbthread: 1, logs: [], graceMs: 0, hardStopAfterMs: null, admin: null, otlp: null, user: null, group: null, node: null, description: null,
    });
  });

  it('may be repeated, as one section', () => {
    const { global } = load('global\nmaxconn 5\nglobal\ndaemon\nmaxconn 6', true);
    assert.equal(global.maxconn, 6);
    assert.equal(global.daemon, true);
  });

  for (const line of ['stats socket /run/h.sock mode 600 level admin\nstats timeout 10s\nstats maxconn 3', 'stats timeout 10s', 'nbthread 2']) {
    it(`gives one notice of '${line.replaceAll('\n', ' / ')}'`, () => {
      const { configuration, warnings, remarks } = loadConfiguration([{ path: 't', text: `global\n${line}\n` }], {});
      assert.ok(configuration !== null);
      assert.deepEqual([warnings.length, remarks.length], [0, 1]);
    });
  }
});

const RETRY_ON = { connFailure: true, emptyResponse: false, junkResponse: false, responseTimeout: false, httpStatuses: [], grpcStatuses: [] };

describe('directives of frontends', () => {
  const rows: readonly [string, Partial<FrontendSettings>][] = [
    ['', {
      mode: 'tcp', maxconn: null, defaultBackend: 'b', clientTimeoutMs: 1000, httpRequestTimeoutMs: null, detectTimeoutMs: 1000, logs: [],
      logFormat: 'none', dontLogNull: false, logAsap: false, forwardFor: null, originalTo: null, binds: [{ address: { kind: 'tcp', host: '', port: 1 }, text: ':1', proto: null, idlePing: { afterMs: 30_000, timeoutMs: 10_000, always: false }, acceptProxy: false, tls: null, socketFile: null, backlog: null, v6only: false, name: null }],
      keepAliveTimeoutMs: null, clientFinTimeoutMs: null, maxConnectionAge: null,
    }],
    ['timeout client 30s', { clientTimeoutMs: 30_000 }],
    ['timeout client 0', { clientTimeoutMs: null }],
    ['timeout http-request 5000', { httpRequestTimeoutMs: 5000 }],
    ['timeout http-keep-alive 1m', { keepAliveTimeoutMs: 60_000 }], ['timeout client-fin 2s', { clientFinTimeoutMs: 2000 }],
    ['max-connection-age 10m', { maxConnectionAge: { ageMs: 600_000, graceMs: null } }],
    ['max-connection-age 10m grace 30s', { maxConnectionAge: { ageMs: 600_000, graceMs: 30_000 } }],
    ['max-connection-age 10m\nno max-connection-age', { maxConnectionAge: null }],
    ['detect-timeout 200ms', { detectTimeoutMs: 200 }],
    ['maxconn 3000', { maxconn: 3000 }],
    ['log global', { logs: [STDERR] }],
    ['log global\nno log', { logs: [] }],
    ['log global\nlog stdout local1', { logs: [STDERR, { ...STDERR, target: 'stdout' }] }],
    ['option tcplog', { logFormat: 'tcp' }],
    ['option httplog', { logFormat: 'http' }],
    ['option dontlognull', { dontLogNull: true }],
    ['option logasap', { logAsap: true }],
    ['option logasap\nno option logasap', { logAsap: false }],
    ['option httpslog', { logFormat: 'http' }],
    ['option dontlognull\nno option dontlognull', { dontLogNull: false }],
  ];
  for (const [line, expected] of rows) {
    it(line.replace('\n', ' / ') || 'defaults', () => {
      const settings = frontendOf(line);
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(settings[key as keyof FrontendSettings], value, key);
    });
  }

  it('bind makes one listener per address', () => {
    const { binds } = frontendOf('mode grpc\nbind :8000-8001,unix@/a proto h2');
    assert.deepEqual(binds.map((bind) => [bind.text, bind.proto]), [
      [':1', null], [':8000-8001,unix@/a', 'h2'], [':8000-8001,unix@/a', 'h2'], [':8000-8001,unix@/a', 'h2'],
    ]);
  });
});

describe('directives of backends', () => {
  const rows: readonly [string, Partial<BackendSettings>][] = [
    ['', {
      mode: 'tcp', balance: { algorithm: 'roundrobin' }, servers: [], connectTimeoutMs: 1000, serverTimeoutMs: 1000, queueTimeoutMs: null,
      checkTimeoutMs: null, retries: 3, redispatch: 1, grpcCheck: null, forwardFor: null, originalTo: null, forwarded: null, serverFinTimeoutMs: null, tunnelTimeoutMs: null, fullconn: null,
      retryOn: RETRY_ON, retryBudget: { percent: 20, minPerSecond: 3 }, bufferBytes: 16_384,
    }],
    ['mode auto', { mode: 'auto' }], ['mode grpc', { mode: 'grpc' }], ['mode http', { mode: 'http' }], ['mode tcp', { mode: 'tcp' }],
    ['balance leastconn', { balance: { algorithm: 'leastconn' } }],
    ['balance first', { balance: { algorithm: 'first' } }],
    ['balance random', { balance: { algorithm: 'random', draws: 2 } }],
    ['balance random(3)', { balance: { algorithm: 'random', draws: 3 } }],
    ['balance random()', { balance: { algorithm: 'random', draws: 2 } }],
    ['timeout connect 2s', { connectTimeoutMs: 2000 }], ['timeout server 1m', { serverTimeoutMs: 60_000 }],
    ['timeout queue 500', { queueTimeoutMs: 500 }], ['timeout check 1s', { checkTimeoutMs: 1000 }],
    ['retries 0', { retries: 0 }],
    ['option redispatch', { redispatch: -1 }], ['option redispatch 3', { redispatch: 3 }], ['option redispatch -1', { redispatch: -1 }],
    ['option redispatch 0', { redispatch: 0 }], ['option redispatch\nno option redispatch', { redispatch: 0 }],
    ['timeout tunnel 1h', { tunnelTimeoutMs: 3_600_000 }], ['timeout server-fin 2s', { serverFinTimeoutMs: 2000 }],
    ['fullconn 10', { fullconn: 10 }],
    ['retry-on none', { retryOn: { ...RETRY_ON, connFailure: false } }],
    ['retry-on conn-failure empty-response junk-response response-timeout', { retryOn: { ...RETRY_ON, emptyResponse: true, junkResponse: true, responseTimeout: true } }],
    ['retry-on 503\nretry-on 429 unavailable cancelled 429', { retryOn: { ...RETRY_ON, httpStatuses: [429], grpcStatuses: [14, 1] } }],
    ['retry-on all-retryable-errors 401', {
      retryOn: { ...RETRY_ON, emptyResponse: true, junkResponse: true, responseTimeout: true, httpStatuses: [500, 502, 503, 504, 401] },
    }],
    ['retry-budget 5', { retryBudget: { percent: 5, minPerSecond: 3 } }], ['retry-budget 5 min 0', { retryBudget: { percent: 5, minPerSecond: 0 } }],
    ['retry-budget 5\nno retry-budget', { retryBudget: null }],
    ['option grpc-check', { grpcCheck: { service: '', method: 'auto' } }],
    ['option grpc-check service a.B', { grpcCheck: { service: 'a.B', method: 'auto' } }],
    ['option grpc-check watch', { grpcCheck: { service: '', method: 'watch' } }],
    ['option grpc-check service a.B check', { grpcCheck: { service: 'a.B', method: 'check' } }],
    ['option grpc-check\nno option grpc-check', { grpcCheck: null }],
    ['option forwardfor', { forwardFor: { except: null, header: null, ifNone: false } }],
    ['option forwardfor except 10.0.0.0/8 header X-Client if-none', { forwardFor: { except: { address: '10.0.0.0', prefix: 8, family: 'ipv4' }, header: 'x-client', ifNone: true } }],
    ['option originalto except 10.0.0.0/8 header X-Dst', { originalTo: { except: { address: '10.0.0.0', prefix: 8, family: 'ipv4' }, header: 'x-dst', ifNone: false } }],
    ['option forwardfor except ::1', { forwardFor: { except: { address: '::1', prefix: 128, family: 'ipv6' }, header: null, ifNone: false } }],
    ['option forwarded', { forwarded: ['proto', 'for'] }],
    ['option forwarded for_port host', { forwarded: ['host', 'for', 'for_port'] }],
    ['option forwarded\nno option forwarded', { forwarded: null }],
  ];
  for (const [line, expected] of rows) {
    it(line.replace('\n', ' / ') || 'defaults', () => {
      const settings = backendOf(line);
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(settings[key as keyof BackendSettings], value, key);
    });
  }
});

describe('servers', () => {
  const rows: readonly [string, Partial<ServerSettings>][] = [
    ['', {
      name: 's', address: { kind: 'tcp', host: '127.0.0.1', port: { kind: 'fixed', port: 1 } }, weight: 1, check: false, interMs: 2000, fastInterMs: null, downInterMs: null, slowStartMs: 0, rise: 2,
      fall: 3, backup: false, disabled: false, maxconn: 0, minconn: 0, maxqueue: 0,
      idlePing: { afterMs: 310_000, timeoutMs: 10_000, always: false }, proto: null, discovery: { kind: 'static' },
      tls: null, checkTls: null, sendProxy: null, checkSendProxy: null,
    }],
    ['weight 0', { weight: 0 }], ['weight 256', { weight: 256 }], ['check', { check: true }], ['inter 500', { interMs: 500 }],
    ['fastinter 1s', { fastInterMs: 1000 }], ['downinter 10s', { downInterMs: 10_000 }], ['slowstart 1m', { slowStartMs: 60_000 }],
    ['rise 5 fall 1', { rise: 5, fall: 1 }], ['backup disabled', { backup: true, disabled: true }], ['maxconn 10', { maxconn: 10 }],
    ['proto h2', { proto: 'h2' }], ['minconn 5 maxconn 10', { minconn: 5, maxconn: 10 }], ['minconn 5', { minconn: 5, maxconn: 5 }],
    ['maxqueue 7', { maxqueue: 7 }], ['idle-ping 5s', { idlePing: { afterMs: 5000, timeoutMs: 5000, always: true } }],
    ['idle-ping 1m idle-ping-timeout 2s', { idlePing: { afterMs: 60_000, timeoutMs: 2000, always: true } }],
    ['idle-ping 0', { idlePing: { afterMs: null, timeoutMs: 0, always: true } }],
  ];
  for (const [keywords, expected] of rows) {
    it(keywords || 'defaults', () => {
      const settings = serverOf(keywords);
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(settings[key as keyof ServerSettings], value, key);
    });
  }

  it('take what default-server says above them, and may undo it', () => {
    const above = 'default-server check inter 1s weight 5 backup disabled proto h2';
    assert.deepEqual(serverOf('', above), { ...serverOf(''), check: true, interMs: 1000, weight: 5, backup: true, disabled: true, proto: 'h2' });
    assert.deepEqual(serverOf('no-check no-backup enabled weight 1 inter 2s', above), { ...serverOf(''), proto: 'h2' });
    const { servers } = backendOf('server a 127.0.0.1:1\ndefault-server weight 9\nserver b 127.0.0.1:1');
    assert.deepEqual(servers.map((server) => server.weight), [1, 9]);
  });

  it('server-template is one entry with slots', () => {
    const [three, range] = backendOf('server-template web- 3 web:8000 check\nserver-template x 5-9 other:1').servers;
    assert.deepEqual(three?.discovery, { kind: 'dns', first: 1, slots: 3 });
    assert.equal(three?.check, true);
    assert.deepEqual(three?.address, { kind: 'tcp', host: 'web', port: { kind: 'fixed', port: 8000 } });
    assert.deepEqual(range?.discovery, { kind: 'dns', first: 5, slots: 5 });
  });
});

describe('sections', () => {
  it('take the last defaults above them, or those that they name', () => {
    const { backends } = load(`
defaults one
  retries 1
  ${TIMEOUTS}
defaults
  retries 2
  ${TIMEOUTS}
backend a
  server s 127.0.0.1:1
backend b from one
  server s 127.0.0.1:1
defaults three from one
  balance first
backend c
  server s 127.0.0.1:1
defaults
  ${TIMEOUTS}
backend d
  server s 127.0.0.1:1`);
    assert.deepEqual(backends.map((backend) => [backend.name, backend.retries, backend.balance.algorithm]), [
      ['a', 2, 'roundrobin'], ['b', 1, 'roundrobin'], ['c', 1, 'first'], ['d', 3, 'roundrobin'],
    ]);
  });

  it('never change what they inherited', () => {
    const { backends } = load(`defaults\n${TIMEOUTS}default-server check\nbackend a\ndefault-server weight 9\nretries 9\ntimeout server 9s\n`
      + 'server s 127.0.0.1:1\nbackend b\nserver s 127.0.0.1:1');
    assert.deepEqual([backends[1]?.retries, backends[1]?.serverTimeoutMs, backends[1]?.servers[0]?.weight], [3, 1000, 1]);
  });

  it('listen is a frontend and a backend', () => {
    const { frontends, backends } = load(`listen both\n${TIMEOUTS}mode auto\nbind :1\nserver s 127.0.0.1:1`);
    assert.deepEqual(frontends.map((frontend) => [frontend.name, frontend.defaultBackend, frontend.mode]), [['both', 'both', 'auto']]);
    assert.deepEqual(backends.map((backend) => [backend.name, backend.servers.length]), [['both', 1]]);
  });

  it('a frontend and a backend may share a name, and references reach forward', () => {
    const { frontends } = load(`defaults\n${TIMEOUTS}frontend x\nbind :1\ndefault_backend x\nbackend x\nserver s 127.0.0.1:1`);
    assert.equal(frontends[0]?.defaultBackend, 'x');
  });

  it('files continue each other: defaults last, sections do not', () => {
    const first = { path: 'a.cfg', text: `defaults\n${TIMEOUTS}retries 7\n` };
    const second = { path: 'b.cfg', text: 'backend b\nserver s 127.0.0.1:1\n' };
    assert.equal(loadConfiguration([first, second], {}).configuration?.backends[0]?.retries, 7);
    const loose = loadConfiguration([second, { path: 'c.cfg', text: 'retries 1\n' }], {});
    assert.match(loose.errors[0]?.message ?? '', /out of section/);
    assert.equal(loose.errors[0]?.position?.file, 'c.cfg');
  });

  it('variables come from the given environment', () => {
    const text = `listen l\n${TIMEOUTS}bind "\${ADDRESS-:1}"\nserver s "$HOST:1"\n`;
    const { configuration } = loadConfiguration([{ path: 't', text }], { HOST: 'h' });
    assert.equal(configuration?.frontends[0]?.binds[0]?.text, ':1');
    assert.deepEqual(configuration?.backends[0]?.servers[0]?.address, { kind: 'tcp', host: 'h', port: { kind: 'fixed', port: 1 } });
  });

  it('without a bind nothing listens', () => {
    assert.equal(listens(load('global\ndaemon')), false);
    assert.equal(listens(load(`listen l\n${TIMEOUTS}bind :1\nserver s a:1`)), true);
  });
});

describe('the rows', () => {
  const example = (name: string, section: string, line: string): void => {
    const head = section === 'global' ? 'global' : `${section} x`;
    const { errors } = loadConfiguration([{ path: 't', text: `${head}\n${name.startsWith('stick ') ? 'stick-table type ip size 1k' : ''}\n${line}\ndefaults\nbackend greeter\nbackend other\nstick-table type ip size 1k\nhttp-errors site\nerrorfile 403 /dev/null\nerrorfile 503 /dev/null\n` }], {});
    assert.deepEqual(errors.map(formatDiagnostic), [], `${name} in ${section}`);
  };

  it('have examples that parse in each of their sections', () => {
    for (const row of [...GLOBAL_ROWS, ...PROXY_ROWS]) {
      assert.ok(row.example.startsWith(row.name), row.name);
      for (const section of row.sections) example(row.name, section, row.example);
    }
  });

  it('are refused or ignored with a warning in all other sections', () => {
    for (const row of PROXY_ROWS) {
      for (const section of ['defaults', 'frontend', 'listen', 'backend'] as const) {
        if (row.sections.includes(section)) continue;
        const { errors, warnings } = loadConfiguration([{ path: 't', text: `${section} ${section === 'defaults' ? '' : 'x'}\n${row.example}\n` }], {});
        const said = [...errors, ...warnings].filter((diagnostic) => diagnostic.position?.line === 2);
        assert.equal(said.length, 1, `${row.name} in ${section}`);
        assert.equal(errors.length, row.misplaced === 'error' || section === 'defaults' ? 1 : 0, `${row.name} in ${section}`);
      }
    }
  });

  it('undo exactly where they say so', () => {
    for (const row of PROXY_ROWS) {
      const [section] = row.sections;
      const { errors } = loadConfiguration([{ path: 't', text: `${section} ${section === 'defaults' ? '' : 'x'}\nno ${row.name}\n` }], {});
      assert.equal(errors.length, row.negatable ? 0 : 1, row.name);
    }
  });
});

describe('tune.h2 of global', () => {
  const tuned = (...lines: readonly string[]): Configuration =>
    load(['global', ...lines, 'defaults', TIMEOUTS, 'listen l', 'mode auto', 'bind :1', 'server s 127.0.0.1:2'].join('\n'));
  const front = ({ frontends }: Configuration): unknown => frontends[0]?.http2;
  const back = ({ backends }: Configuration): unknown => backends[0]?.http2;

  it('has defaults that differ by side', () => {
    const common = {
      initialWindowSize: 65_535, rxbuf: 1_638_400, maxFrameSize: 16_384, headerTableSize: 4096, glitchesThreshold: 1000, maxTotalStreams: 0,
      maxFramesAtOnce: 0, maxRstAtOnce: 0,
    };
    assert.deepEqual(front(tuned()), { ...common, maxConcurrentStreams: 1024 });
    assert.deepEqual(back(tuned()), { ...common, maxConcurrentStreams: 65_536 });
  });

  it('takes a value for both sides, and one side before both in whatever order', () => {
    const configuration = tuned(
      'tune.h2.fe.initial-window-size 100000', 'tune.h2.initial-window-size 200000', 'tune.h2.max-concurrent-streams 50',
      'tune.h2.be.max-concurrent-streams 0', 'tune.h2.max-frame-size 65536', 'tune.h2.header-table-size 0', 'tune.h2.fe.rxbuf 4m', 'tune.h2.be.rxbuf 0',
      'tune.h2.fe.glitches-threshold 0', 'tune.h2.be.glitches-threshold 9', 'tune.h2.fe.max-total-streams 5000',
    );
    const common = { maxFrameSize: 65_536, headerTableSize: 0, maxFramesAtOnce: 0, maxRstAtOnce: 0 };
    assert.deepEqual(front(configuration), {
      ...common, initialWindowSize: 100_000, rxbuf: 4_194_304, maxConcurrentStreams: 50, glitchesThreshold: 0, maxTotalStreams: 5000,
    });
    assert.deepEqual(back(configuration), {
      ...common, initialWindowSize: 200_000, rxbuf: 0, maxConcurrentStreams: 65_536, glitchesThreshold: 9, maxTotalStreams: 0,
    });
  });
});
