/**
 * One replica: `node replica.ts HOST:PORT [NAME]`. It tells its parent, if it has one, when it listens. SIGTERM makes it say
 * NOT_SERVING, take no new call, finish the running ones and leave.
 */
import { hostname } from 'node:os';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { echoHandlers } from './echo.ts';
import { Health } from './health.ts';
import { ECHO_NAME, echoService, healthService } from './services.ts';
import type { ReplicaMessage } from './messages.ts';

/** When running calls are cut off, milliseconds after SIGTERM. */
const HARD_STOP_MS = 5000;

const [address = '127.0.0.1:50051', name = hostname()] = process.argv.slice(2);
const health = new Health([ECHO_NAME]);
const server = new Server();
server.addService(echoService(), echoHandlers(name));
server.addService(healthService(), health.handlers());

const tell = (message: ReplicaMessage): void => {
  process.send?.(message);
};

server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) {
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(1);
  }
  tell({ kind: 'listening' });
});

process.once('SIGTERM', () => {
  health.shutdown();
  setTimeout(() => server.forceShutdown(), HARD_STOP_MS).unref();
  server.tryShutdown(() => process.exit(0));
});
