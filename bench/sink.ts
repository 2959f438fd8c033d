/** A collector that takes every OTLP/HTTP export and keeps nothing but their count. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Sink {
  readonly port: number;
  readonly exports: number;
  close(): void;
}

export function openSink(): Promise<Sink> {
  let exports = 0;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      exports++;
      // An empty body is an empty ExportTraceServiceResponse: everything was accepted.
      response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        port,
        get exports() {
          return exports;
        },
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}
