/** TLS with clients: CPU time per unary RPC as in grpc.ts, and per connection that makes a full handshake and one RPC. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSeconds, loadCore, run, stop } from './children.ts';
import { assertAllAnswered, benchCase, grpcServer, h2load } from './grpc.ts';
import { caseOf, type Options } from './options.ts';
import type { Peer } from './peers.ts';
import { measureInTurn, startAll, stopSubjects } from './rounds.ts';
import type { Complain, Sample, Series, Subject } from './rounds.ts';

const shapes = [caseOf(10, 100), caseOf(100, 1)];
/** Connections at once, each of which makes one RPC and is closed. */
const connections = 50;

export interface TlsResult {
  /** Per case: CPU µs per RPC, and RPC/s as the rate. */
  readonly cases: ReadonlyMap<string, Series>;
  /** CPU µs per connection, and connections/s as the rate. */
  readonly handshakes: ReadonlyMap<string, Series>;
}

export async function benchTls(peers: readonly Peer[], options: Options, folder: string, sink: number, complain: Complain): Promise<TlsResult> {
  makeCertificate(folder);
  const { server, upstream, request } = await grpcServer(folder);
  const subjects = await startAll(peers, (peer) => peer.tls, { upstream, folder, sink }, complain);
  const cases = new Map<string, Series>();
  for (const shape of shapes) cases.set(`TLS ${shape.name}`, await benchCase(shape, subjects, options, request, complain, 'https'));
  const handshakes = new Map([['full handshake', await measureInTurn(subjects, options.rounds, (subject) => handshake(subject, options, request), complain)]]);
  await stopSubjects(subjects);
  await stop(server);
  return { cases, handshakes };
}

/** ECDSA on P-256, which is what is issued today; every peer reads the bundle. */
function makeCertificate(folder: string): void {
  const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  const { status, stderr } = spawnSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', key, '-out', certificate,
  ], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl is needed (apt-get install openssl): ${stderr ?? ''}`);
  writeFileSync(join(folder, 'tls.pem'), Buffer.concat([readFileSync(certificate), readFileSync(key)]));
}

async function handshake({ child, port }: Subject, { seconds }: Options, request: string): Promise<Sample> {
  const before = cpuSeconds(child.pid);
  const began = performance.now();
  let count = 0;
  while (performance.now() - began < seconds * 1000) {
    const output = await run('h2load', loadCore, h2load(port, { connections, streams: 1 }, request, ['-n', String(connections)], 'https'), 20);
    assertAllAnswered(output, connections);
    count += connections;
  }
  const elapsed = (performance.now() - began) / 1000;
  return { value: ((cpuSeconds(child.pid) - before) * 1e6) / count, rate: count / elapsed };
}
