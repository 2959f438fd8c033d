/** What is known where rules are compiled. */
import type { Position, Reporter } from '../config/diagnostics.ts';
import type { Evaluation } from './context.ts';
import type { Userlist } from './users.ts';

/**
 * What a fetch needs to be there. `bytes`: the first bytes of a raw connection. `body`: the request's, as far as it has been waited
 * for. `log`: the stream has ended.
 */
export type Need = 'nothing' | 'connection' | 'tls' | 'bytes' | 'request' | 'body' | 'server' | 'response' | 'log';

/** Where a rule is evaluated. */
/** `start`: once, before there is any traffic. */
export type Place = 'start' | 'tcp-request connection' | 'tcp-request session' | 'tcp-request content' | 'request' | 'response' | 'log';

/** HAProxy's three-valued logic (acl.h): AND is `&`, OR is `|`. UNKNOWN: what it takes has not come yet. */
export type Verdict = 0 | 1 | 3;
export const FAIL = 0;
export const UNKNOWN = 1;
export const PASS = 3;

/** One `acl` line, or an anonymous one. */
export interface Test {
  readonly name: string;
  readonly needs: Need;
  evaluate(context: Evaluation): Verdict;
}

/** A named ACL: any of its lines. */
export interface Acl {
  readonly name: string;
  readonly position: Position;
  readonly tests: Test[];
  used: boolean;
}

const AVAILABLE: Readonly<Record<Place, readonly Need[]>> = {
  start: ['nothing'],
  'tcp-request connection': ['nothing', 'connection'],
  'tcp-request session': ['nothing', 'connection', 'tls'],
  'tcp-request content': ['nothing', 'connection', 'tls', 'bytes', 'request', 'body'],
  request: ['nothing', 'connection', 'tls', 'request', 'body', 'bytes'],
  response: ['nothing', 'connection', 'tls', 'request', 'body', 'server', 'response'],
  log: ['nothing', 'connection', 'tls', 'request', 'body', 'server', 'response', 'log'],
};

const WORDS: Readonly<Record<Need, string>> = {
  nothing: '', connection: 'a connection', tls: 'the TLS handshake', bytes: 'the first bytes of the connection', request: 'an HTTP request',
  body: "the request's body", server: 'a server', response: 'an HTTP response', log: 'the end of the stream',
};

/** A name that stands for a proxy, to be checked when all are known. */
export interface ProxyReference {
  readonly kind: 'backend' | 'server' | 'use_backend' | 'userlist';
  readonly name: string;
  readonly position: Position;
}

/** Slots that `declare capture` and `capture` make, and what fills them. */
export interface Captures {
  readonly request: readonly CaptureSlot[];
  readonly response: readonly CaptureSlot[];
}

export interface CaptureSlot {
  readonly length: number;
  /** The field whose value fills it, in lower case; null: rules do. */
  readonly header: string | null;
}

/** `errorfile` or `errorfiles` of a rule: read once all sections are known. */
export interface RulePage {
  readonly source: { readonly kind: 'file'; readonly path: string } | { readonly kind: 'section'; readonly name: string };
  readonly status: number;
  readonly position: Position;
  /** As the file has it; status 0: an empty file. */
  page: { readonly status: number; readonly fields: readonly (readonly [name: string, value: string])[]; readonly body: Uint8Array } | null;
}

/** One proxy whose rules are compiled. */
export interface RuleScope {
  readonly report: Reporter;
  readonly proxy: string;
  readonly acls: Map<string, Acl>;
  readonly references: ProxyReference[];
  readonly pages: RulePage[];
  /** Filled as sections are read: a list may stand below the rules that ask it. */
  readonly userlists: ReadonlyMap<string, Userlist>;
  readonly captures: { readonly request: CaptureSlot[]; readonly response: CaptureSlot[] };
  /** Where a file that the line names is, by 'default-path'. */
  readonly path: (file: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Null when what `need` says is there at `place`, else what to say. */
export function unavailable(name: string, need: Need, place: Place): string | null {
  if (AVAILABLE[place].includes(need)) return null;
  const where = place === 'request' ? 'when the request is looked at' : place === 'response' ? 'with the response' : place === 'log' ? 'in the log' : place === 'start' ? 'at start' : `in '${place}'`;
  return `'${name}' needs ${WORDS[need]}, which is not there ${where}`;
}
