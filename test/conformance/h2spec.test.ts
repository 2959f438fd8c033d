/** The conformance suite h2spec, strict, against Pillion in front of a server that answers everything. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { grpcConfiguration, startPillion } from '../support/pillion.ts';
import { installed, run } from '../support/programs.ts';

const IN_GO_PATH = join(homedir(), 'go/bin/h2spec');
const H2SPEC = existsSync(IN_GO_PATH) ? IN_GO_PATH : 'h2spec';
/** How long h2spec waits for what should come, and for what should not, seconds. */
const PATIENCE = '1';

describe('h2spec', () => {
  const defer = cleanUpAfterEach();

  for (const mode of ['auto', 'grpc'] as const) {
    it(`finds no fault in mode ${mode}`, async function () {
      if (!installed(H2SPEC, 'go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible')) return this.skip();
      const server = createServer();
      server.on('stream', (stream) => {
        stream.on('error', () => {});
        stream.respond({ ':status': 200, 'content-type': 'text/plain' });
        stream.resume();
        stream.on('end', () => stream.end('Pillion says hello'));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      defer(() => server.close());
      const pillion = await startPillion(grpcConfiguration([`server a 127.0.0.1:${(server.address() as AddressInfo).port}`], mode));
      defer(() => pillion.stop());
      const { code, stdout, stderr } = await run(H2SPEC, ['--strict', '-h', '127.0.0.1', '-p', String(pillion.port), '-o', PATIENCE]);
      const counts = /^(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed$/m.exec(stdout);
      assert.ok(counts, stdout + stderr);
      const [, tests, passed, , failed] = counts.map(Number);
      assert.ok(Number(tests) >= 140, 'the whole suite ran');
      assert.deepEqual({ failed, code }, { failed: 0, code: 0 }, stdout.slice(stdout.indexOf('Failures:')));
      assert.ok(Number(passed) >= 140);
    }).timeout(60_000);
  }
});
