/** The seam between balancing and what is balanced. */
import type { FieldList } from '../model/fields.ts';
import type { ConnectionRecord } from '../model/records.ts';

/** One stream, or one raw connection, as far as a server may be chosen by it. */
export interface Subject {
  readonly connection: ConnectionRecord;
  /** The request's header list; null for raw connections. */
  readonly requestFields: FieldList | null;
  /** What a raw client has sent, as far as it was waited for; null: nothing. */
  readonly firstBytes: Uint8Array | null;
}
