/** All sample fetches by name. */
import { AUTH_FETCHES } from './auth.ts';
import { BYTES_FETCHES } from './bytes.ts';
import { CONNECTION_FETCHES } from './connection.ts';
import { GRPC_FETCHES } from './grpc.ts';
import { HEADER_FETCHES } from './headers.ts';
import { INTERNAL_FETCHES } from './internal.ts';
import { PROXY_FETCHES } from './proxies.ts';
import { REQUEST_FETCHES } from './request.ts';
import { RESPONSE_FETCHES } from './response.ts';
import { TLS_FETCHES } from './tls.ts';
import type { Fetch } from '../declare.ts';

export const FETCH_ROWS: readonly Fetch[] = [
  ...INTERNAL_FETCHES, ...PROXY_FETCHES, ...CONNECTION_FETCHES, ...TLS_FETCHES, ...BYTES_FETCHES, ...REQUEST_FETCHES, ...HEADER_FETCHES,
  ...RESPONSE_FETCHES, ...GRPC_FETCHES, ...AUTH_FETCHES,
];

export const FETCHES: ReadonlyMap<string, Fetch> = new Map(FETCH_ROWS.flatMap((row) => row.names.map((name) => [name, row] as const)));
