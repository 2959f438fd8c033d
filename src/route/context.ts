/** What expressions read, as interfaces that the data path fulfils; nothing here depends on the protocol version. */
import type { BackendRecord, FrontendRecord, ServerRecord, StreamRecord } from '../model/records.ts';
import type { TlsRecord } from '../model/tls.ts';
import type { FieldList } from '../model/fields.ts';
import type { Address } from './address.ts';
import type { Message } from './message.ts';
import type { Value } from './value.ts';
import { parseAddress } from './address.ts';
import { Variables } from './variables.ts';

export interface Proxied {
  readonly authority: string | null;
  readonly uniqueId: string | null;
  readonly peer: Pick<ConnectionFacts, 'clientAddress' | 'clientPort' | 'localAddress' | 'localPort'>;
}

/** The connection as rules see it. */
export interface ConnectionFacts {
  readonly id: number;
  readonly frontend: FrontendRecord;
  /** Empty for unix sockets. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly acceptedAt: number;
  readonly tls: TlsRecord | null;
  /** There was a PROXY header: what it told beyond the addresses, and those that it replaced. Left out: there can be none. */
  readonly proxied?: Proxied | null;
}

/** The proxies of the process, for `nbsrv(name)` and the like. */
export interface ProxyDirectory {
  backend(name: string): BackendFacts | undefined;
  frontend(name: string): FrontendRecord | undefined;
  readonly stopping: boolean;
  readonly pid: number;
  readonly hostname: string;
  /** Client connections now, all frontends together. */
  readonly connections: number;
}

export interface BackendFacts extends BackendRecord {
  readonly settings: { readonly serverTimeoutMs: number | null; readonly tunnelTimeoutMs: number | null };
  readonly servers: readonly ServerFacts[];
  /** Streams that wait for this server and no other; left out: none can. */
  waitingFor?(server: ServerFacts): number;
}

export interface ServerFacts extends ServerRecord {
  readonly id: number;
  readonly usable: boolean;
  readonly maxconn: number;
  readonly backup: boolean;
}

/** Per connection: what its streams share. */
export class RuleSession {
  readonly connection: ConnectionFacts;
  readonly directory: ProxyDirectory;
  /** `set-src` and `set-dst` on the connection. */
  source: Address | null = null;
  /** As the connection itself has them, whatever a PROXY header says; only the connection's own rules change them. */
  readonly peer: { source: Address | null; destination: Address | null; sourcePort: number; destinationPort: number };
  /** Rules have changed the addresses of the connection. */
  readdressed = false;
  destination: Address | null = null;
  sourcePort = 0;
  destinationPort = 0;
  requests = 0;
  /** The `bind` line that the connection came by; null: not known. */
  listener: { readonly id: number; readonly name: string | null } | null = null;
  /** `expect-proxy`: a PROXY header comes before all else. */
  expectsProxy = false;
  #variables: Variables | null = null;

  constructor(connection: ConnectionFacts, directory: ProxyDirectory) {
    this.connection = connection;
    this.directory = directory;
    const { clientAddress, clientPort, localAddress, localPort } = connection.proxied?.peer ?? connection;
    this.peer = { source: parseAddress(clientAddress), destination: parseAddress(localAddress), sourcePort: clientPort, destinationPort: localPort };
    this.readAddresses();
  }

  /** Once more where a PROXY header has changed them. */
  readAddresses(): void {
    const { clientAddress, clientPort, localAddress, localPort } = this.connection;
    this.source = parseAddress(clientAddress);
    this.destination = parseAddress(localAddress);
    this.sourcePort = clientPort;
    this.destinationPort = localPort;
    this.readdressed = false;
  }

  get variables(): Variables {
    return (this.#variables ??= new Variables());
  }
}

/** The first bytes of a connection, or of a request's body, as far as they have come. */
export interface Bytes {
  readonly bytes: Uint8Array;
  /** No more will come, or be waited for. */
  readonly complete: boolean;
}

/** One stream or raw connection under evaluation. Plain fields: rules write what the exchange reads afterwards. */
export class Evaluation {
  readonly session: RuleSession;
  readonly startedAt: number;
  /** null in raw TCP. */
  request: Message | null;
  /** The client's HTTP version: 2.0, 1.1, 1.0. */
  version = '2.0';
  /** As the request came, for %r and the like. */
  readonly original: FieldList | null;
  response: Message | null = null;
  /** First bytes of a raw connection, or null. */
  bytes: Uint8Array | null = null;
  /** The request's body as far as it is held. */
  body: (() => Bytes) | null = null;
  /** A fetch met bytes that have not come yet, while more may come. */
  undecided = false;
  /** Nothing more is waited for. */
  final = true;
  backend: BackendFacts | null = null;
  server: ServerFacts | null = null;
  record: StreamRecord | null = null;
  source: Address | null;
  destination: Address | null;
  sourcePort: number;
  destinationPort: number;
  /** Rules have changed them. */
  readdressed = false;
  logLevel: LogLevel | 'silent' | null = null;
  serverTimeoutMs: number | null = null;
  tunnelTimeoutMs: number | null = null;
  /** By slot of `capture` and `declare capture`. */
  captures: { request: (string | null)[]; response: (string | null)[] } | null = null;
  uniqueId: string | null = null;
  /** The first request of its connection. */
  first = false;
  /** Where the last rule that ended evaluation stands. */
  lastRule: { readonly file: string; readonly line: number } | null = null;
  #transaction: Variables | null = null;
  #requestVariables: Variables | null = null;
  #responseVariables: Variables | null = null;

  constructor(session: RuleSession, request: FieldList | null, message: Message | null, startedAt: number) {
    this.session = session;
    this.original = request;
    this.request = message;
    this.startedAt = startedAt;
    this.source = session.source;
    this.destination = session.destination;
    this.sourcePort = session.sourcePort;
    this.destinationPort = session.destinationPort;
  }

  variables(scope: Scope): Variables {
    switch (scope) {
      case 'proc': return PROCESS_VARIABLES;
      case 'sess': return this.session.variables;
      case 'txn': return (this.#transaction ??= new Variables());
      case 'req': return (this.#requestVariables ??= new Variables());
      case 'res': return (this.#responseVariables ??= new Variables());
    }
  }

  getVariable(scope: Scope, name: string): Value | null {
    return this.variables(scope).get(name);
  }

  /** What `req` and `res` variables live for is over. */
  forgetRequestVariables(): void {
    this.#requestVariables = null;
  }
}

export type LogLevel = 'emerg' | 'alert' | 'crit' | 'err' | 'warning' | 'notice' | 'info' | 'debug';

export type Scope = 'proc' | 'sess' | 'txn' | 'req' | 'res';

const PROCESS_VARIABLES = new Variables();

export function setProcessVariable(name: string, value: Value): void {
  PROCESS_VARIABLES.set(name, value);
}
