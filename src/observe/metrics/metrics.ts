/** Metrics: gRPC calls are counted as they end, everything else is read from the records. Names and labels: docs/observability.md. */
import { SILENT } from '../../model/observer.ts';
import type { Counted, Observer } from '../../model/observer.ts';
import type { CertificateFigures } from './certificates.ts';
import { GrpcCalls } from './grpc-calls.ts';

export interface MetricsOptions {
  readonly counted: Counted;
  /** gRPC methods told apart; the calls of all others are one method `other`. Default 200. */
  readonly methodLimit?: number;
  /** Log lines lost so far. */
  readonly droppedLines?: () => number;
  /** null: no TLS. */
  readonly certificates?: () => CertificateFigures | null;
}

export interface Metrics {
  /** Counts gRPC calls; everything else is read from the records. */
  readonly observer: Observer;
  /** For the Content-Type field. */
  readonly contentType: string;
  /** The exposition text. */
  render(): Promise<string>;
}

const METHOD_LIMIT = 200;

export function createMetrics(options: MetricsOptions): Metrics {
  const { counted, droppedLines } = options;
  const calls = new GrpcCalls(options.methodLimit ?? METHOD_LIMIT);
  let render: (() => Promise<string>) | null = null;
  return {
    observer: { ...SILENT, streamEnded: (record) => calls.count(record) },
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    async render() {
      if (render === null) {
        const { createExposition } = await import('./exposition.ts');
        render = createExposition({ counted, calls, droppedLines, certificates: options.certificates });
      }
      calls.retain(new Set(counted.backends.flatMap((backend) => backend.servers)));
      return await render();
    },
  };
}
