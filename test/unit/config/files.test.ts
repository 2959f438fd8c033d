/** Whole files: the example, tutorials as people find them, and what directories give. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfiguration } from '../../../src/config/load.ts';
import { readSources } from '../../../src/config/sources.ts';
import type { LoadedConfiguration } from '../../../src/config/load.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/config/${name}`, import.meta.url));

function load(name: string): LoadedConfiguration {
  const { sources, errors } = readSources([fixture(name)]);
  assert.deepEqual(errors, []);
  return loadConfiguration(sources, { GREETER_HOST: 'greeter.default.svc' });
}

const summary = (loaded: LoadedConfiguration): string[] => [...loaded.errors, ...loaded.warnings].map((said) => `${said.position?.line} ${said.message}`);

describe('configuration files', () => {
  it('a sidecar\'s file has neither error nor warning', () => {
    const loaded = load('sidecar.cfg');
    assert.deepEqual(summary(loaded), []);
    const { configuration } = loaded;
    assert.deepEqual(configuration?.frontends.map((frontend) => [frontend.name, frontend.mode, frontend.defaultBackend, frontend.binds.length]), [
      ['in', 'auto', 'greeter', 2], ['db', 'tcp', 'db', 2],
    ]);
    assert.deepEqual(configuration?.backends[0]?.servers.map((server) => [server.name, server.check, server.weight, server.discovery.kind]), [
      ['one', true, 2, 'static'], ['dns-', false, 1, 'dns'],
    ]);
    assert.deepEqual(configuration?.backends[0]?.servers[1]?.address, { kind: 'tcp', host: 'greeter.default.svc', port: { kind: 'fixed', port: 50051 } });
  });

  for (const name of ['grpc-tcp.cfg', 'old-tcp.cfg', 'swarm.cfg']) {
    it(`${name}, a tutorial, loads as it is printed`, () => assert.deepEqual(load(name).errors.map(({ message }) => message), []));
  }

  it('an old tutorial: each old word is warned of once, with today\'s line', () => {
    const loaded = load('old-tcp.cfg');
    const old = loaded.warnings.filter(({ message }) => message.includes('gone from HAProxy'));
    assert.deepEqual(old.map(({ message, hint }) => [message, hint]), [
      ["'nbproc' is gone from HAProxy since 2.5", "remove the line: Pillion is one process; for more cores, 'nbthread' or more pods"],
      ["'contimeout' is gone from HAProxy since 2.1", 'today: timeout connect 5000'],
      ["'clitimeout' is gone from HAProxy since 2.1", 'today: timeout client 50000'],
      ["'srvtimeout' is gone from HAProxy since 2.1", 'today: timeout server 50000'],
    ]);
  });

  it('a mistake in a tutorial: the hint shows the fix', () => {
    assert.deepEqual(load('old-http.cfg').errors.map(({ position, message, hint }) => [position?.line, message, hint]), [
      [28, "unknown word behind 'stats': 'uri/admin?stats' in section 'listen'", 'a blank is missing: stats uri /admin?stats'],
    ]);
  });

  it('notes on limits: mistyped words are told from missing ones', () => {
    assert.deepEqual(summary(load('limits.cfg')), [
      "4 unknown section 'default'",
      "15 unknown keyword 'use-backend' in section 'frontend'",
      "20 unknown keyword 'use-backend' in section 'frontend'",
    ]);
  });
});

describe('reading sources', () => {
  let directory = '';
  beforeEach(() => { directory = mkdtempSync(path.join(tmpdir(), 'pillion-config-')); });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('takes files as they are named and directories\' *.cfg in the C locale\'s order', () => {
    for (const name of ['b.cfg', 'a.cfg', 'B.cfg', '10.cfg', '2.cfg', '.hidden.cfg', 'note.txt', 'x.cfg~']) {
      writeFileSync(path.join(directory, name), name);
    }
    mkdirSync(path.join(directory, 'sub.cfg'));
    const { sources, errors } = readSources([path.join(directory, 'note.txt'), directory]);
    assert.deepEqual(errors, []);
    assert.deepEqual(sources.map((source) => source.text), ['note.txt', '10.cfg', '2.cfg', 'B.cfg', 'a.cfg', 'b.cfg']);
    assert.equal(sources[1]?.path, path.join(directory, '10.cfg'));
  });

  it('says what cannot be read, and goes on', () => {
    writeFileSync(path.join(directory, 'a.cfg'), 'a');
    const { sources, errors } = readSources([path.join(directory, 'none.cfg'), path.join(directory, 'a.cfg')]);
    assert.equal(sources.length, 1);
    assert.match(errors[0]?.message ?? '', /cannot read '.*none.cfg': ENOENT/);
  });
});
