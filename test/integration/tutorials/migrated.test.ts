/** The tutorials in today's words, as `pillion migrate` prints them, which HAProxy itself takes. */
import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../src/config/load.ts';
import { migrate } from '../../../src/config/migrate.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { scratchFolder } from '../../support/pillion-process.ts';
import { installed, run } from '../../support/programs.ts';
import { tutorial } from '../../support/tutorial.ts';

const HAPROXY = '/usr/sbin/haproxy';

describe("tutorials in today's words", () => {
  const defer = cleanUpAfterEach();

  for (const [name, places] of [
    ['grpc-over-tcp.cfg', {}],
    ['web.cfg', { 'x.x.x.x': '127.0.0.1', '/application/haproxy/var/chroot': '/tmp' }],
    ['ssh.cfg', { '/application/haproxy/var/chroot': '/tmp' }],
    ['paths.cfg', {}],
    ['swarm.cfg', { ' web:8000': ' localhost:8000' }],
  ] as const) {
    it(name, async function () {
      const text = migrate({ path: name, text: tutorial(name, places) });
      const { errors, warnings } = loadConfiguration([{ path: name, text }], {});
      assert.deepEqual(errors, []);
      assert.deepEqual(warnings.filter(({ message }) => !message.startsWith("'chroot'")), []);
      if (!installed(HAPROXY, 'apt-get install haproxy', ['-v'])) return this.skip();
      const folder = scratchFolder();
      defer(() => folder.remove());
      const checked = await run(HAPROXY, ['-c', '-f', folder.file(name, text)]);
      assert.equal(checked.code, 0, checked.stderr);
    });
  }
});
