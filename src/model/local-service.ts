/** What answers requests in Pillion itself, in place of a server: the statistics page. */
import type { FieldList } from './fields.ts';
import type { ConnectionRecord } from './records.ts';

export interface LocalService {
  /** Octets of a request's body that it reads. */
  readonly maxBody: number;
  /** Whether this request is for it. */
  answers(request: FieldList): boolean;
  /** @param body null: longer than {@link maxBody} */
  answer(connection: ConnectionRecord, request: FieldList, body: Uint8Array | null): LocalResponse;
}

export interface LocalResponse {
  /** With `:status`; `content-length` is added. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}
