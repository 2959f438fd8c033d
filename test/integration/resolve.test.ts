import assert from 'node:assert/strict';
import { DnsDiscovery } from '../../src/resolve/dns-discovery.ts';

describe('DNS discovery by the system', () => {
  async function discover(host: string): Promise<{ readonly sets: readonly string[][]; readonly errors: readonly string[] }> {
    const sets: string[][] = [];
    const errors: string[] = [];
    const onError = (reason: string): number => errors.push(reason);
    const discovery = new DnsDiscovery({ host, slots: 4, intervalMs: 60_000, onError }, (addresses) => sets.push([...addresses]));
    await discovery.start();
    discovery.stop();
    return { sets, errors };
  }

  it('finds localhost', async () => {
    assert.deepEqual(await discover('localhost'), { sets: [['127.0.0.1']], errors: [] });
  });

  for (const literal of ['192.0.2.7', '2001:db8::7']) {
    it(`takes ${literal} as it is`, async () => {
      assert.deepEqual(await discover(literal), { sets: [[literal]], errors: [] });
    });
  }

  it('reports a host that does not exist', async () => {
    // A label of more than 63 octets is refused without asking any server.
    const { sets, errors } = await discover(`${'x'.repeat(64)}.invalid`);
    assert.deepEqual(sets, []);
    assert.match(errors.join(), /^getaddrinfo ENOTFOUND/);
  });
});
