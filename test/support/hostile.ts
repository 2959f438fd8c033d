/** What the tests of hostile peers have in common: a Pillion that is watched, and calls on another connection that go on meanwhile. */
import assert from 'node:assert/strict';
import type { FrontendCounters } from '../../src/model/records.ts';
import { EchoClient, startReplica } from './grpc-replica.ts';
import { LogReceiver, type LogLine } from './log-receiver.ts';
import { startPillion, type Pillion } from './pillion.ts';
import { RawServer, type RawPeer } from './raw-peer.ts';

/** By how much the process may grow during an attack, peer and test included, bytes. */
const MOST_GROWTH = 96 * 1024 * 1024;
/** Octets in the message of a call that is told from all others in the log. */
const MARK = 4321;

export interface Scene {
  readonly pillion: Pillion;
  readonly log: LogReceiver;
  /** HTTP requests to `/raw` go here, and all others to a replica. */
  readonly server: RawServer;
  readonly counters: FrontendCounters;
}

export interface SceneOptions {
  readonly global?: readonly string[];
  /** Lines of `clients`, which logs no streams unless told to: a flood of them would bury the rest. */
  readonly front?: readonly string[];
  /** Settings of the raw server. */
  readonly settings?: readonly (readonly [number, number])[];
  /** Another server in its place, `host:port`, without retries. */
  readonly server?: string;
}

/** A Pillion with two frontends: `clients` in front of a raw server, `others` in front of a replica that echoes. */
export async function scene(defer: (cleanup: () => unknown) => void, { global = [], front = [], settings = [], server: elsewhere }: SceneOptions = {}): Promise<Scene> {
  const log = new LogReceiver();
  defer(() => log.close());
  const server = new RawServer(...settings);
  defer(() => server.close());
  const replica = await startReplica();
  defer(() => replica.kill());
  const pillion = await startPillion([
    'global', `  ${await log.listen()}`, ...global.map((line) => `  ${line}`),
    'defaults', '  mode grpc', '  timeout connect 5s', '  timeout client 30s', '  timeout server 30s',
    'frontend clients', '  bind 127.0.0.1:1', ...front.map((line) => `  ${line}`), '  default_backend raw',
    'frontend others', '  bind 127.0.0.1:1', '  log global', '  default_backend echo',
    'backend raw', `  server raw ${elsewhere ?? `127.0.0.1:${await server.listen()}`}`, ...(elsewhere === undefined ? [] : ['  retries 0']),
    'backend echo', `  server echo 127.0.0.1:${replica.port}`, '',
  ].join('\n'));
  defer(() => pillion.stop());
  const [frontend] = pillion.proxy.counted.frontends;
  assert.ok(frontend);
  return { pillion, log, server, counters: frontend.counters };
}

/** Runs `attack` while another client calls one unary method after another: all calls succeed, and the process does not grow. */
export async function unharmed({ pillion }: Scene, attack: () => Promise<void>): Promise<void> {
  const [, port = 0] = pillion.ports;
  const client = new EchoClient(`127.0.0.1:${port}`);
  let over = false;
  let calls = 0;
  const before = process.memoryUsage().rss;
  let most = before;
  await client.unary('before');
  const bystander = (async () => {
    while (!over) {
      const { response } = await client.unary(`call ${calls}`, { deadline: Date.now() + 5000 });
      assert.equal(response.toString(), `call ${calls++}`);
      most = Math.max(most, process.memoryUsage().rss);
    }
  })();
  try {
    await attack();
  } finally {
    over = true;
    await bystander;
    client.close();
  }
  assert.ok(calls > 0, 'a call went through meanwhile');
  assert.ok(most - before < MOST_GROWTH, `the process grew by ${Math.round((most - before) / 2 ** 20)} MiB`);
}

/**
 * Sends what `frames` makes for 0, 1, 2 …, in batches, until the connection ends; answers how many were sent.
 * @throws AssertionError when `most` did not end it
 */
export async function flood(peer: RawPeer, most: number, frames: (index: number) => Uint8Array, batch = 250): Promise<number> {
  let sent = 0;
  while (!peer.ended) {
    assert.ok(sent <= most, `${sent} and the connection goes on`);
    peer.send(...Array.from({ length: batch }, (_, index) => frames(sent + index)));
    sent += batch;
    // What comes back shows how far the other side is.
    await Promise.race([turn(), peer.end()]);
    if (peer.socket.writableNeedDrain) await Promise.race([new Promise((resolve) => peer.socket.once('drain', resolve)), peer.end()]);
  }
  return sent;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Log lines about the connection of `peer`, or its streams; complete when a line made later has come. */
export async function linesOf({ log, pillion }: Scene): Promise<LogLine[]> {
  const [, port = 0] = pillion.ports;
  const client = new EchoClient(`127.0.0.1:${port}`);
  await client.unary(Buffer.alloc(MARK));
  client.close();
  await log.take(({ msg, bytes_in: bytes }) => msg === 'stream' && bytes === MARK + 5);
  return log.lines.filter(({ frontend, level }) => frontend !== 'others' && level !== 'notice');
}
