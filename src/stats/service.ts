/** The page as what answers requests: from header lists to the page's terms and back. */
import type { StatsSettings } from '../config/stats-settings.ts';
import type { FieldList } from '../model/fields.ts';
import type { LocalResponse, LocalService } from '../model/local-service.ts';
import type { ConnectionRecord } from '../model/records.ts';
import { Evaluation, RuleSession, type ProxyDirectory } from '../route/context.ts';
import { Message } from '../route/message.ts';
import { PASS } from '../route/scope.ts';
import { isForStats, serveStats, type StatsSource } from './page.ts';
import { MAX_FORM, type StatsRequest } from './request.ts';

export class StatsService implements LocalService {
  readonly maxBody: number = MAX_FORM;
  readonly #settings: StatsSettings;
  readonly #proxyName: string;
  readonly #source: StatsSource;
  readonly #directory: ProxyDirectory;
  readonly #now: () => number;

  constructor(settings: StatsSettings, proxyName: string, source: StatsSource, directory: ProxyDirectory, now: () => number) {
    this.#settings = settings;
    this.#proxyName = proxyName;
    this.#source = source;
    this.#directory = directory;
    this.#now = now;
  }

  answers(request: FieldList): boolean {
    return isForStats(this.#settings, request.get(':path') ?? '');
  }

  answer(connection: ConnectionRecord, fields: FieldList, body: Uint8Array | null): LocalResponse {
    let evaluation: Evaluation | null = null;
    const request: StatsRequest = {
      method: fields.get(':method') ?? '',
      target: fields.get(':path') ?? '',
      authority: fields.get(':authority') ?? fields.get('host') ?? '',
      secure: connection.tls !== null,
      header: (name) => fields.get(name) ?? '',
      meets: (condition) => {
        evaluation ??= new Evaluation(new RuleSession(connection, this.#directory), fields, new Message(fields), this.#now());
        return condition.evaluate(evaluation) === PASS;
      },
    };
    const { status, headers, body: text } = serveStats(this.#settings, this.#proxyName, this.#source, request, body);
    return { headers: [[':status', String(status)], ...headers], body: text };
  }
}
