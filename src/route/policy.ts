/**
 * What the rules say of one stream, from its request to its end. Independent of the protocol: requests and responses come as header
 * lists with pseudo-fields.
 */
import { requestFacts } from '../grpc/request-facts.ts';
import { Evaluation, type BackendFacts, type Bytes, type RuleSession, type ServerFacts } from './context.ts';
import { lines } from './lists.ts';
import { Message } from './message.ts';
import { choose, runRules, type Decision, type Progress, type ProxyRules, type Rule } from './rules.ts';
import type { FieldList } from '../model/fields.ts';
import type { StreamRecord } from '../model/records.ts';
import { renderReply, type Reply, type ReplyTemplate } from './reply.ts';
import type { CaptureSlot } from './scope.ts';

/** The rules that a frontend's streams meet. */
export interface Policy {
  readonly frontend: ProxyRules;
  readonly defaultBackend: string | null;
  /** Rules of a backend; null: it has none. */
  backend(name: string): ProxyRules | null;
}

/** What to do with a request. */
export type Outcome =
  | { readonly kind: 'forward'; readonly backend: string | null; readonly server: string | null; readonly fields: FieldList }
  | Ending;

type Ending = Exclude<Decision, { readonly kind: 'accept' | 'wait' }>;

/** What to do with a response. */
export type ResponseOutcome = { readonly kind: 'forward'; readonly fields: FieldList } | Extract<Decision, { readonly kind: 'drop' | 'reject' | 'body' }> | { readonly kind: 'reply'; readonly reply: Reply };

const USUAL_NAME = /^[a-z0-9-]+$/;
/** As by 'http-request deny'. */
const FORBIDDEN: ReplyTemplate = { status: 403, contentType: null, headers: [], body: null, errorPage: false, page: null, refusal: true };
const LATE: ReplyTemplate = { ...FORBIDDEN, status: 504 };

type Stage = 'connection rules' | 'frontend' | 'choice' | 'backend connection rules' | 'backend' | 'done';

/** One HTTP stream's way through the rules. */
export class StreamRules {
  readonly evaluation: Evaluation;
  readonly #policy: Policy;
  #stage: Stage = 'connection rules';
  #progress: Progress = { next: 0 };
  #responseRules: readonly (readonly Rule[])[] = [];
  #backend: string | null = null;
  #backendRules: ProxyRules | null = null;

  constructor(policy: Policy, session: RuleSession, request: FieldList, version: string, startedAt: number) {
    this.#policy = policy;
    const evaluation = new Evaluation(session, request, new Message(request), startedAt);
    evaluation.version = version;
    evaluation.first = session.requests++ === 0;
    this.evaluation = evaluation;
    const { captures, uniqueId } = policy.frontend;
    if (captures.request.length > 0 || captures.response.length > 0) {
      evaluation.captures = { request: fill(captures.request, evaluation.request), response: captures.response.map(() => null) };
    }
    if (uniqueId !== null) {
      evaluation.uniqueId = uniqueId.format.render(evaluation);
      if (uniqueId.header !== null) evaluation.request?.add(uniqueId.header, evaluation.uniqueId);
    }
  }

  /** Where the body can be read, as far as it is held. */
  set body(read: () => Bytes) {
    this.evaluation.body = read;
  }

