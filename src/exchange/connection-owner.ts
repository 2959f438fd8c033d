/** A frontend and its connections, as they know each other. */
import type { FrontendSettings } from '../config/model.ts';
import type { LocalService } from '../model/local-service.ts';
import type { ConnectionRecord, FrontendRecord, StreamRecord } from '../model/records.ts';
import type { Tracer } from '../model/trace.ts';
import type { Http2Options } from '../h2/options.ts';
import type { Backend } from '../pool/backend.ts';
import type { Server } from '../pool/server.ts';
import type { Routing } from './routing.ts';

/** The frontend, as its connections know it. */
export interface ConnectionOwner extends FrontendRecord {
  readonly settings: FrontendSettings;
  readonly defaultBackend: Backend | null;
  readonly http2: Http2Options;
  readonly tracer: Tracer | null;
  readonly local: LocalService | null;
  /** null: no rules. */
  readonly routing: Routing | null;
  streamAnswered(stream: StreamRecord): void;
  streamEnded(stream: StreamRecord): void;
  protocolError(connection: ConnectionRecord, code: number, reason: string): void;
  connectionEnded(connection: OwnedConnection, streams: number, reason: string): void;
}

export interface OwnedConnection extends ConnectionRecord {
  drain(text: string): void;
  abort(cause: string): void;
  /** Ends what runs on this server. */
  endSessions(server: Server, cause: string): void;
}
