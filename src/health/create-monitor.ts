import type { BackendSettings, ServerAddress, ServerSettings } from '../config/model.ts';
import { checkTimeouts } from './check.ts';
import type { CheckAddress } from './check.ts';
import { GrpcCheck } from './grpc-check.ts';
import { HealthMonitor } from './monitor.ts';
import { TcpCheck } from './tcp-check.ts';
import type { HealthStatus } from './verdict.ts';

/**
 * Makes the monitor that a server's configuration asks for, not started: gRPC checks with `option grpc-check`, else TCP checks.
 *
 * @param address where the server is now: a discovered one has its own, not that of the settings.
 * @param onFailure called for every failed check.
 * @returns null without `check`, or when the port is the client's, so that there is none to check.
 */
export function createMonitor(
  backend: BackendSettings,
  server: ServerSettings,
  address: ServerAddress,
  onChange: (status: HealthStatus, reason: string) => void,
  onFailure: (reason: string) => void,
): HealthMonitor | null {
  const where = checkAddress(address);
  if (!server.check || where === null) return null;
  const { interMs, rise, fall } = server;
  const { connectMs, totalMs } = checkTimeouts(interMs, backend.connectTimeoutMs, backend.checkTimeoutMs);
  const check = backend.grpcCheck === null ? new TcpCheck(where, connectMs) : new GrpcCheck(where, backend.grpcCheck, totalMs);
  return new HealthMonitor({ interMs, rise, fall, onFailure }, check, onChange);
}

function checkAddress(address: ServerAddress): CheckAddress | null {
  switch (address.kind) {
    case 'tcp':
      return address.port.kind === 'fixed' ? { host: address.host, port: address.port.port } : null;
    case 'unix':
      return { path: address.path };
    case 'abstract':
      return { path: `\0${address.name}` };
  }
}
