/** What directives compile to: sections in the making. Proxies begin as a copy of their defaults, as in HAProxy. */
import { DEFAULT_HASHING } from './balance-settings.ts';
import { DEFAULT_HTTP_CHECK, type HttpCheckSettings } from './http-check-settings.ts';
import { DEFAULT_HTTP, type HttpSettings } from './http-settings.ts';
import type { Balance, Hashing } from './balance-settings.ts';
import type { BindAddress, CheckSpread, ConnectionAge, GrpcCheckSettings, Http2Tuning, LogTarget, Mode, NameserverSettings, RetryBudgetSettings, RetryOn, ServerAddress, SocketFileSettings } from './model.ts';
import type { Position } from './diagnostics.ts';
import type { CookieSettings, StickRule, StickTableSettings } from './stickiness-settings.ts';
import type { StatsSettings } from './stats-settings.ts';
import type { ForwardedParameter, ForwardForSettings } from './forwarded-settings.ts';
import type { BindTlsDraft, GlobalTlsDraft, SendProxyDraft, ServerTlsDraft } from './tls-draft.ts';
import { GLOBAL_TLS, SEND_PROXY, SERVER_TLS } from './tls-draft.ts';
import type { UnusualNames } from '../route/rules.ts';
import type { RulesDraft } from '../route/rules-draft.ts';
import type { ProcessVariable } from '../route/start.ts';
import type { Line, Token } from './lexer.ts';

export type ProxySection = 'defaults' | 'frontend' | 'backend' | 'listen';
export type OtherSection = 'http-errors' | 'resolvers' | 'userlist';
export type SectionKind = 'global' | ProxySection | OtherSection;

export type Http2Side = 'both' | 'fe' | 'be';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface GlobalDraft {
  maxconn: number | null;
  pidfile: string | null;
  daemon: boolean;
  nbthread: number;
  logs: LogTarget[];
  graceMs: number;
  hardStopAfterMs: number | null;
  admin: BindAddress | null;
  otlp: string | null;
  bufferBytes: number;
  /** `tune.maxrewrite`, `tune.http.maxhdr`. */
  maxRewrite: number;
  maxFields: number;
  /** `tune.h2.…` as written: for both sides, for clients, for servers. */
  readonly http2: Record<Http2Side, Partial<Mutable<Http2Tuning>>>;
  /** Variables as `setenv` and its kin left them; lines below see the change. */
  readonly environment: Record<string, string | undefined>;
  /** `zero-warning` */
  zeroWarning: boolean;
  defaultPath: DefaultPath;
  description: string | null;
  node: string | null;
  user: string | number | null;
  group: string | number | null;
  /** `spread-checks`, `max-spread-checks`. */
  checkSpread: CheckSpread;
  /** `unix-bind`. */
  readonly unixBind: Mutable<SocketFileSettings> & { prefix: string };
  tls: GlobalTlsDraft;
  /** `set-var`, `set-var-fmt`. */
  readonly processVariables: ProcessVariable[];
  /** A `stats` line was met, and warned of: once is enough. */
  statsMet: boolean;
}

export interface BindDraft {
  readonly addresses: readonly BindAddress[];
  readonly text: string;
  readonly keywords: BindKeywords;
  readonly position: Position;
}

export interface BindKeywords {
  proto: 'h1' | 'h2' | null;
  idlePingMs: number | null;
  idlePingTimeoutMs: number | null;
  acceptProxy: boolean;
  tls: BindTlsDraft;
  readonly socketFile: Mutable<SocketFileSettings>;
  backlog: number | null;
  v6only: boolean;
  name: string | null;
}

/** What `server` and `default-server` keywords set; null: HAProxy's default, filled in at the end. */
export interface ServerKeywords {
  weight: number;
  check: boolean;
  interMs: number;
  fastInterMs: number | null;
  downInterMs: number | null;
  slowStartMs: number;
  rise: number;
  fall: number;
  backup: boolean;
  cookie: string | null;
  disabled: boolean;
  maxconn: number;
  minconn: number;
  maxqueue: number;
  idlePingMs: number | null;
  idlePingTimeoutMs: number | null;
  proto: 'h1' | 'h2' | null;
  tls: ServerTlsDraft;
  sendProxy: SendProxyDraft;
  /** `port` and `addr`: where checks connect to, in place of the server's own. */
  checkPort: number | null;
  checkAddr: string | null;
  resolvers: string | null;
  initLibc: boolean;
  preferIpv6: boolean;
  /** `pool-max-conn`; null: no limit of its own. */
  poolMaxConn: number | null;
  poolPurgeMs: number;
}

