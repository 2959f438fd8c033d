/** CPU time per HTTP/1 request on kept connections: h2load --h1 → proxy → nginx, which answers with a few octets. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, freePort, listening, loadCore, run, start, stop } from './children.ts';
import { doneOf } from './grpc.ts';
import type { Options } from './options.ts';
import type { Peer } from './peers.ts';
import { measureInTurn, startAll, stopSubjects } from './rounds.ts';
import type { Complain, Sample, Series, Subject } from './rounds.ts';

const connections = 100;
const answer = 'hello';

/** Per case: CPU µs per request, and requests/s as the rate. */
export type Http1Result = ReadonlyMap<string, Series>;

export async function benchHttp1(peers: readonly Peer[], options: Options, folder: string, sink: number, complain: Complain): Promise<Http1Result> {
  const upstream = await freePort();
  const server = start('nginx', loadCore, webServer(folder, upstream));
  await listening(server, upstream);
  const subjects = await startAll(peers, (peer) => peer.http1, { upstream, folder, sink }, complain);
  const counts = new Map<string, number>();
  const warmUp = async (subject: Subject): Promise<Sample> => {
    const rate = doneOf(await load(subject, ['-D', '1'], 20));
    counts.set(subject.name, Math.max(connections * 2, Math.round(rate * options.seconds)));
    return { value: rate };
  };
  await measureInTurn(subjects, 1, warmUp, complain);
  const measure = async (subject: Subject): Promise<Sample> => {
    const count = counts.get(subject.name) ?? 0;
    const before = cpuSeconds(subject.child.pid);
    const began = performance.now();
    const output = await load(subject, ['-n', String(count)], 10 + options.seconds * 5);
    const rate = (count * 1000) / (performance.now() - began);
    await sleep(20);
    const bytes = Number(/\((\d+)\) data/.exec(output)?.[1]);
    if (doneOf(output) !== count || bytes !== count * answer.length) throw new Error(`of ${count} requests ${doneOf(output)} succeeded, with ${bytes} octets`);
    return { value: ((cpuSeconds(subject.child.pid) - before) * 1e6) / count, rate };
  };
  const series = await measureInTurn(subjects.filter(({ name }) => counts.has(name)), options.rounds, measure, complain);
  await stopSubjects(subjects);
  await stop(server);
  return new Map([[`HTTP/1 ${connections}x1`, series]]);
}

function load({ port }: Subject, amount: readonly string[], limit: number): Promise<string> {
  return run('h2load', loadCore, ['h2load', '--h1', '-c', String(connections), ...amount, `http://127.0.0.1:${port}/`], limit);
}

function webServer(folder: string, port: number): string[] {
  const path = join(folder, 'web.conf');
  writeFileSync(path, `
daemon off;
worker_processes 1;
pid ${folder}/web.pid;
error_log stderr crit;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path ${folder}/web-body;
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000000;
    location / { return 200 "${answer}"; }
  }
}
`);
  return ['nginx', '-e', 'stderr', '-c', path];
}
