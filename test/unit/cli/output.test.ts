import assert from 'node:assert/strict';
import { HELP } from '../../../src/cli/help.ts';
import { report, say } from '../../../src/cli/output.ts';
import { FLAGS } from '../../../src/cli/flags.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import type { RunOptions } from '../../../src/cli/command.ts';

const INFO = { version: '1.2.3', versions: process.versions, platform: 'linux', arch: 'x64' };
const OPTIONS: RunOptions = {
  verbose: false, debug: false, quiet: false, daemon: null, pidfile: null, maxconn: null, failOnWarning: false, directory: null,
  diagnose: false, proxyMaxconn: null, localPeer: null, worker: false, trustServers: false, replaces: { pids: [], finish: true }, notes: [],
};
const FINE = 'listen l\nbind :1\ntimeout client 1s\ntimeout server 1s\ntimeout connect 1s\nserver s a:1\n';
const WARNING = 'listen l\nbind :1\nserver s a:1\n';
const ERRORS = 'backend b\nfoo\nbar\n';
const DEAF = 'global\ndaemon\n';

describe('what commands print', () => {
  it('help fits one screen and names every flag', () => {
    const lines = HELP.trimEnd().split('\n');
    assert.ok(lines.length <= 24);
    for (const line of lines) assert.ok(line.length <= 79, line);
    for (const { name } of FLAGS.filter((flag) => !['-h', '--help', '--version'].includes(flag.name))) {
      assert.match(HELP, new RegExp(`(^|[\\s(])${name}\\b`, 'm'), name);
    }
    assert.deepEqual(say({ kind: 'help', topic: [] }, INFO), { stdout: HELP, stderr: '', exitCode: 0 });
    assert.deepEqual(say({ kind: 'nothing' }, INFO), { stdout: '', stderr: HELP, exitCode: 1 });
  });

  it('-cc reads a condition as a line of a file: quotes, variables', () => {
    const holds = (text: string): number => say({ kind: 'condition', text }, INFO, { A: 'x y' }).exitCode;
    assert.deepEqual([holds('streq("$A",\'x y\')'), holds("streq('$A',x)"), holds('streq("$A)'), holds('!(0))'), holds('')], [0, 1, 2, 2, 1]);
  });

  it('help of a directive, or why there is none', () => {
    const known = say({ kind: 'help', topic: ['balance'] }, INFO);
    assert.match(known.stdout, /^balance roundrobin/);
    assert.equal(known.exitCode, 0);
    const unknown = say({ kind: 'help', topic: ['balnce'] }, INFO);
    assert.deepEqual(unknown, { stdout: '', stderr: "There is no directive 'balnce'. Did you mean 'balance'?\n", exitCode: 1 });
  });

  it('the version', () => {
    assert.equal(say({ kind: 'version', verbose: false }, INFO).stdout, 'Pillion version 1.2.3\n');
    assert.match(say({ kind: 'version', verbose: true }, INFO).stdout, /^Pillion version 1\.2\.3\n[^]*node \d+[^]*\nFeature list : .*\+OPENSSL/);
  });

  it('what is wrong with a command line', () => {
    const said = say({ kind: 'invalid', messages: ['one', 'two'] }, INFO);
    assert.deepEqual(said, { stdout: '', stderr: "pillion: one\npillion: two\n'pillion --help' shows the flags.\n", exitCode: 1 });
  });
});

describe('what is said of a configuration', () => {
  const rows: readonly [name: string, text: string, options: Partial<RunOptions>, check: boolean, exitCode: number, stderr: RegExp, stdout: string][] = [
    ['fine: silent', FINE, {}, true, 0, /^$/, ''],
    ['fine, -V', FINE, { verbose: true }, true, 0, /^$/, 'Configuration file is valid\n'],
    ['fine, to run', FINE, { verbose: true }, false, 0, /^$/, ''],
    ['a warning', WARNING, {}, true, 0, /^t:1:8: warning: missing timeouts[^]*hint: .*\n$/, ''],
    ['a warning, -dW', WARNING, { failOnWarning: true }, true, 1, /warning: missing[^]*\nWarnings count as errors \(-dW\)\.\n$/, ''],
    ['fine, -dW', FINE, { failOnWarning: true }, false, 0, /^$/, ''],
    ['a warning, zero-warning', `global\nzero-warning\n${WARNING}`, {}, false, 1, /\nWarnings count as errors \(zero-warning\)\.\n$/, ''],
    ['errors', ERRORS, {}, true, 1, /^t:2:1: error: [^]*\nt:3:1: error: [^]*\n2 errors in the configuration\.\n$/, ''],
    ['errors, -q', ERRORS, { quiet: true }, true, 1, /^$/, ''],
    ['nothing listens, -c', DEAF, {}, true, 2, /^Nothing to listen on/, ''],
    ['nothing listens, to run', DEAF, {}, false, 1, /^Nothing to listen on/, ''],
  ];
  for (const [name, text, options, check, exitCode, stderr, stdout] of rows) {
    it(name, () => {
      const output = report(loadConfiguration([{ path: 't', text }], {}), [], { ...OPTIONS, ...options }, check);
      assert.equal(output.exitCode, exitCode);
      assert.match(output.stderr, stderr);
      assert.equal(output.stdout, stdout);
    });
  }

  it('files that cannot be read come first', () => {
    const unreadable = [{ severity: 'error', message: "cannot read 'x'", position: null, hint: null }] as const;
    const output = report(loadConfiguration([], {}), unreadable, OPTIONS, true);
    assert.deepEqual(output, { stdout: '', stderr: "error: cannot read 'x'\nOne error in the configuration.\n", exitCode: 1 });
  });
});