export interface ServerDraft {
  readonly name: string;
  readonly address: ServerAddress;
  readonly keywords: ServerKeywords;
  /** Set by `server-template`: numbered servers, one per address that the host name resolves to. */
  readonly template: { readonly first: number; readonly slots: number } | null;
  readonly position: Position;
}

/** A name with the place where it stands, for messages. */
export interface Reference {
  readonly name: string;
  readonly position: Position;
}

/** What sections inherit from their defaults, value by value. */
export interface ProxySettings {
  mode: Mode;
  maxconn: number | null;
  /** Written in this proxy or its defaults; null: never. */
  defaultBackend: Reference | null;
  balance: Balance;
  hashing: Hashing;
  cookie: CookieSettings | null;
  dynamicCookieKey: string | null;
  sendServerName: string | null;
  /** null: no page. */
  stats: StatsSettings | null;
  allBackups: boolean;
  retries: number;
  redispatch: number;
  retryOn: RetryOn;
  retryBudget: RetryBudgetSettings | null;
  fullconn: number | null;
  /** `disabled`: it is there, but takes nothing. */
  disabled: boolean;
  maxConnectionAge: ConnectionAge | null;
  timeouts: Record<TimeoutName, number | null>;
  detectTimeoutMs: number;
  logs: readonly LogTarget[];
  /** `log global`: those of the global section as well. */
  logGlobal: boolean;
  logFormat: 'none' | 'tcp' | 'http';
  /** `log-format`, as written; null: JSON. */
  logLine: Token | null;
  uniqueIdFormat: Token | null;
  /** In lower case. */
  uniqueIdHeader: string | null;
  /** `tcp-request inspect-delay`. */
  inspectDelayMs: number;
  /** `option http-buffer-request` */
  bufferRequest: boolean;
  /** `option http-restrict-req-hdr-names`; null: preserve. */
  unusualNames: UnusualNames | null;
  dontLogNull: boolean;
  logHealthChecks: boolean;
  logAsap: boolean;
  grpcCheck: GrpcCheckSettings | null;
  forwardFor: ForwardForSettings | null;
  originalTo: ForwardForSettings | null;
  forwarded: readonly ForwardedParameter[] | null;
  http: HttpSettings;
  /** `http-check …`, which counts where `option httpchk` is on. */
  httpCheck: HttpCheckSettings;
  httpCheckOn: boolean;
  /** `errorfile` and `errorfiles` in the order in which they are written. */
  errorFiles: readonly { readonly source: ErrorSource; readonly position: Position }[];
  serverDefaults: ServerKeywords;
}

export type TimeoutName = 'connect' | 'client' | 'server' | 'queue' | 'check' | 'http-request' | 'http-keep-alive' | 'tunnel' | 'client-fin' | 'server-fin' | 'tarpit';

export interface ProxyDraft {
  readonly section: ProxySection;
  readonly name: string;
  readonly position: Position;
  readonly settings: ProxySettings;
  readonly binds: BindDraft[];
  readonly servers: ServerDraft[];
  stickTable: StickTableSettings | null;
  readonly stick: (StickRule & { readonly position: Position })[];
  readonly rules: RulesDraft;
  /** Lines of a named `defaults` section that the proxies which begin with it read. */
  readonly replayed: Line[];
  /** `option grpc-check` of this very section, for the warning that no server asks for checks. */
  grpcCheckPosition: Position | null;
}

/** A section that has a name of its own and is referred to by it. */
interface NamedDraft {
  readonly name: string;
  readonly position: Position;
}

export interface ResolversDraft extends NamedDraft {
  readonly nameservers: Map<string, NameserverSettings>;
  parseResolvConf: boolean;
  tries: number;
  /** How long an answer is waited for before the next try. */
  retryMs: number;
  resolveMs: number;
  holdValidMs: number;
}

export interface UserlistDraft extends NamedDraft {
  readonly users: Map<string, { password: string; hashed: boolean; readonly groups: Set<string>; readonly position: Position }>;
  /** With the users that the `group` line itself names. */
  readonly groups: Map<string, { readonly users: readonly string[]; readonly position: Position }>;
}

export type ErrorSource =
  | { readonly kind: 'file'; readonly status: number; readonly path: string }
  /** No status: all that the section has. */
  | { readonly kind: 'section'; readonly name: string; readonly statuses: readonly number[] };

