/** The page: a request in, a response out, whatever protocol carries them. */
import type { StatsSettings } from '../config/stats-settings.ts';
import type { Backend } from '../pool/backend.ts';
import { access, isForeign } from './access.ts';
import { act, type Outcome, type ServerControl } from './actions.ts';
import { type ProxyRows } from './columns.ts';
import { renderCsv } from './csv.ts';
import { renderHtml, type PageInfo } from './html.ts';
import { MAX_FORM, type StatsRequest, type StatsResponse } from './request.ts';
import { pageUri, parseOptions, type PageOptions } from './uri.ts';

/** What the page shows, and whom its forms reach. */
export interface StatsSource {
  snapshot(): readonly ProxyRows[];
  info(): PageInfo;
  /** By `#` and the proxy's number, or by name. */
  findBackend(name: string): Backend | null;
  readonly control: ServerControl;
}

/** Whether the request is for the page of these settings: HAProxy compares the beginning of the URI. */
export function isForStats({ uri }: StatsSettings, target: string): boolean {
  return target.startsWith(uri);
}

/**
 * Answers a request for which {@link isForStats} holds.
 * @param proxyName the proxy that the page is in: `stats scope .`
 * @param body null: it was longer than MAX_FORM
 */
export function serveStats(
  settings: StatsSettings, proxyName: string, source: StatsSource, request: StatsRequest, body: Uint8Array | null,
): StatsResponse {
  const granted = access(settings, request);
  if (granted.kind === 'challenge') return unauthorized(granted.realm);
  if (granted.kind === 'denied') return text(403, '403 Forbidden\n');
  const options = parseOptions(request.target.slice(settings.uri.length));
  const admin = settings.admin.some((condition) => request.meets(condition));
  switch (request.method) {
    case 'POST':
      return redirect(pageUri(settings.uri, options, { outcome: submit(admin, source, request, body), format: 'html' }));
    case 'GET':
    case 'HEAD':
      return show(settings, proxyName, source, options, admin);
    default:
      return { ...text(405, '405 Method Not Allowed\n'), headers: [['allow', 'GET, HEAD, POST'], ...PLAIN] };
  }
}

function submit(admin: boolean, source: StatsSource, request: StatsRequest, body: Uint8Array | null): Outcome {
  if (!admin || isForeign(request)) return 'DENY';
  if (body === null || body.length > MAX_FORM) return 'EXCD';
  const form = new URLSearchParams(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'));
  return act(form, (name) => source.findBackend(name), source.control);
}

function show(settings: StatsSettings, proxyName: string, source: StatsSource, options: PageOptions, admin: boolean): StatsResponse {
  const proxies = select(source.snapshot(), settings, proxyName, options);
  if (options.format === 'csv') return { status: 200, headers: [['content-type', 'text/plain; charset=utf-8'], ...UNCACHED], body: renderCsv(proxies) };
  // What came of an action is said once.
  const next = options.outcome === '' ? '' : `; url=${pageUri(settings.uri, options)}`;
  const refresh = settings.refreshSeconds !== null && !options.noRefresh ? `${settings.refreshSeconds}${next}` : null;
  return {
    status: 200,
    headers: [
      ['content-type', 'text/html; charset=utf-8'], ...UNCACHED,
      // Nothing comes from elsewhere, no script runs, nobody frames the page to have its buttons clicked.
      ['content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"],
      ['referrer-policy', 'same-origin'],
      ...(refresh === null ? [] : [['refresh', refresh] as const]),
    ],
    body: renderHtml(proxies, source.info(), settings, options, admin),
  };
}

/** The proxies and servers that are shown. */
function select(all: readonly ProxyRows[], { scope }: StatsSettings, proxyName: string, options: PageOptions): readonly ProxyRows[] {
  return all
    .filter(({ name }) => scope.length === 0 || scope.includes(name) || (scope.includes('.') && name === proxyName))
    .filter(({ name }) => name.includes(options.scope))
    .map((proxy) => ({
      ...proxy,
      rows: proxy.rows.filter(({ type, status }) =>
        type !== 2 || !((options.hideDown && status.startsWith('DOWN')) || (options.hideMaintenance && status.startsWith('MAINT')))),
    }));
}

const UNCACHED: StatsResponse['headers'] = [['cache-control', 'no-store'], ['x-content-type-options', 'nosniff']];
const PLAIN: StatsResponse['headers'] = [['content-type', 'text/plain; charset=utf-8'], ...UNCACHED];

function text(status: number, body: string): StatsResponse {
  return { status, headers: PLAIN, body };
}

function unauthorized(realm: string): StatsResponse {
  return {
    status: 401,
    headers: [['www-authenticate', `Basic realm="${realm.replaceAll(/["\\]/g, String.raw`\$&`)}"`], ['content-type', 'text/html; charset=utf-8'], ...UNCACHED],
    body: '<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n',
  };
}

function redirect(location: string): StatsResponse {
  return { status: 303, headers: [['location', location], ...PLAIN], body: '' };
}
