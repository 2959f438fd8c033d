import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../src/config/load.ts';
import { SILENT } from '../../../src/model/observer.ts';
import { Backend } from '../../../src/pool/backend.ts';
import type { Server } from '../../../src/pool/server.ts';
import { SlowStart } from '../../../src/pool/slow-start.ts';

describe('slowstart', () => {
  it('goes from a sixteenth to the whole in its time, step by step', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const shares: number[] = [];
    const start = new SlowStart(160, () => {
      shares.push(start.share);
      if (start.share === 1) resolve();
    });
    assert.equal(start.share, 1);
    const begun = performance.now();
    start.begin();
    assert.equal(start.share, 1 / 16);
    await promise;
    assert.ok(performance.now() - begun >= 149);
    assert.deepEqual(shares, [...new Set(shares)].toSorted((a, b) => a - b));
    assert.ok(shares.every((share) => share * 16 === Math.floor(share * 16)));
  });

  it('is over when the server has left, and takes no time where none is set', () => {
    const start = new SlowStart(60_000, () => {});
    start.begin();
    start.stop();
    assert.equal(start.share, 1);
    const none = new SlowStart(0, () => {});
    none.begin();
    assert.equal(none.share, 1);
  });

  describe('of a server', () => {
    const servers: Server[] = [];

    afterEach(() => {
      for (const server of servers.splice(0)) server.remove();
    });

    function backendOf(balance: string, keywords: string): Backend {
      const text = `defaults\n timeout connect 1s\n timeout server 1s\nbackend b\n balance ${balance}\n server a 127.0.0.1:1 ${keywords}\n server b 127.0.0.1:2\n`;
      const { configuration } = loadConfiguration([{ path: 'test.cfg', text }], {});
      const settings = configuration?.backends[0];
      assert.ok(settings);
      const backend = new Backend(settings, SILENT, 1);
      for (const [index, server] of settings.servers.entries()) servers.push(backend.addServer(server.name, server.address, server, index + 1));
      return backend;
    }

    function comeBack(): Server {
      const [server] = servers;
      assert.ok(server);
      server.setStatus('DOWN', 'failed');
      server.setStatus('UP', 'back');
      return server;
    }

    it('begins when it comes back, not when Pillion starts', () => {
      backendOf('leastconn', 'check weight 32 maxconn 64 slowstart 1h');
      assert.deepEqual([servers[0]?.weight, servers[0]?.maxconn], [32, 64]);
      const server = comeBack();
      assert.deepEqual([server.weight, server.maxconn], [2, 4]);
      server.setStatus('NOLB', 'stopping');
      server.setStatus('UP', 'serving');
      assert.equal(server.weight, 32, 'it was not away');
    });

    it('lets it have one stream at least', () => {
      backendOf('leastconn', 'check maxconn 4 slowstart 1h');
      assert.equal(comeBack().maxconn, 1);
    });

    it('also after maintenance', () => {
      backendOf('leastconn', 'weight 16 slowstart 1h');
      const [server] = servers;
      server?.setAdminState('maint', 'operator');
      server?.setAdminState('ready', 'operator');
      assert.equal(server?.weight, 1);
    });

    it('is felt in balancing, but for algorithms whose weights are fixed', () => {
      for (const [balance, expected] of [['roundrobin', 10], ['static-rr', 85]] as const) {
        const backend = backendOf(balance, 'check slowstart 1h');
        const server = comeBack();
        const picked = Array.from({ length: 170 }, () => backend.pickOther({ tried: null } as never)).filter((one) => one === server);
        assert.equal(picked.length, expected, balance);
        for (const one of servers.splice(0)) one.remove();
      }
    });
  });
});
