/** Who may look at the page, and whose word it takes. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { StatsSettings } from '../config/stats-settings.ts';
import type { StatsRequest } from './request.ts';

export type Access = { readonly kind: 'granted' } | { readonly kind: 'denied' } | { readonly kind: 'challenge'; readonly realm: string };

const GRANTED: Access = { kind: 'granted' };

/** `stats http-request` rules in their order, then `stats auth`. */
export function access({ rules, users, realm }: StatsSettings, request: StatsRequest): Access {
  for (const rule of rules) {
    if (rule.condition !== null && !request.meets(rule.condition)) continue;
    if (rule.action === 'allow') return GRANTED;
    if (rule.action === 'deny') return { kind: 'denied' };
    return { kind: 'challenge', realm: rule.realm ?? realm };
  }
  if (users.length === 0 || isUser(users, request.header('authorization'))) return GRANTED;
  return { kind: 'challenge', realm };
}

/** Basic authentication (RFC 7617). Every user is compared, in constant time, so that the time taken tells nothing. */
function isUser(users: StatsSettings['users'], authorization: string): boolean {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return false;
  const given = digest(Buffer.from(encoded, 'base64'));
  let found = false;
  for (const { name, password } of users) {
    if (timingSafeEqual(given, digest(Buffer.from(`${name}:${password}`)))) found = true;
  }
  return found;
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/**
 * True when a form may have been sent from another site's page. Browsers say where a POST comes from: in Sec-Fetch-Site where the
 * page was had securely, else in Origin, or in Referer. What names none of them is no browser.
 */
export function isForeign(request: StatsRequest): boolean {
  const site = request.header('sec-fetch-site');
  if (site !== '') return site !== 'same-origin' && site !== 'none';
  const origin = request.header('origin') || request.header('referer');
  if (origin === '') return false;
  // "null" is a page that has no origin.
  return !URL.canParse(origin) || new URL(origin).host !== hostOf(request);
}

/** The authority as `URL.host` writes it: in lower case, and without the port of the scheme. */
function hostOf({ authority, secure }: StatsRequest): string {
  const url = `${secure ? 'https' : 'http'}://${authority}/`;
  return URL.canParse(url) ? new URL(url).host : '';
}
