/** What an exchange needs of the connection that it came on. */
import type { ForwardingSettings } from '../config/forwarded-settings.ts';
import type { RequestFacts } from '../model/fields.ts';
import type { LocalService } from '../model/local-service.ts';
import type { ConnectionRecord, StreamRecord } from '../model/records.ts';
import type { Tracer } from '../model/trace.ts';
import type { Backend } from '../pool/backend.ts';
import type { ClientReuse } from '../pool/client-reuse.ts';
import type { Evaluation } from '../route/context.ts';
import type { ErrorPages } from './error-pages.ts';

export interface ExchangeContext {
  readonly record: ConnectionRecord;
  readonly reuse: ClientReuse;
  /** Of the stream's rules; null, or left out: there are none. */
  readonly evaluation?: Evaluation | null;
  /** What answers requests of the frontend in place of servers, or null. */
  readonly local: LocalService | null;
  /** Of the frontend. */
  readonly forwarding: ForwardingSettings;
  /** The frontend's error pages. */
  readonly errorPages: ErrorPages;
  /** null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** `timeout client`, milliseconds; null: none. */
  readonly clientTimeoutMs: number | null;
  /** The backend for a request, or for a raw connection (null); null when there is none. */
  route(request: RequestFacts | null): Backend | null;
  /** Of a frontend with `option logasap`: the record can be logged. False: not yet. */
  answered(stream: StreamRecord): boolean;
  /** The record is final. */
  ended(stream: StreamRecord): void;
}
