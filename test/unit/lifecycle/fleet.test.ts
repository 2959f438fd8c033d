/** Servers as DNS names them, with a nameserver whose mind changes. */
import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../src/config/load.ts';
import { Fleet } from '../../../src/lifecycle/fleet.ts';
import { SILENT } from '../../../src/model/observer.ts';
import { Backend } from '../../../src/pool/backend.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { A, startNameserver, type Zone } from '../../support/nameserver.ts';
import { until } from '../../support/until.ts';

describe('servers of a template', () => {
  const defer = cleanUpAfterEach();

  it('begin at full weight, and slowly when they come later', async () => {
    const zone: { 'app.test': { [A]: number[][] } } = { 'app.test': { [A]: [[127, 0, 0, 1]] } };
    const nameserver = await startNameserver(zone as Zone);
    defer(() => nameserver.close());
    const text = ['resolvers r', `  nameserver n 127.0.0.1:${nameserver.port}`, '  hold valid 10ms', 'defaults', '  timeout connect 1s', '  timeout server 1s',
      'backend b', '  server-template app 2 app.test:1 resolvers r init-addr none weight 16 slowstart 1h', ''].join('\n');
    const { configuration, errors } = loadConfiguration([{ path: 'test.cfg', text }], {});
    assert.deepEqual(errors, []);
    const settings = configuration?.backends[0];
    assert.ok(configuration !== null && settings !== undefined);
    const backend = new Backend(settings, SILENT, 1);
    const fleet = new Fleet(backend, configuration.resolvers, SILENT);
    defer(() => {
      fleet.stop();
      for (const server of backend.servers) server.remove();
    });
    await fleet.start();
    await until(() => backend.servers.length === 1);
    zone['app.test'] = { [A]: [[127, 0, 0, 1], [127, 0, 0, 2]] };
    await until(() => backend.servers.length === 2);
    assert.deepEqual(backend.servers.map(({ name, weight }) => [name, weight]), [['app1', 16], ['app2', 1]]);
  });
});
