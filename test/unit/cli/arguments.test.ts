import assert from 'node:assert/strict';
import { parseArguments } from '../../../src/cli/arguments.ts';
import { BALANCE_ALGORITHMS } from '../../../src/config/tables/balance.ts';
import type { Command, Origin, RunOptions } from '../../../src/cli/command.ts';

const QUIET: RunOptions = {
  verbose: false, debug: false, quiet: false, daemon: null, pidfile: null, maxconn: null, failOnWarning: false, directory: null,
  diagnose: false, proxyMaxconn: null, localPeer: null, worker: false, trustServers: false, replaces: { pids: [], finish: true }, notes: [],
};

const parse = (line: string, env: Record<string, string> = {}): Command => parseArguments(line === '' ? [] : line.split(' '), env);

function running(line: string, env: Record<string, string> = {}): { kind: string; origin: Origin; options: RunOptions } {
  const command = parse(line, env);
  assert.ok(command.kind === 'run' || command.kind === 'check' || command.kind === 'print-config', JSON.stringify(command));
  return command;
}

function messages(line: string, env: Record<string, string> = {}): readonly string[] {
  const command = parse(line, env);
  assert.ok(command.kind === 'invalid', JSON.stringify(command));
  return command.messages;
}

describe('command line', () => {
  const options: readonly [flags: string, expected: Partial<RunOptions>][] = [
    ['', {}], ['-V', { verbose: true }], ['-d', { verbose: true, debug: true, daemon: false }], ['-q', { quiet: true }], ['-D', { daemon: true }],
    ['-db', { daemon: false }], ['-p /run/p.pid', { pidfile: '/run/p.pid' }], ['-n 100', { maxconn: 100 }], ['-C /etc', { directory: '/etc' }],
    ['-dW', { failOnWarning: true }], ['-d -dM -dI -dMno-merge', { verbose: true, debug: true, daemon: false }], ['-W', { worker: true }], ['-dD', { diagnose: true }],
    ['-Ws -S fd@7 -L peer1', { worker: true, localPeer: 'peer1', notes: ['-S: there is no master process, so nothing listens for its commands'] }],
    ['-N 10', { proxyMaxconn: 10 }], ['-dV', { trustServers: true }], ['-sf 12 13', { replaces: { pids: [12, 13], finish: true } }],
    ['-st 12 -db', { daemon: false, replaces: { pids: [12], finish: false } }], ['-sf', {}], ['-x /run/s', { notes: ['-x: sockets are not taken over from the old process: they are bound anew'] }], ['-db -V -dW', { daemon: false, verbose: true, failOnWarning: true }],
  ];
  for (const [flags, expected] of options) {
    it(`-f x ${flags}`, () => {
      assert.deepEqual(running(`-f x ${flags}`.trim()), { kind: 'run', origin: { kind: 'files', paths: ['x'] }, options: { ...QUIET, ...expected } });
    });
  }

  it('takes several files, and all words behind --', () => {
    assert.deepEqual(running('-f a -f dir -c -- b -c').origin, { kind: 'files', paths: ['a', 'dir', 'b', '-c'] });
    assert.equal(running('-c -f a').kind, 'check');
  });

  it('knows help and version before anything else', () => {
    assert.deepEqual(parse('help'), { kind: 'help', topic: [] });
    assert.deepEqual(parse('help timeout connect'), { kind: 'help', topic: ['timeout', 'connect'] });
    for (const line of ['--help', '-h', '-f x --help', '--nonsense --help']) assert.deepEqual(parse(line), { kind: 'help', topic: [] });
    assert.deepEqual(parse('-v'), { kind: 'version', verbose: false });
    assert.deepEqual(parse('--version'), { kind: 'version', verbose: false });
    assert.deepEqual(parse('-vv'), { kind: 'version', verbose: true });
  });

  it('knows -cc, -dK and migrate', () => {
    assert.deepEqual(parseArguments(['-cc', 'streq(a, b)'], {}), { kind: 'condition', text: 'streq(a, b)' });
    for (const line of ['-dKall', '-dK', '-dKcfg,acl']) assert.deepEqual(parse(line), { kind: 'keywords' });
    assert.deepEqual(parse('migrate a.cfg'), { kind: 'migrate', path: 'a.cfg' });
  });

  it('without anything there is nothing to do', () => {
    assert.deepEqual(parse(''), { kind: 'nothing' });
    assert.deepEqual(parse('-c'), { kind: 'nothing' });
    assert.deepEqual(parse('', { PILLION_BALANCE: 'first' }), { kind: 'nothing' });
  });

  const wrong: readonly [line: string, ...messages: string[]][] = [
    ['--lisen :1', "unknown flag '--lisen'; did you mean '--listen'?", "unexpected word ':1': files are given by -f, or behind --"],
    ['-Q', "unknown flag '-Q'; did you mean '-q'?"],
    ['pillion.cfg', "unexpected word 'pillion.cfg': files are given by -f, or behind --"],
    ['-f', '-f needs a value: -f FILE'], ['-f -c', '-f needs a value: -f FILE'], ['-f x -n', '-n needs a value: -n MAXCONN'],
    ['-f x -n many', "-n: 'many' is not a number of connections"], ['-f x -n 0', "-n: '0' is not a number of connections"],
    ['-f x -D -db', '-D contradicts -db and -d'], ['--listen :1 --to a:1 --print-config=1', '--print-config takes no value'],
    ['-dC -f x', "-dC is HAProxy's and not supported by Pillion: 'pillion migrate FILE' prints a configuration"],
    ['-f x -S', '-S needs a value: -S ADDRESS'], ['-f x -N 0', "-N: '0' is not a number of connections"], ['-dM!', "unknown flag '-dM!'"],
    ['migrate', "'migrate' needs a file: pillion migrate FILE"], ['migrate a b', "'migrate' takes one file"], ['-cc', '-cc needs a value: -cc CONDITION'],
    ['-f x --listen :1', '--listen is for running without a file: put it into the file, or leave out -f'],
    ['-f x --print-config', '--print-config shows what --listen and --to mean; a file is its own text'],
    ['--print-config', '--print-config needs --listen and --to'],
    ['--listen :1', '--listen needs --to: where to send them'], ['--to a:1', '--to needs --listen: where clients connect, such as :8080'],
    ['--balance first', '--balance needs --listen and --to'],
    ['--listen 80 --to a:1', "--listen: '80' is not an address: for a port alone, write :80"],
    ['--listen :1 --to a', "--to: 'a' needs a port: host:port"],
    ['--listen :1 --to a:+1', "--to: 'a:+1' needs a port: host:port"], ['--listen :1 --to a:1,', '--to: the address is empty'],
    ['--listen :1 --to dns:a', "--to: 'dns:a' needs a host name and a port: dns:greeter:50051"],
    ['--listen :1 --to dns:/a', "--to: 'dns:/a' needs a host name and a port: dns:greeter:50051"],
    ['--listen :1 --to a:1 --balance leastcon', `--balance: 'leastcon' is none of ${BALANCE_ALGORITHMS.join(', ')}; did you mean 'leastconn'?`],
    ['--listen :1 --to a:1 --otlp c:4317', "--otlp: 'c:4317' is not a collector's URL: expected grpc://host:4317 or http://host:4318/v1/traces"],
    ['--listen :1 --to a:1 --admin :1,:2', "--admin: ':1,:2' is more than one address"],
    ['--listen :1 --to a:1 --grpc-service a/b', "--grpc-service: 'a/b' is not the name of a gRPC service"],
    ['--listen :x --to b:y --foo', "unknown flag '--foo'", "--listen: 'x' is not a port: expected 1 to 65535, or a range such as 8000-8010",
      "--to: 'y' is not a port: expected 1 to 65535, or +n or -n relative to the client's port"],
  ];
  for (const [line, ...expected] of wrong) it(`refuses ${line}`, () => assert.deepEqual(messages(line), expected));
});

