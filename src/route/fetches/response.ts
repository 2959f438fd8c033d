/** Fetches of the response's status line, and of how the stream went (HAProxy manual 7.3.6 and 7.3.1). */
import { fetch } from '../declare.ts';
import { cast } from '../value.ts';
import type { Fetch } from '../declare.ts';
import type { StreamRecord } from '../../model/records.ts';

const response = { needs: 'response' } as const;
const log = { needs: 'log' } as const;

const millis = (read: (record: StreamRecord) => number): ReturnType<Fetch['compile']> => ({ record }) =>
  (record === null ? null : cast(Math.round(read(record)), 'int'));

export const RESPONSE_FETCHES: readonly Fetch[] = [
  fetch('bytes_in', 'int', "Octets of the client's body.", log, () => millis(({ bytesIn }) => bytesIn)),
  fetch('bytes_out', 'int', 'Octets of the body to the client.', log, () => millis(({ bytesOut }) => bytesOut)),
  fetch('status', 'int', 'The HTTP status of the response.', response, () => ({ response: message, record }) => {
    const text = message?.get(':status');
    if (text !== undefined) return Number(text);
    return record === null || record.httpStatus < 0 ? null : record.httpStatus;
  }),
  fetch('txn.timer.total', 'int', 'Milliseconds of the whole stream.', log, () => millis(({ totalMs }) => totalMs)),
  fetch('bc.timer.connect', 'int', 'Milliseconds until a connection took the stream.', log, () => millis(({ connectMs }) => connectMs)),
  fetch('res.timer.hdr', 'int', "Milliseconds until the response's header section.", log, () => millis(({ responseMs }) => responseMs)),
  fetch('req.timer.queue', 'int', 'Milliseconds in the queue.', log, () => millis(({ queueMs }) => queueMs)),
  fetch('txn.conn_retries', 'int', 'How often the stream was tried anew.', log, () => millis(({ retries }) => retries)),
  fetch('txn.sess_term_state', 'str', "HAProxy's termination state, two characters.", log, () => ({ record }) => record?.termination ?? null),
];
