/** Variables of log-format strings (HAProxy manual 8.2.6), those that mean something here. */
import { now } from '../time/clock.ts';
import { parseAddress } from './address.ts';
import { zone } from './strftime.ts';
import { pathOf, queryOf, urlOf } from './uri.ts';
import type { Evaluation } from './context.ts';
import type { Get } from './declare.ts';
import type { Need } from './scope.ts';
import type { StreamRecord } from '../model/records.ts';
import type { Value } from './value.ts';

export interface LogVariable {
  readonly needs: Need;
  readonly summary: string;
  readonly get: Get;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

function wall(context: Evaluation): Date {
  return new Date(Date.now() - (now() - context.startedAt));
}

function shifted(date: Date, utc: boolean): Date {
  return utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
}

/** `21/Nov/2026:15:04:05` */
function stamp(date: Date, utc: boolean): string {
  const local = shifted(date, utc);
  return `${two(local.getUTCDate())}/${MONTHS[local.getUTCMonth()] ?? ''}/${local.getUTCFullYear()}:`
    + `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
}

function ofRecord(read: (record: StreamRecord) => Value): Get {
  return ({ record }) => (record === null ? null : read(record));
}

const rounded = (value: number): number => (value < 0 ? -1 : Math.round(value));

function captured(side: 'request' | 'response'): Get {
  return ({ captures }) => (captures === null || captures[side].length === 0 ? null : `{${captures[side].map((value) => value ?? '').join('|')}}`);
}

/** Method, target and version, as the client sent them. */
function requestLine({ original, version }: Evaluation): string | null {
  return original === null ? null : `${original.get(':method') ?? ''} ${urlOf(original) ?? ''} HTTP/${version}`;
}

function streams(context: Evaluation): number {
  return context.backend?.servers.reduce((sum, { counters }) => sum + counters.streamsCurrent, 0) ?? 0;
}

function serverPart(index: 'host' | 'port'): Get {
  return ({ server }) => {
    if (server === null) return null;
    const colon = server.address.lastIndexOf(':');
    return index === 'host' ? parseAddress(server.address.slice(0, colon)) : server.address.slice(colon + 1);
  };
}

function dataMs({ totalMs, queueMs, connectMs, responseMs }: StreamRecord): number {
  return responseMs < 0 ? -1 : rounded(Math.max(0, totalMs - Math.max(0, queueMs) - Math.max(0, connectMs) - responseMs));
}

type Row = readonly [name: string, needs: Need, summary: string, get: Get];

const ROWS: readonly Row[] = [
  ['ac', 'connection', 'client connections of the process', ({ session }) => session.directory.connections],
  ['B', 'log', "octets of the response's body", ofRecord(({ bytesOut }) => bytesOut)],
  ['b', 'request', 'backend', ({ backend, session }) => backend?.name ?? session.connection.frontend.name],
  ['bc', 'request', "streams of the backend now", streams],
  ['bq', 'log', 'streams that wait in the backend', ({ backend }) => backend?.counters.queued ?? 0],
  ['CC', 'log', "the client's captured cookie: none can be captured", () => null],
  ['CS', 'log', "the server's captured cookie: none can be captured", () => null],
  ['ci', 'connection', "client's address", ({ source }) => source ?? 'unix'],
  ['cp', 'connection', "client's port", ({ sourcePort }) => sourcePort],
  ['f', 'connection', 'frontend', ({ session }) => session.connection.frontend.name],
  ['fc', 'connection', 'connections of the frontend now', ({ session }) => session.connection.frontend.counters.connectionsCurrent],
  ['fi', 'connection', 'address that the client connected to', ({ destination }) => destination ?? 'unix'],
  ['fp', 'connection', 'port that the client connected to', ({ destinationPort }) => destinationPort],
  ['ft', 'connection', 'frontend, with ~ behind it under TLS', ({ session }) => `${session.connection.frontend.name}${session.connection.tls === null ? '' : '~'}`],
  ['H', 'connection', 'name of this machine', ({ session }) => session.directory.hostname],
  ['HM', 'request', 'method', ({ original }) => original?.get(':method') ?? null],
  ['HP', 'request', "request's target without the query", ({ request }) => (request === null ? null : urlOf(request)?.split('?', 1)[0] ?? null)],
  ['HPO', 'request', 'path alone', ({ request }) => (request === null ? null : pathOf(request))],
  ['HQ', 'request', 'query with its question mark', ({ request }) => {
    const query = request === null ? null : queryOf(request);
    return query === null ? null : `?${query}`;
  }],
  ['HU', 'request', "request's target; absolute in HTTP/2, and where the client wrote it so", ({ original }) => (original === null ? null : urlOf(original))],
  ['HV', 'request', 'HTTP version', ({ version }) => `HTTP/${version}`],
  ['hr', 'request', "captures of the request, in braces", captured('request')],
  ['hs', 'response', 'captures of the response, in braces', captured('response')],
  ['ID', 'connection', 'unique id', ({ uniqueId }) => uniqueId],
  ['ms', 'connection', 'milliseconds of the time at which the stream began', (context) => String(wall(context).getUTCMilliseconds()).padStart(3, '0')],
  ['pid', 'connection', 'process id', ({ session }) => session.directory.pid],
  ['r', 'request', 'request line', requestLine],
  ['rc', 'log', 'tries after the first; with + when another server got the stream', ofRecord(({ retries, redispatched }) => `${redispatched ? '+' : ''}${retries}`)],
  ['rt', 'connection', 'number of the stream on its connection', ({ session }) => session.requests],
  ['s', 'log', 'server', ({ server }) => server?.name ?? '<NOSRV>'],
  ['sc', 'log', 'streams of the server now', ({ server }) => server?.counters.streamsCurrent ?? 0],
  ['sq', 'log', 'streams that wait for this server alone', ({ backend, server }) => (server === null ? 0 : (backend?.waitingFor?.(server) ?? 0))],
  ['si', 'server', "server's address", serverPart('host')],
  ['sp', 'server', "server's port", serverPart('port')],
  ['sslc', 'tls', 'cipher', ({ session }) => session.connection.tls?.cipher ?? null],
  ['sslv', 'tls', 'TLS version', ({ session }) => session.connection.tls?.version ?? null],
  ['ST', 'response', 'HTTP status', ({ record, response }) => record?.httpStatus ?? response?.get(':status') ?? -1],
  ['T', 'connection', 'time at which the stream began, UTC', (context) => `${stamp(wall(context), true)} +0000`],
  ['Ta', 'log', 'milliseconds from the request to the end', ofRecord(({ totalMs }) => rounded(totalMs))],
  ['Tc', 'log', 'milliseconds until a connection took the stream', ofRecord(({ connectMs }) => rounded(connectMs))],
  ['Td', 'log', "milliseconds from the response's header section to the end", ofRecord(dataMs)],
  ['TR', 'log', 'milliseconds until the request was complete: a stream begins with its header section, so 0', ofRecord(() => 0)],
  ['Tl', 'connection', 'time at which the stream began, local', (context) => `${stamp(wall(context), false)} ${zone(wall(context), false)}`],
  ['Tr', 'log', "milliseconds until the response's header section", ofRecord(({ responseMs }) => rounded(responseMs))],
  ['Ts', 'connection', 'seconds since 1970', (context) => Math.floor(wall(context).getTime() / 1000)],
  ['Tt', 'log', 'milliseconds of the whole stream', ofRecord(({ totalMs }) => rounded(totalMs))],
  ['Tu', 'log', 'milliseconds of the whole stream, as the client sees it', ofRecord(({ totalMs }) => rounded(totalMs))],
  ['Tw', 'log', 'milliseconds in the queue', ofRecord(({ queueMs }) => rounded(queueMs))],
  ['t', 'connection', 'time at which the stream began, in milliseconds', (context) => `${stamp(wall(context), false)}.${String(wall(context).getUTCMilliseconds()).padStart(3, '0')}`],
  ['tr', 'connection', 'time at which the stream began, in milliseconds', (context) => `${stamp(wall(context), false)}.${String(wall(context).getUTCMilliseconds()).padStart(3, '0')}`],
  ['trg', 'connection', 'time at which the stream began, UTC', (context) => `${stamp(wall(context), true)} +0000`],
  ['trl', 'connection', 'time at which the stream began, local', (context) => `${stamp(wall(context), false)} ${zone(wall(context), false)}`],
  ['ts', 'log', "termination state, two characters", ofRecord(({ termination }) => termination)],
  ['tsc', 'log', 'termination state with two more characters for cookies', ofRecord(({ termination }) => `${termination}--`)],
  ['U', 'log', "octets of the request's body", ofRecord(({ bytesIn }) => bytesIn)],
];

export const LOG_VARIABLES: ReadonlyMap<string, LogVariable> = new Map(
  ROWS.map(([name, needs, summary, get]) => [name, { needs, summary, get }]),
);
