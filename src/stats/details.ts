import { FRONTEND, type Row } from './columns.ts';

const CLASSES: readonly (readonly [column: string, text: string])[] = [
  ['hrsp_1xx', 'HTTP 1xx responses'], ['hrsp_2xx', 'HTTP 2xx responses'], ['hrsp_3xx', 'HTTP 3xx responses'],
  ['hrsp_4xx', 'HTTP 4xx responses'], ['hrsp_5xx', 'HTTP 5xx responses'], ['hrsp_other', 'other responses'],
];

const TIMES: readonly (readonly [column: string, text: string])[] = [
  ['qtime', 'Queue time'], ['ctime', 'Connect time'], ['rtime', 'Response time'], ['ttime', 'Total time'],
];

/** What stands behind the number of sessions, line by line. */
export function details(row: Row): string {
  const lines: string[] = [];
  if (row.type === FRONTEND) lines.push(`Cum. connections: ${row['conn_tot']}`);
  else lines.push(`Cum. sessions: ${row['stot']}`, `New connections: ${row['connect']}`);
  if (row['reuse'] !== undefined) lines.push(`Reused connections: ${row['reuse']}`);
  if (row['req_tot'] !== undefined) lines.push(`Cum. HTTP requests: ${row['req_tot']}`);
  if (row['intercepted'] !== undefined) lines.push(`Intercepted requests: ${row['intercepted']}`);
  for (const [column, text] of CLASSES) if (row[column] !== undefined) lines.push(`- ${text}: ${row[column]}`);
  if (row['ttime'] !== undefined) {
    lines.push('Max / Avg over last 1024:');
    for (const [column, text] of TIMES) lines.push(`- ${text}: ${row[`${column}_max`]} / ${row[column]} ms`);
  }
  return lines.join('\n');
}
