/** OpenTelemetry's side of tracing. Loaded only where tracing is configured: it takes memory and start-up time. */
import { DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, createTraceState, diag, trace } from '@opentelemetry/api';
import type { Context, Span, SpanContext } from '@opentelemetry/api';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { FieldList } from '../../model/fields.ts';
import type { StreamRecord } from '../../model/records.ts';
import type { TraceSpan } from '../../model/trace.ts';
import { now } from '../../time/clock.ts';
import { rareWarning } from '../warning.ts';
import type { Report } from '../warning.ts';
import { errorType, spanAttributes, spanName } from './attributes.ts';
import type { SpanMaker } from './head-sampler.ts';
import type { Format, Injection } from './propagation.ts';
import { newSpanId, traceIdOf } from './sampling.ts';
import type { TraceSettings } from './settings.ts';

/** ExportResultCode.SUCCESS. */
const EXPORTED = 0;

export interface Sdk {
  readonly maker: SpanMaker;
  flush(timeoutMs: number): Promise<void>;
  shutdown(timeoutMs: number): Promise<void>;
}

/** Starts the SDK: resource, batching, exporter. Nothing is sent before the first span ends. */
export async function startSdk(settings: TraceSettings, version: string, report: Report): Promise<Sdk> {
  const warn = rareWarning(report);
  // The SDK's own complaints: dropped spans, bad certificates and the like.
  diag.setLogger({
    error: (message, ...details) => warn('tracing: error', { error: summary(message, details) }),
    warn: (message, ...details) => warn('tracing: warning', { error: summary(message, details) }),
    info() {},
    debug() {},
    verbose() {},
  }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });

  const exporter = new ReportingExporter(await openExporter(settings), settings, report);
  const processor = new BatchSpanProcessor({
    exporter,
    ...settings.batch,
    // The exporter keeps the time; the processor's own limit only backs it.
    exportTimeoutMillis: settings.batch.exportTimeoutMillis + 1_000,
  });
  const ids = new DrawnIds();
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(settings.resource)),
    // The decision was made before a span is asked for.
    sampler: new AlwaysOnSampler(),
    idGenerator: ids,
    spanProcessors: [processor],
    spanLimits: { attributeValueLengthLimit: settings.valueLimit },
  });
  const sdkTracer = provider.getTracer('pillion', version);
  const [preferred] = settings.formats;

  return {
    maker: {
      make(record, request, parentFormat, draw) {
        ids.draw = draw;
        const context = parentFormat === null ? ROOT_CONTEXT : contextOf(parentFormat, request);
        const startTime = Date.now() - (now() - record.startedAt);
        const span = sdkTracer.startSpan(spanName(record.request), { kind: SpanKind.SERVER, startTime }, context);
        const { traceId, spanId } = span.spanContext();
        const format = parentFormat ?? (preferred as Format);
        return new StreamSpan(span, startTime, traceId, format.inject(traceId, spanId, parentFormat !== null));
      },
    },
    async flush(timeoutMs) {
      await within(processor.forceFlush(), timeoutMs);
    },
    async shutdown(timeoutMs) {
      await within(provider.shutdown(), timeoutMs);
      diag.disable();
    },
  };
}

class StreamSpan implements TraceSpan {
  readonly traceId: string;
  readonly replaces: string;
  readonly headers: FieldList;
  readonly #span: Span;
  readonly #startTime: number;

  constructor(span: Span, startTime: number, traceId: string, injection: Injection) {
    this.#span = span;
    this.#startTime = startTime;
    this.traceId = traceId;
    this.replaces = injection.replaces;
    this.headers = injection.headers;
  }

  end(record: StreamRecord): void {
    const span = this.#span;
    span.setAttributes(spanAttributes(record));
    for (const { server, cause, at } of record.attempts ?? []) {
      span.addEvent('pillion.retry', { 'pillion.server': server, 'pillion.cause': cause }, this.#startTime + (at - record.startedAt));
    }
    if (errorType(record) !== '') {
      span.setStatus(record.cause === '' ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message: record.cause });
    }
    span.end(this.#startTime + Math.max(0, record.totalMs));
  }
}

/** Makes ids; a new trace's random part is the draw that had it sampled. */
class DrawnIds {
  draw = 0;

  generateTraceId(): string {
    return traceIdOf(this.draw);
  }

  generateSpanId(): string {
    return newSpanId();
  }
}

function contextOf(format: Format, request: FieldList): Context {
  const { traceId, spanId, tracestate } = format.parent(request);
  const parent: SpanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  if (tracestate !== '') parent.traceState = createTraceState(tracestate);
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

/**
 * Reports what the exporter could not send, now and then, and does not wait for it longer than OTEL_BSP_EXPORT_TIMEOUT. The
 * processor is told nothing of failures: it could only complain again.
 */
class ReportingExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #address: string;
  readonly #timeoutMs: number;
  readonly #warn: ReturnType<typeof rareWarning>;
  #lost = 0;

  constructor(exporter: SpanExporter, settings: TraceSettings, report: Report) {
    this.#exporter = exporter;
    this.#address = settings.url ?? settings.protocol;
    this.#timeoutMs = settings.batch.exportTimeoutMillis;
    this.#warn = rareWarning(report);
  }

  export(...[spans, done]: Parameters<SpanExporter['export']>): void {
    let finished = false;
    const finish = (failed: boolean, error: Error | undefined): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      if (failed) this.#failed(spans, error);
      done({ code: EXPORTED });
    };
    const timer = setTimeout(finish, this.#timeoutMs, true, new Error(`no answer within ${this.#timeoutMs} ms`));
    timer.unref();
    try {
      this.#exporter.export(spans, (result) => finish(result.code !== EXPORTED, result.error));
    } catch (error) {
      finish(true, error instanceof Error ? error : new Error(String(error)));
    }
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.();
  }

  #failed(spans: readonly ReadableSpan[], error: Error | undefined): void {
    this.#lost += spans.length;
    this.#warn('spans cannot be exported', { exporter: this.#address, error: error?.message ?? 'unknown', lost: this.#lost });
  }
}

async function openExporter(settings: TraceSettings): Promise<SpanExporter> {
  const address = settings.url === null ? {} : { url: settings.url };
  if (settings.protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
    return new OTLPTraceExporter(address);
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(address);
}

/** Waits for `work`, whatever becomes of it, but not longer than that. */
async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  // What failed was reported by the exporter.
  await Promise.race([work.catch(() => {}), timeout]);
  clearTimeout(timer);
}

function summary(message: string, details: readonly unknown[]): string {
  const text = [message, ...details.map((detail) => (detail instanceof Error ? detail.message : String(detail)))].join(' ');
  return text.slice(0, 500);
}
