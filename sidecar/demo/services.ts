/** The services of the demo as grpc-js wants them, from the .proto files, with types for what goes in and out. */
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import type { ServiceDefinition } from '@grpc/grpc-js';

const PROTOS = fileURLToPath(new URL('../../protos', import.meta.url));

export interface SayRequest {
  readonly text: string;
}

export interface SayResponse {
  readonly text: string;
  /** `name#start`: which replica answered, and the how-manieth start of it. */
  readonly replica: string;
}

export interface RepeatRequest {
  readonly text: string;
  readonly repeat: number;
}

export interface CollectResponse {
  readonly count: number;
  readonly length: number;
  readonly replica: string;
}

export interface HealthCheckRequest {
  readonly service: string;
}

export interface HealthCheckResponse {
  readonly status: 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

export const ECHO_NAME = 'pillion.demo.v1.Echo';

export function echoService(): ServiceDefinition {
  return load('pillion/demo/v1/echo.proto', ECHO_NAME);
}

export function healthService(): ServiceDefinition {
  return load('grpc/health/v1/health.proto', 'grpc.health.v1.Health');
}

function load(file: string, name: string): ServiceDefinition {
  const definition = loadSync(file, { includeDirs: [PROTOS], enums: String, defaults: true })[name];
  if (definition === undefined) throw new Error(`${file} does not declare ${name}`);
  return definition as ServiceDefinition;
}
