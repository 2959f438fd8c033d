import assert from 'node:assert/strict';
import { parseArguments } from '../../../src/cli/arguments.ts';
import { configurationFromFlags } from '../../../src/cli/from-flags.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import type { Configuration } from '../../../src/config/model.ts';

function text(...argv: string[]): string {
  const command = parseArguments(argv, {});
  assert.ok(command.kind === 'run' && command.origin.kind === 'flags', JSON.stringify(command));
  return configurationFromFlags(command.origin.flags);
}

function load(...argv: string[]): Configuration {
  const { configuration, errors, warnings } = loadConfiguration([{ path: '(flags)', text: text(...argv) }], {});
  assert.deepEqual([...errors, ...warnings], []);
  assert.ok(configuration !== null);
  return configuration;
}

describe('configuration from flags', () => {
  it('is mode auto, leastconn, checked by gRPC, drained in time', () => {
    const { global, frontends: [frontend], backends: [backend] } = load('--listen', ':8080', '--to', 'dns:greeter:50051');
    assert.equal(global.hardStopAfterMs, 25_000);
    assert.equal(global.graceMs, 5000);
    assert.deepEqual(global.logs.map((log) => log.target), ['stdout']);
    assert.equal(frontend?.mode, 'auto');
    assert.deepEqual(frontend?.binds.map((bind) => bind.address), [{ kind: 'tcp', host: '', port: 8080 }]);
    assert.equal(frontend?.defaultBackend, backend?.name);
    assert.equal(backend?.mode, 'auto');
    assert.deepEqual(backend?.balance, { algorithm: 'leastconn' });
    assert.deepEqual(backend?.grpcCheck, { service: '', method: 'auto' });
    assert.ok(backend?.connectTimeoutMs !== null && backend?.serverTimeoutMs !== null && frontend?.clientTimeoutMs !== null);
    const [server] = backend?.servers ?? [];
    assert.equal(server?.check, true);
    assert.deepEqual(server?.discovery, { kind: 'dns', first: 1, slots: 256 });
    assert.deepEqual(server?.address, { kind: 'tcp', host: 'greeter', port: { kind: 'fixed', port: 50051 } });
  });

  it('says what each flag means', () => {
    const configuration = load(
      '--listen', '127.0.0.1:1-2,unix@/run/p', '--to', '10.0.0.1:1,10.0.0.1:1,[::1]:2,unix@/run/a b\'c "$X"', '--balance', 'random',
      '--grpc-service', 'helloworld.Greeter', '--otlp', 'http://c:4318/v1/traces?a=b', '--admin', ':9901',
    );
    assert.equal(configuration.frontends[0]?.binds.length, 3);
    assert.deepEqual(configuration.global.admin, { kind: 'tcp', host: '', port: 9901 });
    assert.equal(configuration.global.otlp, 'http://c:4318/v1/traces?a=b');
    const [backend] = configuration.backends;
    assert.deepEqual(backend?.balance, { algorithm: 'random', draws: 2 });
    assert.equal(backend?.grpcCheck?.service, 'helloworld.Greeter');
    assert.deepEqual(backend?.servers.map((server) => server.name), ['10.0.0.1:1', '10.0.0.1:1-2', '::1:2', 'unix__run_a_b_c___X_']);
    assert.deepEqual(backend?.servers[3]?.address, { kind: 'unix', path: '/run/a b\'c "$X"' });
  });

  it('cannot be given more statements by a flag', () => {
    for (const value of ['a:1\nglobal', 'unix@/a\n    daemon']) {
      const command = parseArguments(['--listen', ':1', '--to', value], {});
      if (command.kind !== 'run' || command.origin.kind !== 'flags') assert.equal(command.kind, 'invalid');
      else assert.fail(configurationFromFlags(command.origin.flags));
    }
    assert.equal(parseArguments(['--listen', ':1\n', '--to', 'a:1'], {}).kind, 'invalid');
    assert.equal(parseArguments(['--listen', ':1', '--to', 'a:1', '--otlp', 'grpc://a\nb:1'], {}).kind, 'invalid');
  });
});
