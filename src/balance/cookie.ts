/** The cookie that names a client's server (HAProxy configuration manual 4.2 "cookie"; src/http_ana.c). Pure. */
import type { CookieSettings } from '../config/stickiness-settings.ts';
import type { Field } from '../model/fields.ts';
import { FieldList } from '../model/fields.ts';
import { cookieValue } from './sample.ts';

/** Dates behind the value are in units of 4 seconds, five digits of base 64 each. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DATE = /^[A-Za-z0-9+/]{5}$/;
/** A client's clock is none of our business, but our own may have been set back: further ahead is no date of ours, seconds. */
const MAX_AHEAD = 86_400;

/** What the client's cookie says. */
export interface Presented {
  /** The value of some server's `cookie`, or nothing that we know. */
  readonly value: string;
  /** Seconds since 1970; null: there is none. */
  readonly lastSeen: number | null;
  readonly firstSeen: number | null;
  /** Too old by `maxidle` or `maxlife`: it counts for nothing. */
  readonly expired: boolean;
}

/** null: the request has no such cookie. */
export function presented(settings: CookieSettings, request: FieldList, nowSeconds: number): Presented | null {
  const text = cookieValue(request, settings.name);
  if (text === null) return null;
  if (settings.mode === 'prefix') {
    const tilde = text.indexOf('~');
    return { value: tilde < 0 ? '' : text.slice(0, tilde), lastSeen: null, firstSeen: null, expired: false };
  }
  const [value = '', last, first] = text.split('|');
  const lastSeen = readDate(last);
  const firstSeen = readDate(first);
  const expired = isOver(lastSeen, settings.maxIdle, nowSeconds) || isOver(firstSeen, settings.maxLife, nowSeconds);
  return { value, lastSeen, firstSeen, expired };
}

function isOver(date: number | null, limit: number | null, now: number): boolean {
  return limit !== null && date !== null && (now - date > limit || date - now > MAX_AHEAD);
}

function readDate(text: string | undefined): number | null {
  if (text === undefined || !DATE.test(text)) return null;
  let units = 0;
  for (const digit of text) units = units * 64 + DIGITS.indexOf(digit);
  return units * 4;
}

function writeDate(seconds: number): string {
  let units = Math.ceil(seconds / 4) % 2 ** 30;
  let text = '';
  for (let i = 0; i < 5; i++) {
    text = DIGITS.charAt(units % 64) + text;
    units = Math.floor(units / 64);
  }
  return text;
}

/** The request as the server is to see it: without our cookie (`insert indirect`), or without our part of it (`prefix`). */
export function forwarded(settings: CookieSettings, request: FieldList): FieldList {
  const { mode, indirect, name } = settings;
  if (mode === 'prefix') {
    return editCookies(request, name, (value) => value.slice(value.indexOf('~') + 1));
  }
  return mode === 'insert' && indirect ? editCookies(request, name, () => null) : request;
}

/** Changes, or leaves out, the value of each cookie called `name`. */
function editCookies(request: FieldList, name: string, edit: (value: string) => string | null): FieldList {
  if (cookieValue(request, name) === null) return request;
  const fields: Field[] = [];
  for (const field of request.fields) {
    if (field.name !== 'cookie') {
      fields.push(field);
      continue;
    }
    const pairs = field.value.split(';').flatMap((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0 || pair.slice(0, equals).trim() !== name) return [pair.trim()];
      const value = edit(pair.slice(equals + 1).trim());
      return value === null ? [] : [`${name}=${value}`];
    });
    if (pairs.length > 0) fields.push({ ...field, value: pairs.join('; ') });
  }
  return listOf(fields);
}

/** What the answer of a server is to be. */
export interface Answered {
  /** The server's `cookie`; null: it has none. */
  readonly cookie: string | null;
  /** What the client presented; null: nothing. */
  readonly presented: Presented | null;
  readonly method: string;
  readonly nowSeconds: number;
}

export function answered(settings: CookieSettings, response: FieldList, by: Answered): FieldList {
  const { name, mode } = settings;
  const own = response.fields.filter((field) => field.name === 'set-cookie' && cookieName(field.value) === name);
  switch (mode) {
    case 'passive':
      return response;
    case 'rewrite':
    case 'prefix': {
      const { cookie } = by;
      if (own.length === 0 || cookie === null) return response;
      const change = (value: string): string => (mode === 'rewrite' ? cookie : `${cookie}~${value}`);
      const fields = response.fields.map((field) => (own.includes(field) ? { ...field, value: replaceValue(field.value, change) } : field));
      return uncached(settings, listOf(fields));
    }
    case 'insert': {
      if (own.length > 0 && settings.preserve) return response;
      const kept = own.length > 0 && settings.indirect ? response.fields.filter((field) => !own.includes(field)) : response.fields;
      if (!isDue(settings, by)) return kept === response.fields ? response : listOf(kept);
      return uncached(settings, listOf([...kept, { name: 'set-cookie', value: inserted(settings, by), neverIndexed: false }]));
    }
  }
}

/** Whether the client needs a cookie: it has another, or dates that are to be renewed. */
function isDue({ postonly, maxIdle, maxLife }: CookieSettings, by: Answered): boolean {
  if (postonly && by.method !== 'POST') return false;
  const { presented: had, cookie } = by;
  if (had === null || had.expired || had.value !== cookie) return true;
  const stale = (maxIdle !== null || had.lastSeen !== null) && (had.lastSeen === null || had.lastSeen < by.nowSeconds);
  return stale || (maxLife !== null) !== (had.firstSeen !== null);
}

function inserted({ name, maxIdle, maxLife, attributes }: CookieSettings, { cookie, presented: had, nowSeconds }: Answered): string {
  // A server without a cookie of its own, such as a backup one: the client is to forget what it had.
  if (cookie === null) return `${name}=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/${attributes}`;
  let value = `${name}=${cookie}`;
  if (maxIdle !== null || maxLife !== null) value += `|${writeDate(nowSeconds)}`;
  if (maxLife !== null) value += `|${writeDate(had === null || had.expired ? nowSeconds : (had.firstSeen ?? nowSeconds))}`;
  return `${value}; path=/${attributes}`;
}

/** `nocache`: caches in between must not hand our cookie to others. */
function uncached({ nocache }: CookieSettings, response: FieldList): FieldList {
  if (!nocache) return response;
  return listOf([...response.fields, { name: 'cache-control', value: 'private', neverIndexed: false }]);
}

function cookieName(setCookie: string): string {
  return setCookie.slice(0, Math.max(0, setCookie.indexOf('='))).trim();
}

function replaceValue(setCookie: string, change: (value: string) => string): string {
  const start = setCookie.indexOf('=') + 1;
  const semicolon = setCookie.indexOf(';', start);
  const end = semicolon < 0 ? setCookie.length : semicolon;
  return setCookie.slice(0, start) + change(setCookie.slice(start, end).trim()) + setCookie.slice(end);
}

function listOf(fields: readonly Field[]): FieldList {
  return new FieldList(fields, fields.reduce((sum, { name, value }) => sum + name.length + value.length + 32, 0));
}
