/** The seam between the data path and tracing. */
import type { FieldList } from './fields.ts';
import type { StreamRecord } from './records.ts';

/** A sampled stream's span. Streams that are not sampled have none. */
export interface TraceSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Field whose incoming value {@link headers} replaces, e.g. `traceparent`. */
  readonly replaces: string;
  /** What the server is sent, so that it sees this span as its parent. */
  readonly headers: FieldList;
  /** Ends the span with what the record says. */
  end(record: StreamRecord): void;
}

/** Decides whether a stream is sampled. Returns null, without having allocated, when it is not. */
export interface Tracer {
  begin(record: StreamRecord, request: FieldList): TraceSpan | null;
}
