/** Questions to a nameserver that answers by a table. */
import assert from 'node:assert/strict';
import { askNameservers } from '../../../src/resolve/nameservers.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { A, AAAA, startNameserver, type Nameserver, type Zone } from '../../support/nameserver.ts';

describe('nameservers of a resolvers section', () => {
  const defer = cleanUpAfterEach();

  async function nameserver(zone: Zone): Promise<Nameserver> {
    const server = await startNameserver(zone);
    defer(() => server.close());
    return server;
  }

  const lookup = (port: number, tries = 1): ReturnType<typeof askNameservers> =>
    askNameservers({ nameservers: [{ host: '127.0.0.1', port }], system: false, tries, timeoutMs: 200, resolveMs: 1000, holdValidMs: 1000 });

  it('gives the addresses of both families', async () => {
    const { port, asked } = await nameserver({ 'web.test': { [A]: [[10, 0, 0, 1], [10, 0, 0, 2]], [AAAA]: [[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]] } });
    assert.deepEqual((await lookup(port)('web.test')).toSorted(), ['10.0.0.1', '10.0.0.2', 'fd00::1']);
    assert.deepEqual(asked.toSorted(), ['web.test 1', 'web.test 28']);
  });

  it('takes one family when the other is missing', async () => {
    const { port } = await nameserver({ 'web.test': { [A]: [[10, 0, 0, 1]] } });
    assert.deepEqual(await lookup(port)('web.test'), ['10.0.0.1']);
  });

  it('rejects for a name that does not exist', async () => {
    const { port } = await nameserver({});
    await assert.rejects(async () => await lookup(port)('web.test'), { code: 'ENOTFOUND' });
  });

  it('asks as often as it was told when nobody answers', async () => {
    const { port, asked } = await nameserver({ 'web.test': 'silent' });
    await assert.rejects(async () => await lookup(port, 2)('web.test'), { code: 'ETIMEOUT' });
    assert.equal(asked.filter((question) => question === 'web.test 1').length, 2);
  });
});
