/**
 * What keeps a client with its server: cookies first, then stick tables, as in HAProxy. Backends without either have none of this.
 */
import { FieldList } from '../model/fields.ts';
import { answered, forwarded, presented } from '../balance/cookie.ts';
import { firstValue, sample } from '../balance/sample.ts';
import type { StickTable } from '../balance/stick-table.ts';
import type { Subject } from '../balance/subject.ts';
import type { StickinessSettings, StickRule } from '../config/stickiness-settings.ts';
import { now } from '../time/clock.ts';
import type { Server } from './server.ts';

export class Persistence {
  readonly #settings: StickinessSettings;
  readonly #servers: () => readonly Server[];
  readonly #tableOf: (backend: string) => StickTable | null;

  /**
   * @param servers those that there are now
   * @param tableOf a table by its backend's name
   */
  constructor(settings: StickinessSettings, servers: () => readonly Server[], tableOf: (backend: string) => StickTable | null) {
    this.#settings = settings;
    this.#servers = servers;
    this.#tableOf = tableOf;
  }

  /** The server that the client belongs to, whatever state it is in; null: none. */
  serverOf(subject: Subject): Server | null {
    const { cookie, rules } = this.#settings;
    if (cookie !== null && subject.requestFields !== null) {
      const had = presented(cookie, subject.requestFields, seconds());
      const server = had === null || had.expired || had.value === '' ? undefined : this.#servers().find((one) => one.cookie === had.value);
      if (server?.keepsSessions === true) return server;
    }
    for (const rule of rules) {
      if ((rule.action !== 'on' && rule.action !== 'match') || !applies(rule, subject)) continue;
      const key = sample(rule.sample, subject);
      const id = key === null ? null : (this.#tableOf(rule.table)?.get(key, now()) ?? null);
      const server = id === null ? undefined : this.#servers().find((one) => one.id === id);
      if (server?.keepsSessions === true) return server;
    }
    return null;
  }

  /** The stream, or connection, has got `server`. */
  assigned(subject: Subject, server: Server): void {
    for (const rule of this.#settings.rules) {
      if ((rule.action === 'on' || rule.action === 'store-request') && applies(rule, subject)) this.#store(rule, sample(rule.sample, subject), server);
    }
  }

  /** What `server` is sent. */
  request(fields: FieldList, server: Server): FieldList {
    const { cookie, sendServerName } = this.#settings;
    const cleaned = cookie === null ? fields : forwarded(cookie, fields);
    return sendServerName === null ? cleaned : cleaned.without(sendServerName).and(FieldList.of([sendServerName, server.name]));
  }

  /** What the client is sent. */
  response(subject: Subject, fields: FieldList, server: Server): FieldList {
    for (const rule of this.#settings.rules) {
      if (rule.action === 'store-response' && applies(rule, subject)) this.#store(rule, responseSample(rule, fields), server);
    }
    const { cookie } = this.#settings;
    const request = subject.requestFields;
    if (cookie === null || request === null) return fields;
    const nowSeconds = seconds();
    return answered(cookie, fields, {
      cookie: server.cookie, presented: presented(cookie, request, nowSeconds), method: request.get(':method') ?? '', nowSeconds,
    });
  }

  #store({ table }: StickRule, key: string | null, server: Server): void {
    if (key !== null && key !== '') this.#tableOf(table)?.set(key, server.id, now());
  }
}

function applies(rule: StickRule, subject: Subject): boolean {
  return rule.applies === null || rule.applies(subject);
}

function responseSample({ sample: key }: StickRule, fields: FieldList): string | null {
  if (key.fetch === 'hdr') return firstValue(fields, key.name);
  if (key.fetch !== 'cook') return null;
  for (const { name, value } of fields.fields) {
    const [pair = ''] = value.split(';', 1);
    if (name === 'set-cookie' && pair.slice(0, pair.indexOf('=')).trim() === key.name) return pair.slice(pair.indexOf('=') + 1).trim();
  }
  return null;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
