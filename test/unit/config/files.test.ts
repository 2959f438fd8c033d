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

  it('a gRPC tutorial: only words that are not supported yet', () => {
    const said = summary(load('grpc-tcp.cfg'));
    assert.equal(said.length, 7);
    for (const line of said) assert.match(line, /not supported by Pillion yet/);
  });

  it('an old tutorial: each old word names today\'s', () => {
    const loaded = load('old-tcp.cfg');
    assert.deepEqual(summary(loaded), [
      "11 'contimeout' is not supported any more since HAProxy 2.1",
      "12 'clitimeout' is not supported any more since HAProxy 2.1",
      "13 'srvtimeout' is not supported any more since HAProxy 2.1",
      "21 server keyword 'port' is not supported by Pillion yet",
      "22 server keyword 'port' is not supported by Pillion yet",
    ]);
    assert.deepEqual(loaded.errors.slice(0, 3).map((error) => error.hint), ["use 'timeout connect'", "use 'timeout client'", "use 'timeout server'"]);
  });

  it('an old HTTP tutorial: all of its errors at once', () => {
    const lines = load('old-http.cfg').errors.map((error) => error.position?.line);
    assert.deepEqual(lines, [3, 5, 6, 10, 11, 17, 18, 19, 20, 22, 26, 27, 28, 29, 31, 32, 33]);
  });

  it('notes on limits: mistyped words are told from missing ones', () => {
    assert.deepEqual(summary(load('limits.cfg')), [
      "4 unknown keyword 'default' in section 'global'",
      "15 unknown keyword 'use-backend' in section 'frontend'",
      "20 unknown keyword 'use-backend' in section 'frontend'",
    ]);
  });

  it('a Docker Swarm file: sections that are not supported are one error each', () => {
    assert.deepEqual(summary(load('swarm.cfg')), [
      "6 section 'resolvers' is not supported by Pillion yet",
      "20 'use_backend' is not supported by Pillion yet",
      "25 server keyword 'resolvers' is not supported by Pillion yet",
      "25 server keyword 'init-addr' is not supported by Pillion yet",
      "28 'stats enable' is not supported by Pillion yet",
      "29 'stats uri' is not supported by Pillion yet",
      "30 'stats refresh' is not supported by Pillion yet",
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
