/** The seam between the data path and tracing. */
import type { FieldList } from './fields.ts';
import type { StreamRecord, TraceSpan } from './records.ts';

export type { TraceSpan };

/** Decides whether a stream is sampled. Returns null, without having allocated, when it is not. */
export interface Tracer {
  begin(record: StreamRecord, request: FieldList): TraceSpan | null;
}
