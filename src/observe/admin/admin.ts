/** The small HTTP server that probes and scrapers ask. It is not on the data path and has no more to say than three pages. */
import type * as Http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { BindAddress } from '../../config/model.ts';

/** What the pages show. */
export interface AdminSources {
  readonly metrics: () => Promise<string>;
  /** Content-Type of {@link metrics}. */
  readonly metricsType: string;
  /** Empty when new streams are welcome, else why not. */
  readonly notReady: () => string;
  /** Empty when the process works, else why it should be restarted. */
  readonly notLive: () => string;
}

export interface Admin {
  /** `host:port`, or the socket's path. */
  readonly address: string;
  close(): Promise<void>;
}

const PATHS = '/metrics  Prometheus metrics\n/ready    200 when new streams are welcome, else 503\n/live     200 while the process works\n';

// An import would look at all that the module exports, and so load WebSocket and fetch: five MiB for nothing.
const { createServer } = createRequire(import.meta.url)('node:http') as typeof Http;

/** Starts listening; rejects with the system's error (EADDRINUSE …) when it cannot. */
export async function startAdmin(address: BindAddress, sources: AdminSources): Promise<Admin> {
  const server = createServer({
    maxHeaderSize: 8 * 1024,
    headersTimeout: 5_000,
    requestTimeout: 5_000,
    keepAliveTimeout: 15_000,
    connectionsCheckingInterval: 2_500,
  }, (request, response) => {
    void answer(request, response, sources);
  });
  server.maxConnections = 64;
  server.maxRequestsPerSocket = 1_000;
  // An answer that its reader does not take.
  server.setTimeout(30_000);
  await listen(server, address);
  return {
    address: textOf(server.address()),
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function answer(request: Http.IncomingMessage, response: Http.ServerResponse, sources: AdminSources): Promise<void> {
  // Nobody has a body to send us.
  request.resume();
  const path = (request.url ?? '').split('?', 1)[0];
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, 405, 'only GET and HEAD\n');
    } else if (path === '/metrics') {
      send(response, 200, await sources.metrics(), sources.metricsType);
    } else if (path === '/ready') {
      verdict(response, sources.notReady());
    } else if (path === '/live') {
      verdict(response, sources.notLive());
    } else {
      send(response, 404, PATHS);
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else send(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function verdict(response: Http.ServerResponse, problem: string): void {
  if (problem === '') send(response, 200, 'ok\n');
  else send(response, 503, `${problem}\n`);
}

function send(response: Http.ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' });
  // Node.js leaves the body of an answer to HEAD out.
  response.end(text);
}

function listen(server: Http.Server, address: BindAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error);
    server.once('error', failed);
    const ready = (): void => {
      server.off('error', failed);
      resolve();
    };
    switch (address.kind) {
      case 'tcp': return void server.listen({ host: address.host === '' ? '0.0.0.0' : address.host, port: address.port }, ready);
      case 'unix': return void server.listen({ path: address.path }, ready);
      case 'abstract': return void server.listen({ path: `\0${address.name}` }, ready);
      case 'fd': return void server.listen({ fd: address.fd }, ready);
    }
  });
}

function textOf(address: AddressInfo | string | null): string {
  if (address === null) return '';
  if (typeof address === 'string') return address;
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}
