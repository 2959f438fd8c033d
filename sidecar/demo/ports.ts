/** Ports on 127.0.0.1. */
import { createServer } from 'node:net';

/** Below the range from which systems take ports for outgoing connections, so that a restarted replica finds its port free. */
const LOWEST = 20_000;
const HIGHEST = 29_999;
const ATTEMPTS = 100;

/** Resolves to null when `port` can be listened on, else to the system's error code, e.g. EADDRINUSE. */
export function portProblem(port: number): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const probe = createServer();
  probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(null)));
  return promise;
}

/** Resolves to `count` different free ports. @throws Error when there are none. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS && ports.size < count; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (!ports.has(port) && (await portProblem(port)) === null) ports.add(port);
  }
  if (ports.size < count) throw new Error(`no ${count} free ports from ${LOWEST} to ${HIGHEST} on 127.0.0.1`);
  return [...ports];
}
