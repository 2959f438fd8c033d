/** `npm run bench`: Pillion beside HAProxy, nginx, Envoy and a raw relay, in one interleaved run. README.md says how to read it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { lastLines, loadCore, stopAll, which } from './children.ts';
import { benchGrpc } from './grpc.ts';
import { benchHttp1 } from './http1.ts';
import { benchLatency } from './latency.ts';
import { benchMemory } from './memory.ts';
import { readOptions } from './options.ts';
import type { Options } from './options.ts';
import { installed, peers } from './peers.ts';
import type { Peer } from './peers.ts';
import { grpcTables, http1Tables, latencyTable, memoryTable, processTable, streamingTables, tcpTables, tlsTables } from './report.ts';
import { messageOf } from './rounds.ts';
import { openSink } from './sink.ts';
import { benchStarts } from './starts.ts';
import { benchStreaming } from './streaming.ts';
import { benchTcp } from './tcp.ts';
import { benchTls } from './tls.ts';

const tools = { h2load: 'nghttp2-client', nginx: 'nginx-light', nghttpd: 'nghttp2-server', iperf3: 'iperf3' } as const;
const complaints: string[] = [];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(what: string): void {
  complaints.push(what);
  process.stderr.write(`! ${what}\n`);
}

function has(tool: keyof typeof tools): boolean {
  if (which(tool) !== undefined) return true;
  complain(`${tool} is not installed: apt-get install ${tools[tool]}`);
  return false;
}

function describe(found: readonly Peer[]): string {
  const versions = new Set(found.map((peer) => versionOf(peer.version)));
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const machine = `${cpus()[0]?.model ?? ''}, ${cpus().length} cores, ${memory}, Linux ${release()}, Node ${process.version}`;
  const load = `load average at the start ${(loadavg()[0] ?? 0).toFixed(2)}`;
  return [`${new Date().toISOString()}; ${machine}; ${load}`, ...versions].map((line) => `- ${line}`).join('\n');
}

/** The first line that a program prints about its version. */
function versionOf([program = '', ...args]: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 5000 });
  return status === 0 ? (`${stdout}${stderr}`.trim().split('\n')[0] ?? '') : `${program} does not start`;
}

async function bench(options: Options, folder: string): Promise<void> {
  const named = (peer: Peer): boolean => peer.ours === true || options.peers.length === 0 || options.peers.includes(peer.name);
  const { found, missing } = installed(peers(options.pillions.length > 0 ? options.pillions : [ownPillion()]).filter(named));
  for (const peer of missing) complain(`${peer.name} is not installed: ${peer.install}`);
  const about = describe(found);
  say(`${about}\n`);
  const sink = await openSink();
  const starts = options.start ? await benchStarts(found, options, folder, sink.port, complain) : undefined;
  const loaded = options.cases.length > 0 && has('h2load') && has('nghttpd');
  const grpc = loaded ? await benchGrpc(found, options, folder, sink.port, complain) : undefined;
  const latency = options.latency && has('h2load') && has('nghttpd') ? await benchLatency(found, options, folder, sink.port, complain) : undefined;
  const http1 = options.h1 && has('h2load') && has('nginx') ? await benchHttp1(found, options, folder, sink.port, complain) : undefined;
  const tls = options.tls && has('h2load') && has('nghttpd') ? await benchTls(found, options, folder, sink.port, complain) : undefined;
  const tcp = options.tcp && has('iperf3') ? await benchTcp(found, options, folder, sink.port, complain) : undefined;
  const streaming = options.streaming ? await benchStreaming(found, options, folder, sink.port, complain) : undefined;
  const memory = options.memory ? await benchMemory(found, folder, sink.port, complain) : undefined;
  sink.close();
  // Pillion is compared with its traces on: a run in which none arrived is another comparison.
  if (grpc !== undefined && grpc.peakMiB.has(found.find((peer) => peer.ours)?.name ?? '') && sink.exports === 0) complain('no span was exported');
  if (grpc !== undefined) say(grpcTables(found, grpc));
  if (latency !== undefined) say(latencyTable(found, latency));
  if (http1 !== undefined) say(http1Tables(found, http1));
  if (tls !== undefined) say(tlsTables(found, tls));
  if (tcp !== undefined) say(tcpTables(found, tcp));
  if (streaming !== undefined) say(streamingTables(found, streaming));
  if (memory !== undefined) say(memoryTable(found, memory));
  if (starts !== undefined || grpc !== undefined) say(processTable(found, starts, grpc));
  if (grpc !== undefined) say(`Exports of spans that the collector took: ${sink.exports}`);
  for (const complaint of complaints) say(`! ${complaint}`);
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify({ about, options, grpc, latency, http1, tls, tcp, streaming, memory, starts, complaints }, unfold, 1));
}

function unfold(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

/** What people attach is the built program, so that is what is measured; where it cannot be built, the sources are. */
function ownPillion(): string {
  const root = join(import.meta.dirname, '..');
  const { status, stdout } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) complain(`npm run build failed, so the sources are measured: ${lastLines(stdout ?? '')}`);
  return `${process.execPath} ${join(root, status === 0 ? 'dist/main.js' : 'src/main.ts')}`;
}

/** The bench moves itself to the load core: its collector must not disturb the proxy. */
function prepare(): void {
  if (availableParallelism() < 2) throw new Error('two cores are needed, one for the proxy alone');
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', String(loadCore), String(process.pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`taskset is needed (apt-get install util-linux): ${lastLines(stderr ?? '')}`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
process.once('exit', stopAll);
try {
  const options = readOptions(process.argv.slice(2));
  prepare();
  const folder = mkdtempSync(join(tmpdir(), 'pillion-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await bench(options, folder);
  if (complaints.length > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
}
