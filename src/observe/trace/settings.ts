/** Tracing's settings: `--otlp` and the OTEL_* variables (OpenTelemetry, "Environment Variable Specification"). */
import type { Format } from './propagation.ts';
import { formatNamed } from './propagation.ts';
import type { Sampling } from './sampling.ts';
import { parseSampling } from './sampling.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface TraceSettings {
  readonly protocol: 'grpc' | 'http';
  /** Where spans go; null: the exporter's default for the protocol on localhost. */
  readonly url: string | null;
  readonly sampling: Sampling;
  /** In order of preference; at least one. */
  readonly formats: readonly Format[];
  /** Attributes of the resource, service.name among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly batch: {
    readonly scheduledDelayMillis: number;
    readonly exportTimeoutMillis: number;
    readonly maxQueueSize: number;
    readonly maxExportBatchSize: number;
  };
  /** Longest attribute value, characters. */
  readonly valueLimit: number;
}

/**
 * What is set, or null when nothing asks for tracing or it is switched off. `otlp` is the address of `--otlp`, which comes
 * before the variables; what cannot be understood is told to `complain` and left at its default.
 */
export function readTraceSettings(otlp: string | null, env: Environment, complain: (problem: string) => void): TraceSettings | null {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return null;
  const exporter = env['OTEL_TRACES_EXPORTER']?.trim() ?? '';
  const endpoint = firstOf(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT');
  if (otlp === null) {
    if (exporter === 'none' || (exporter === '' && endpoint === '')) return null;
    if (exporter !== '' && !exporter.split(',').some((name) => name.trim() === 'otlp')) {
      complain(`OTEL_TRACES_EXPORTER '${exporter}' is not supported (otlp and none are); spans are not exported`);
      return null;
    }
  }
  const sampling = parseSampling(env['OTEL_TRACES_SAMPLER'], env['OTEL_TRACES_SAMPLER_ARG'], complain);
  // Nothing will ever be sampled.
  if (!sampling.parentBased && sampling.ratio === 0) return null;
  const protocol = protocolOf(otlp ?? endpoint, env, complain);
  return {
    protocol,
    url: urlOf(protocol, otlp, env),
    sampling,
    formats: formatsOf(env, complain),
    resource: resourceOf(env, complain),
    batch: {
      scheduledDelayMillis: numberOf(env, 'OTEL_BSP_SCHEDULE_DELAY', 5_000, complain),
      exportTimeoutMillis: numberOf(env, 'OTEL_BSP_EXPORT_TIMEOUT', 30_000, complain),
      maxQueueSize: numberOf(env, 'OTEL_BSP_MAX_QUEUE_SIZE', 2_048, complain),
      maxExportBatchSize: numberOf(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, complain),
    },
    valueLimit: numberOf(env, 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', numberOf(env, 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', 4_096, complain), complain),
  };
}

function firstOf(env: Environment, ...names: readonly string[]): string {
  for (const name of names) {
    const value = env[name]?.trim() ?? '';
    if (value !== '') return value;
  }
  return '';
}

/** The variable decides, else the address: `grpc://`, and port 4317 without a path, are gRPC; others HTTP. */
function protocolOf(address: string, env: Environment, complain: (problem: string) => void): 'grpc' | 'http' {
  const named = firstOf(env, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL');
  switch (named) {
    case 'grpc': return 'grpc';
    case 'http/protobuf': return 'http';
    case '': break;
    case 'http/json':
      complain("OTLP protocol 'http/json' is not supported; using http/protobuf");
      return 'http';
    default: complain(`OTLP protocol '${named}' is not known; choosing by the address`);
  }
  if (/^grpcs?:/i.test(address)) return 'grpc';
  return /:4317\/?$/.test(address) || !/^https?:/i.test(address) && address !== '' ? 'grpc' : 'http';
}

function urlOf(protocol: 'grpc' | 'http', otlp: string | null, env: Environment): string | null {
  const own = otlp ?? firstOf(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const base = otlp === null ? firstOf(env, 'OTEL_EXPORTER_OTLP_ENDPOINT') : '';
  if (own === '' && base === '') return null;
  let address = own === '' ? base : own;
  address = address.replace(/^grpc(s?):/i, 'http$1:');
  if (!/^[a-z]+:/i.test(address) || /^[^/]+:\d+$/.test(address)) {
    const insecure = otlp !== null || firstOf(env, 'OTEL_EXPORTER_OTLP_TRACES_INSECURE', 'OTEL_EXPORTER_OTLP_INSECURE').toLowerCase() === 'true';
    address = `${insecure ? 'http' : 'https'}://${address}`;
  }
  if (protocol === 'grpc') return address;
  // The signal's own variable is taken as it is; the general one, and a bare --otlp, is where /v1/traces lives.
  const bare = /^https?:\/\/[^/]+\/?$/i.test(address);
  if (own === '' || (otlp !== null && bare)) return `${address.replace(/\/$/, '')}/v1/traces`;
  return address;
}

function formatsOf(env: Environment, complain: (problem: string) => void): readonly Format[] {
  const named = firstOf(env, 'OTEL_PROPAGATORS') || 'tracecontext,baggage';
  const formats: Format[] = [];
  for (const name of new Set(named.split(',').map((part) => part.trim().toLowerCase()))) {
    // Baggage passes through as any field does.
    if (name === 'baggage' || name === 'none' || name === '') continue;
    const format = formatNamed(name);
    if (format === null) complain(`OTEL_PROPAGATORS '${name}' is not supported (tracecontext, baggage, b3 and b3multi are)`);
    else formats.push(format);
  }
  const fallback = formatNamed('tracecontext');
  if (formats.length === 0 && fallback !== null) formats.push(fallback);
  return formats;
}

function resourceOf(env: Environment, complain: (problem: string) => void): Readonly<Record<string, string>> {
  const resource: Record<string, string> = { 'service.name': 'pillion' };
  for (const pair of (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    try {
      const name = decodeURIComponent(pair.slice(0, equals).trim());
      if (equals < 0 || name === '') throw new URIError();
      resource[name] = decodeURIComponent(pair.slice(equals + 1).trim());
    } catch {
      complain(`OTEL_RESOURCE_ATTRIBUTES: '${pair.trim()}' is not key=value`);
    }
  }
  const service = firstOf(env, 'OTEL_SERVICE_NAME');
  if (service !== '') resource['service.name'] = service;
  return resource;
}

function numberOf(env: Environment, name: string, fallback: number, complain: (problem: string) => void): number {
  const text = env[name]?.trim() ?? '';
  if (text === '') return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  complain(`${name} '${text}' is not a positive number; using ${fallback}`);
  return fallback;
}
