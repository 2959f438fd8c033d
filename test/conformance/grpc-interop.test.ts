/** gRPC's interoperability suite, its Go client and server (its doc/interop-test-descriptions.md), with Pillion between them. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../sidecar/demo/ports.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { grpcConfiguration, startPillion } from '../support/pillion.ts';
import { installed, run, startServer } from '../support/programs.ts';

const CASES = [
  'empty_unary', 'large_unary', 'client_streaming', 'server_streaming', 'ping_pong', 'empty_stream', 'timeout_on_sleeping_server',
  'cancel_after_begin', 'cancel_after_first_response', 'custom_metadata', 'status_code_and_message', 'special_status_message',
  'unimplemented_method', 'unimplemented_service', 'rpc_soak', 'channel_soak',
];

/** `go install` names programs after the last folder of their package: `client` and `server`, which are too common to look for in PATH. */
const FOLDER = join(homedir(), 'go/bin/grpc-interop');
const INSTALL = `GOBIN=${FOLDER} go install google.golang.org/grpc/interop/client@v1.85.0 google.golang.org/grpc/interop/server@v1.85.0`;

describe("gRPC's interoperability suite", () => {
  const defer = cleanUpAfterEach();

  it('passes, over two servers', async function () {
    const client = join(FOLDER, 'client');
    if (!existsSync(client)) {
      installed(client, INSTALL);
      return this.skip();
    }
    const ports = await freePorts(2);
    for (const port of ports) {
      const server = await startServer(join(FOLDER, 'server'), ['--port', String(port)], port);
      defer(() => server.stop());
    }
    const pillion = await startPillion(grpcConfiguration(['balance roundrobin', ...ports.map((port, index) => `server s${index} 127.0.0.1:${port}`)], 'grpc'));
    defer(() => pillion.stop());
    for (const name of CASES) {
      const { code, stdout, stderr } = await run(client, ['--server_host', '127.0.0.1', '--server_port', String(pillion.port), '--test_case', name, '--soak_iterations', '20']);
      assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
    }
    for (const server of ['s0', 's1']) assert.ok(pillion.server(server).counters.streamsTotal > CASES.length / 2, server);
  }).timeout(60_000);
});
