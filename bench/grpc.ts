/** CPU time per unary RPC: h2load → proxy → nghttpd, a 5-byte message each way, trailers at the end. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, freePort, listening, loadCore, residentMiB, run, start, stop } from './children.ts';
import type { Child } from './children.ts';
import type { Case, Options } from './options.ts';
import type { Peer } from './peers.ts';
import { measureInTurn, startAll, stopSubjects } from './rounds.ts';
import type { Complain, Sample, Series, Subject } from './rounds.ts';

/** An empty gRPC message: flag byte and 4 bytes of length. */
const message = Buffer.alloc(5);
export const method = '/bench.Echo/Unary.grpc';
const warmUpSeconds = 1;

type Scheme = 'http' | 'https';

export interface GrpcResult {
  /** Per case: CPU µs per RPC, and RPC/s as the rate. */
  readonly cases: ReadonlyMap<string, Series>;
  /** Highest resident MiB of each proxy over the whole load. */
  readonly peakMiB: ReadonlyMap<string, number>;
}

export async function benchGrpc(
  peers: readonly Peer[],
  options: Options,
  folder: string,
  sink: number,
  complain: Complain,
): Promise<GrpcResult> {
  const { server, upstream, request } = await grpcServer(folder);
  const subjects = await startAll(peers, (peer) => peer.grpc, { upstream, folder, sink }, complain);
  const cases = new Map<string, Series>();
  for (const each of options.cases) cases.set(each.name, await benchCase(each, subjects, options, request, complain));
  const peakMiB = new Map(subjects.map(({ name, child }) => [name, residentMiB(child.pid, 'VmHWM')]));
  await stopSubjects(subjects);
  await stop(server);
  return { cases, peakMiB };
}

/** The server behind the proxies, its port, and the file whose content is a request's body. */
export async function grpcServer(folder: string): Promise<{ server: Child; upstream: number; request: string }> {
  const request = join(folder, 'request');
  writeFileSync(request, message);
  const upstream = await freePort();
  const server = start('nghttpd', loadCore, serverCommand(folder, upstream));
  await listening(server, upstream);
  return { server, upstream, request };
}

/** nghttpd answers a POST with a file; the file's ending is what gives the answer its content-type. */
function serverCommand(folder: string, port: number): string[] {
  const root = join(folder, 'htdocs');
  mkdirSync(join(root, method, '..'), { recursive: true });
  writeFileSync(join(root, method), message);
  const types = join(folder, 'mime.types');
  writeFileSync(types, 'application/grpc grpc\n');
  const answer = ['--no-content-length', `--mime-types-file=${types}`, '--trailer', 'grpc-status: 0'];
  return ['nghttpd', '--no-tls', '-a', '127.0.0.1', '-d', root, ...answer, String(port)];
}

export async function benchCase(
  each: Case, all: readonly Subject[], options: Options, request: string, complain: Complain, scheme: Scheme = 'http',
): Promise<Series> {
  const counts = new Map<string, number>();
  const warmUp = async (subject: Subject): Promise<Sample> => {
    const output = await load(subject, each, request, ['-D', String(warmUpSeconds)], 20, scheme);
    const rate = doneOf(output) / warmUpSeconds;
    counts.set(subject.name, Math.max(each.connections * each.streams * 2, Math.round(rate * options.seconds)));
    return { value: rate };
  };
  await measureInTurn(all, 1, warmUp, complain);
  const subjects = all.filter((subject) => counts.has(subject.name));
  const measure = async (subject: Subject): Promise<Sample> => {
    const count = counts.get(subject.name) ?? 0;
    const before = cpuSeconds(subject.child.pid);
    const output = await load(subject, each, request, ['-n', String(count)], 10 + options.seconds * 5, scheme);
    // What closing the connections costs belongs to the run.
    await sleep(20);
    const used = cpuSeconds(subject.child.pid) - before;
    assertAllAnswered(output, count);
    return { value: (used * 1e6) / count, rate: number(output, /finished in .*?, ([\d.]+) req\/s/) };
  };
  return measureInTurn(subjects, options.rounds, measure, complain);
}

function load({ port }: Subject, each: Case, request: string, amount: readonly string[], limit: number, scheme: Scheme): Promise<string> {
  return run('h2load', loadCore, h2load(port, each, request, amount, scheme), limit);
}

/** The command that makes calls of `shape` to a port; `amount` says how many, or for how long. */
export function h2load(port: number, shape: Omit<Case, 'name'>, request: string, amount: readonly string[], scheme: Scheme = 'http'): string[] {
  const clients = ['-c', String(shape.connections), '-m', String(shape.streams), ...amount];
  const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  return ['h2load', ...clients, ...headers, '-d', request, `${scheme}://127.0.0.1:${port}${method}`];
}

/** h2load does not look at grpc-status, so an error made by a proxy shows in the bytes of messages that are missing. */
export function assertAllAnswered(output: string, count: number): void {
  const answered = number(output, /status codes: (\d+) 2xx/);
  const bytes = number(output, /\((\d+)\) data/);
  if (doneOf(output) === count && answered === count && bytes === count * message.length) return;
  throw new Error(`of ${count} RPCs ${doneOf(output)} succeeded, ${answered} with 2xx, and ${bytes / message.length} carried a message`);
}

/** RPCs that succeeded. */
export function doneOf(output: string): number {
  return number(output, /(\d+) succeeded/);
}

function number(output: string, pattern: RegExp): number {
  const text = pattern.exec(output)?.[1];
  if (text === undefined) throw new Error(`h2load printed nothing like ${pattern.source}`);
  return Number(text);
}
