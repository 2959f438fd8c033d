/** Pillion in the process of the test, which is fastest. pillion-process.ts starts the command. */
import assert from 'node:assert/strict';
import { loadConfiguration } from '../../src/config/load.ts';
import type { Configuration } from '../../src/config/model.ts';
import type { BackendRecord, ServerRecord } from '../../src/model/records.ts';
import { startProxy, type Proxy } from '../../src/proxy.ts';

export interface Pillion {
  readonly proxy: Proxy;
  /** Of the first bind. */
  readonly port: number;
  /** Of all binds, in the order of the configuration. */
  readonly ports: readonly number[];
  /** `host:port` of the first bind. */
  readonly target: string;
  backend(name?: string): BackendRecord;
  server(name: string): ServerRecord;
  stop(): Promise<void>;
}

/** In a test's configuration: a free port. The language has no such thing, since nobody could find it. */
const ANY_PORT = 1;

function onFreePorts(configuration: Configuration): Configuration {
  const frontends = configuration.frontends.map((frontend) => ({
    ...frontend,
    binds: frontend.binds.map((bind) => {
      const { address } = bind;
      return address.kind === 'tcp' && address.port === ANY_PORT ? { ...bind, address: { ...address, port: 0 } } : bind;
    }),
  }));
  return { ...configuration, frontends };
}

/** Starts it on `text`, a configuration without errors; port 1 of a bind means a free one. */
export async function startPillion(text: string, env: Record<string, string> = {}): Promise<Pillion> {
  const { configuration, errors } = loadConfiguration([{ path: 'test.cfg', text }], env);
  assert.deepEqual(errors, []);
  assert.ok(configuration);
  const proxy = await startProxy(onFreePorts(configuration), { pid: process.pid, version: '0.0.0', env, maxFiles: 65_536 });
  const ports = proxy.listening.map(({ port }) => port);
  const [port = 0] = ports;
  const backend = (name?: string): BackendRecord => {
    const found = proxy.counted.backends.find((one) => name === undefined || one.name === name);
    assert.ok(found);
    return found;
  };
  return {
    proxy,
    port,
    ports,
    target: `127.0.0.1:${port}`,
    backend,
    server(name) {
      const found = proxy.counted.backends.flatMap(({ servers }) => servers).find((server) => server.name === name);
      assert.ok(found, `no server ${name}`);
      return found;
    },
    stop: async () => void (await proxy.stop('test ended')),
  };
}

/** One frontend on a free port, in front of one backend `app`; each of `lines` is a line of the backend. */
export function grpcConfiguration(lines: readonly string[], mode: 'auto' | 'grpc' | 'http' | 'tcp' = 'auto', frontend: readonly string[] = []): string {
  return [
    'defaults', `  mode ${mode}`, '  timeout connect 2s', '  timeout client 30s', '  timeout server 30s',
    'frontend clients', '  bind 127.0.0.1:1', ...frontend.map((line) => `  ${line}`), '  default_backend app',
    'backend app', ...lines.map((line) => `  ${line}`), '',
  ].join('\n');
}