describe('flags that stand for a file', () => {
  it('have defaults', () => {
    assert.deepEqual(running('--listen :8080 --to greeter:50051').origin, {
      kind: 'flags',
      flags: { listen: ':8080', to: [{ dns: false, address: 'greeter:50051' }], balance: 'leastconn', grpcService: null, otlp: null, admin: null },
    });
  });

  const full = {
    listen: ':1', to: [{ dns: true, address: 'a:1' }, { dns: false, address: '[::1]:2' }], balance: 'first', grpcService: 'x.Y', otlp: 'grpc://c:1',
    admin: { text: ':9', address: { kind: 'tcp', host: '', port: 9 } },
  };

  it('may all be given, with = as well', () => {
    const line = '--listen=:1 --to dns:a:1,[::1]:2 --balance first --grpc-service=x.Y --otlp grpc://c:1 --admin :9';
    assert.deepEqual(running(line).origin, { kind: 'flags', flags: full });
    assert.equal(running(`${line} --print-config`).kind, 'print-config');
  });

  it('may come from the environment; flags win, and files make them void', () => {
    const env = {
      PILLION_LISTEN: ':1', PILLION_TO: 'dns:a:1,[::1]:2', PILLION_BALANCE: 'first', PILLION_GRPC_SERVICE: 'x.Y', PILLION_OTLP: 'grpc://c:1',
      PILLION_ADMIN: ':9',
    };
    assert.deepEqual(running('', env).origin, { kind: 'flags', flags: full });
    assert.deepEqual(running('--balance random', env).origin, { kind: 'flags', flags: { ...full, balance: 'random' } });
    assert.deepEqual(running('-f x', env).origin, { kind: 'files', paths: ['x'] });
    assert.deepEqual(running('--to b:1', { PILLION_LISTEN: ':1', PILLION_TO: '' }).kind, 'run');
    assert.deepEqual(messages('', { ...env, PILLION_LISTEN: ':x' }), ["PILLION_LISTEN: 'x' is not a port: expected 1 to 65535, or a range such as 8000-8010"]);
  });
});
