/** A request that is answered here: its body is collected, then the service asked. */
import { FieldList } from '../model/fields.ts';
import type { Half } from '../model/exchange.ts';
import type { LocalService } from '../model/local-service.ts';
import type { ConnectionRecord } from '../model/records.ts';

export class LocalReply {
  readonly #service: LocalService;
  readonly #connection: ConnectionRecord;
  readonly #request: FieldList;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(service: LocalService, connection: ConnectionRecord, request: FieldList) {
    this.#service = service;
    this.#connection = connection;
    this.#request = request;
  }

  /** False when that is more than the service reads: then it is answered without the rest. */
  add(chunk: Uint8Array, start: number, end: number): boolean {
    this.#size += end - start;
    if (this.#size > this.#service.maxBody) return false;
    this.#chunks.push(Buffer.from(chunk.subarray(start, end)));
    return true;
  }

  /** Sends the response; gives its status and the octets of its body. */
  send(client: Half): { status: number; bytes: number } {
    const body = this.#size > this.#service.maxBody ? null : Buffer.concat(this.#chunks);
    const response = this.#service.answer(this.#connection, this.#request, body);
    const bytes = Buffer.from(response.body, 'utf8');
    const fields = FieldList.of(...response.headers, ['content-length', String(bytes.length)]);
    const bare = bytes.length === 0 || this.#request.get(':method') === 'HEAD';
    client.sendHeaders(fields, null, bare);
    if (!bare) client.sendData(bytes, 0, bytes.length, true);
    return { status: Number(fields.get(':status')), bytes: bare ? 0 : bytes.length };
  }
}

/** The service, if there is one and the request is for it. */
export function localService(service: LocalService | null, request: FieldList): LocalService | null {
  return service !== null && service.answers(request) ? service : null;
}