  /**
   * What is to be done with the request; asked again after a wait for the body.
   * @param lookUp the backend's facts, for those of its rules that ask
   */
  request(lookUp: (name: string) => BackendFacts | undefined): Outcome {
    const { evaluation } = this;
    const { frontend } = this.#policy;
    for (;;) {
      switch (this.#stage) {
        case 'connection rules': {
          const decision = this.#run(frontend.tcpContent, 'frontend');
          if (decision !== null) return decision;
          break;
        }
        case 'frontend': {
          const decision = this.#run(frontend.httpRequest, 'choice');
          if (decision !== null) return decision;
          break;
        }
        case 'choice': {
          const decision = this.#restrict(frontend);
          if (decision !== null) return decision;
          this.#backend = choose(frontend.useBackend, evaluation, (name) => lookUp(name) !== undefined) ?? this.#policy.defaultBackend;
          if (this.#backend !== null) {
            evaluation.backend = lookUp(this.#backend) ?? null;
            const rules = this.#policy.backend(this.#backend);
            // A `listen` section is both: its rules have been looked at.
            this.#backendRules = rules;
          }
          this.#stage = this.#backendRules === null || this.#backendRules === frontend ? 'done' : 'backend connection rules';
          break;
        }
        case 'backend connection rules': {
          const decision = this.#run(this.#backendRules?.tcpContent ?? [], 'backend');
          if (decision !== null) return decision;
          break;
        }
        case 'backend': {
          const decision = this.#run(this.#backendRules?.httpRequest ?? [], 'done') ?? this.#restrict(this.#backendRules);
          if (decision !== null) return decision;
          break;
        }
        case 'done': {
          const server = this.#backendRules === null ? null : choose(this.#backendRules.useServer, evaluation, (name) => usable(evaluation.backend, name));
          const fields = evaluation.request?.toList();
          if (fields === undefined) throw new Error('a stream without a request');
          return { kind: 'forward', backend: this.#backend, server, fields };
        }
      }
    }
  }

  /** `option http-restrict-req-hdr-names`, which also holds where a rule has allowed the request. */
  #restrict(rules: ProxyRules | null): Ending | null {
    const { request } = this.evaluation;
    if (rules === null || rules.unusualNames === null || request === null) return null;
    if (rules.unusualNames === 'delete') {
      request.remove((name) => !USUAL_NAME.test(name));
      return null;
    }
    if (request.fields.every(({ name }) => name.startsWith(':') || USUAL_NAME.test(name))) return null;
    return { kind: 'reply', tarpit: false, reply: renderReply(FORBIDDEN, this.evaluation, this.grpc, 'option http-restrict-req-hdr-names reject') };
  }

  #run(rules: ProxyRules['httpRequest'], next: Stage): Ending | null {
    const decision = runRules(rules, this.evaluation, this.#progress);
    // Requests are complete when rules see them: nothing is waited for but the body.
    if (decision !== null && decision.kind !== 'accept' && decision.kind !== 'wait') return decision;
    this.#stage = next;
    this.#progress = { next: 0 };
    return null;
  }

  /** A response of the server: the backend's rules, then the frontend's, then those for every response. */
  response(fields: FieldList, server: ServerFacts | null, record: StreamRecord): ResponseOutcome {
    const { evaluation } = this;
    const { frontend } = this.#policy;
    evaluation.server = server;
    evaluation.record = record;
    evaluation.response = new Message(fields, evaluation.version !== '2.0');
    evaluation.forgetRequestVariables();
    capture(frontend.captures.response, evaluation.response, evaluation.captures?.response);
    const backend = this.#backendRules === frontend ? null : this.#backendRules;
    const sets = backend === null ? [frontend.tcpResponse, frontend.httpResponse] : [backend.tcpResponse, backend.httpResponse, frontend.httpResponse];
    this.#responseRules = sets;
    this.#progress = { next: 0 };
    return this.resume();
  }

  /** Goes on with the response, behind the rule that waited for its body. */
  resume(): ResponseOutcome {
    for (let rules = this.#responseRules[0]; rules !== undefined; rules = this.#responseRules[0]) {
      const decision = runRules(rules, this.evaluation, this.#progress);
      if (decision !== null && decision.kind !== 'accept' && decision.kind !== 'wait') return decision;
      this.#responseRules = this.#responseRules.slice(1);
      this.#progress = { next: 0 };
    }
    return { kind: 'forward', fields: this.#afterResponse() };
  }

  /** The answer in place of a response whose body did not come in time. */
  late(): Reply {
    return renderReply(LATE, this.evaluation, this.grpc, "the response's body did not come in time");
  }

  /** A response of our own, to which only `http-after-response` applies. */
  ownResponse(fields: FieldList, record: StreamRecord): FieldList {
    this.evaluation.record = record;
    this.evaluation.response = new Message(fields, this.evaluation.version !== '2.0');
    return this.#afterResponse();
  }

  #afterResponse(): FieldList {
    const { evaluation } = this;
    const { frontend } = this.#policy;
    if (this.#backendRules !== null && this.#backendRules !== frontend) runRules(this.#backendRules.httpAfterResponse, evaluation, { next: 0 });
    runRules(frontend.httpAfterResponse, evaluation, { next: 0 });
    const fields = evaluation.response?.toList();
    if (fields === undefined) throw new Error('a stream without a response');
    return fields;
  }

  /** Whether responses can be changed at all. */
  get touchesResponses(): boolean {
    const { frontend } = this.#policy;
    return touchesResponses(frontend) || (this.#backendRules !== null && touchesResponses(this.#backendRules));
  }

  /** The request as it goes to the server is a gRPC call. */
  get grpc(): boolean {
    const { request } = this.evaluation;
    return request !== null && requestFacts(request.toList()).grpc;
  }
}

function touchesResponses({ tcpResponse, httpResponse, httpAfterResponse, captures, logFormat }: ProxyRules): boolean {
  return tcpResponse.length > 0 || httpResponse.length > 0 || httpAfterResponse.length > 0 || captures.response.length > 0 || logFormat !== null;
}

function usable(backend: BackendFacts | null, name: string): boolean {
  return backend?.servers.some((server) => server.name === name && server.usable) === true;
}

function fill(slots: readonly CaptureSlot[], message: Message | null): (string | null)[] {
  const values: (string | null)[] = slots.map(() => null);
  if (message !== null) capture(slots, message, values);
  return values;
}

/** The last value of each declared field. */
function capture(slots: readonly CaptureSlot[], message: Message, values: (string | null)[] | undefined): void {
  if (values === undefined) return;
  for (const [index, { header, length }] of slots.entries()) {
    const value = header === null ? undefined : lines(message, header).at(-1);
    if (value !== undefined) values[index] = value.slice(0, length);
  }
}