export interface HttpErrorsDraft extends NamedDraft {
  /** Path of the file by status. */
  readonly files: Map<number, string>;
}

export interface ConfigurationDraft {
  readonly global: GlobalDraft;
  readonly proxies: ProxyDraft[];
  readonly resolvers: Map<string, ResolversDraft>;
  readonly userlists: Map<string, UserlistDraft>;
  readonly httpErrors: Map<string, HttpErrorsDraft>;
  /** `defaults NAME` by name. */
  readonly namedDefaults: Map<string, ProxyDraft>;
}

/** `default-path`: what relative paths begin at. */
export type DefaultPath = { readonly kind: 'current' | 'config' | 'parent' } | { readonly kind: 'origin'; readonly path: string };

/** `env`: where `setenv` begins. */
export function newGlobalDraft(env: Readonly<Record<string, string | undefined>> = {}): GlobalDraft {
  return {
    maxconn: null, pidfile: null, daemon: false, nbthread: 1, logs: [], graceMs: 0, hardStopAfterMs: null, admin: null, otlp: null, bufferBytes: 16_384, maxRewrite: 1024, maxFields: 101,
    http2: { both: {}, fe: {}, be: {} }, tls: GLOBAL_TLS, statsMet: false, processVariables: [],
    environment: Object.assign(Object.create(null) as Record<string, string | undefined>, env),
    checkSpread: { percent: 0, firstWithinMs: null }, zeroWarning: false, defaultPath: { kind: 'current' }, description: null, node: null, user: null, group: null, unixBind: { prefix: '', mode: null, user: null, group: null },
  };
}

/** HAProxy's default, and what every value but `none` includes: nothing was sent, so trying again is safe. */
export const DEFAULT_RETRY_ON: RetryOn = {
  connFailure: true, emptyResponse: false, junkResponse: false, responseTimeout: false, httpStatuses: [], grpcStatuses: [],
};

export const DEFAULT_RETRY_BUDGET: RetryBudgetSettings = { percent: 20, minPerSecond: 3 };

/** HAProxy 3.2's defaults; `detect-timeout` is ours. */
export function newProxySettings(): ProxySettings {
  return {
    mode: 'tcp',
    maxconn: null,
    defaultBackend: null,
    balance: { algorithm: 'roundrobin' },
    hashing: DEFAULT_HASHING,
    cookie: null,
    dynamicCookieKey: null,
    sendServerName: null,
    stats: null,
    allBackups: false,
    retries: 3,
    redispatch: 1,
    retryOn: DEFAULT_RETRY_ON,
    retryBudget: DEFAULT_RETRY_BUDGET,
    fullconn: null,
    disabled: false,
    maxConnectionAge: null,
    timeouts: {
      connect: null, client: null, server: null, queue: null, check: null, 'http-request': null, 'http-keep-alive': null, tunnel: null,
      'client-fin': null, 'server-fin': null, tarpit: null,
    },
    detectTimeoutMs: 1000,
    logs: [],
    logGlobal: false,
    logFormat: 'none',
    logLine: null,
    uniqueIdFormat: null,
    uniqueIdHeader: null,
    inspectDelayMs: 0,
    bufferRequest: false,
    unusualNames: null,
    dontLogNull: false,
    logHealthChecks: false,
    logAsap: false,
    grpcCheck: null,
    forwardFor: null,
    originalTo: null,
    forwarded: null,
    http: DEFAULT_HTTP,
    httpCheck: DEFAULT_HTTP_CHECK,
    httpCheckOn: false,
    errorFiles: [],
    serverDefaults: {
      weight: 1, check: false, interMs: 2000, fastInterMs: null, downInterMs: null, slowStartMs: 0, rise: 2, fall: 3, backup: false, cookie: null, disabled: false, maxconn: 0, minconn: 0,
      maxqueue: 0, idlePingMs: null, idlePingTimeoutMs: null, resolvers: null, initLibc: true, preferIpv6: false, checkPort: null, checkAddr: null, proto: null, tls: SERVER_TLS,
      sendProxy: SEND_PROXY, poolMaxConn: null, poolPurgeMs: 5000,
    },
  };
}

export function copySettings(settings: ProxySettings): ProxySettings {
  return { ...settings, timeouts: { ...settings.timeouts }, serverDefaults: { ...settings.serverDefaults } };
}
