/** A span per sampled stream, by OpenTelemetry. */
import type { Tracer } from '../../model/trace.ts';
import type { Report } from '../warning.ts';
import { headSampler } from './head-sampler.ts';
import { readTraceSettings } from './settings.ts';
import type { Environment } from './settings.ts';

export interface TracerOptions {
  /** The address of `--otlp`; null when there is none. */
  readonly otlp: string | null;
  /** The environment. What the exporters read themselves (headers, certificates, timeout, compression) comes from the process. */
  readonly env: Environment;
  /** Pillion's version, for the spans' scope. */
  readonly version: string;
  /** Where trouble with settings or the exporter is reported. */
  readonly report: Report;
}

export type StreamTracer = Tracer & {
  /** Resolves when all ended spans were exported or have failed to be, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
  /** Flushes and closes the exporter. */
  shutdown(timeoutMs: number): Promise<void>;
};

/** Makes the tracer, or null when tracing is not configured. OpenTelemetry is loaded only when it is. */
export async function createTracer(options: TracerOptions): Promise<StreamTracer | null> {
  const { report } = options;
  const settings = readTraceSettings(options.otlp, options.env, (problem) => report('warn', problem, {}));
  if (settings === null) return null;
  const { startSdk } = await import('./sdk.ts');
  const sdk = await startSdk(settings, options.version, report);
  return {
    begin: headSampler(settings.sampling, settings.formats, sdk.maker),
    flush: sdk.flush,
    shutdown: sdk.shutdown,
  };
}
