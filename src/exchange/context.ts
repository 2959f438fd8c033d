/** What an exchange needs of the connection that it came on. */
import type { RequestFacts } from '../model/fields.ts';
import type { ConnectionRecord, StreamRecord } from '../model/records.ts';
import type { Tracer } from '../model/trace.ts';
import type { Backend } from '../pool/backend.ts';

export interface ExchangeContext {
  readonly record: ConnectionRecord;
  /** null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** The backend for a request, or for a raw connection (null); null when there is none. */
  route(request: RequestFacts | null): Backend | null;
  /** The record is final. */
  ended(stream: StreamRecord): void;
}
