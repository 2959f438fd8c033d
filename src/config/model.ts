/**
 * The configuration as the rest of Pillion sees it: fully resolved (defaults applied, references checked), immutable.
 * Times are milliseconds, sizes bytes. `null` means "not set" where that differs from any value.
 */
import type { ProxyRules } from '../route/rules.ts';
import type { ProcessVariable } from '../route/start.ts';
import type { Balance } from './balance-settings.ts';
import type { HttpCheckSettings } from './http-check-settings.ts';
import type { HttpLimits, HttpSettings } from './http-settings.ts';
import type { StickinessSettings } from './stickiness-settings.ts';
import type { StatsSettings } from './stats-settings.ts';
import type { ForwardedParameter, ForwardForSettings } from './forwarded-settings.ts';
import type { BindTlsSettings, SendProxy, ServerTlsSettings } from './tls-settings.ts';

export interface Configuration {
  readonly global: GlobalSettings;
  readonly frontends: readonly FrontendSettings[];
  readonly backends: readonly BackendSettings[];
  /** All sections that are proxies, in their order: a `listen` is one, though it is a frontend and a backend. */
  readonly proxies: readonly ProxySummary[];
  /** `userlist` sections by name. */
  readonly userlists: ReadonlyMap<string, UserlistSettings>;
  /** `http-errors` sections by name: the path of a file by status. */
  readonly httpErrors: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** `resolvers` sections by name. */
  readonly resolvers: ReadonlyMap<string, ResolversSettings>;
}

export interface ProxySummary {
  readonly name: string;
  readonly mode: Mode;
  readonly isFrontend: boolean;
  readonly isBackend: boolean;
  /** Its page of statistics; null: it has none. */
  readonly stats: StatsSettings | null;
}

/** `userlist NAME` */
export interface UserlistSettings {
  readonly users: ReadonlyMap<string, UserSettings>;
}

export interface UserSettings {
  /** As crypt(3) makes it (`password`), or as it is (`insecure-password`). */
  readonly password: string;
  readonly hashed: boolean;
  readonly groups: ReadonlySet<string>;
}

/** Permissions and owner of a Unix socket; null: as the system makes it. */
export interface SocketFileSettings {
  readonly mode: number | null;
  readonly user: number | string | null;
  readonly group: number | string | null;
}

/** `nameserver` of `resolvers`. */
export interface NameserverSettings {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** By how much checks of many servers are kept from coming all at once. */
export interface CheckSpread {
  /** `spread-checks`: intervals are up to so much longer or shorter, by chance. */
  readonly percent: number;
  /** `max-spread-checks`: the first checks come within this time, milliseconds; null: half a second. */
  readonly firstWithinMs: number | null;
}

/** `resolvers NAME`, for `server … resolvers NAME`. */
export interface ResolversSettings {
  readonly nameservers: readonly NameserverSettings[];
  /** Those of /etc/resolv.conf are asked, too. */
  readonly system: boolean;
  readonly tries: number;
  readonly timeoutMs: number;
  /** `timeout resolve`: how long until a name that has no answer is asked for again. */
  readonly resolveMs: number;
  /** `hold valid`: how long an answer is taken for true. */
  readonly holdValidMs: number;
}

export interface GlobalSettings {
  /** Connections accepted at once, all frontends together; null: derived from the file-descriptor limit. */
  readonly maxconn: number | null;
  readonly pidfile: string | null;
  readonly daemon: boolean;
  readonly nbthread: number;
  readonly logs: readonly LogTarget[];
  /** `grace`: how long listeners keep accepting after a drain began. Default 0 for a file, as HAProxy's. */
  readonly graceMs: number;
  /** `hard-stop-after`: when a drain is cut short; null: never. */
  readonly hardStopAfterMs: number | null;
  /** `admin`: where /metrics, /ready and /live are served; null: nowhere. */
  readonly admin: BindAddress | null;
  /** `otlp`: the collector's URL as written, grpc:// or http(s)://; null: the standard OTEL_* variables alone decide. */
  readonly otlp: string | null;
  /** Whom the process becomes once it listens: names or numbers; null: it stays who it is. */
  readonly user: string | number | null;
  readonly group: string | number | null;
  /** `node` and `description`, for pages and logs. */
  readonly node: string | null;
  readonly description: string | null;
  /** `set-var`: variables of the process. */
  readonly processVariables: readonly ProcessVariable[];
}

/** `tune.h2.fe.*` or `tune.h2.be.*`: HTTP/2 with clients, or with servers. */
export interface Http2Tuning {
  /** Body octets of a stream that the peer may send ahead of credit. */
  readonly initialWindowSize: number;
  /** Octets by which the streams of a connection together may outgrow their initial windows while their readers keep up. */
  readonly rxbuf: number;
  /** Streams at once on a connection: what clients are told, or what we open at most on one to a server. */
  readonly maxConcurrentStreams: number;
  /** The largest frame that we take, octets. */
  readonly maxFrameSize: number;
  /** What the peer's HPACK encoder may keep, octets. */
  readonly headerTableSize: number;
  /** Oddities at which a connection ends; 0: never. */
  readonly glitchesThreshold: number;
  /** Streams after which a client's connection is drained; 0: never. */
  readonly maxTotalStreams: number;
  readonly maxFramesAtOnce: number;
  /** Of clients. */
  readonly maxRstAtOnce: number;
}

export type LogTarget = {
  /** `stdout`, `stderr` and `fd@N` get JSON lines; `udp://host:port` (IPv6 in brackets) gets them behind a syslog header. */
  readonly target: string;
  readonly facility: string;
  /** Syslog level names; lines less severe than `maxLevel` are dropped. */
  readonly maxLevel: LogLevel;
  /** More severe lines are sent as if they had this level. Absent: `emerg`. */
  readonly minLevel?: LogLevel;
  /** Octets of a line; what is beyond is cut off. Absent: no limit. */
  readonly maxLength?: number;
};

export type LogLevel = 'emerg' | 'alert' | 'crit' | 'err' | 'warning' | 'notice' | 'info' | 'debug';

/** `auto` detects HTTP and passes the rest as TCP; `grpc` is HTTP/2 only; `http` and `tcp` are HAProxy's. */
export type Mode = 'auto' | 'grpc' | 'http' | 'tcp';

export type BindAddress =
  /** Empty host: all addresses, IPv4 only as in HAProxy (`*`); `::` for IPv6. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'abstract'; readonly name: string }
  | { readonly kind: 'fd'; readonly fd: number };

export interface BindSettings {
  readonly address: BindAddress;
  /** As written, for messages. */
  readonly text: string;
  /** `proto h2`, `proto h1`: no detection. */
  readonly proto: 'h1' | 'h2' | null;
  readonly idlePing: IdlePing;
  /** `accept-proxy`: connections begin with a PROXY protocol header. */
  readonly acceptProxy: boolean;
  /** null: cleartext. */
  readonly tls: BindTlsSettings | null;
  /** null: not a Unix socket. */
  readonly socketFile: SocketFileSettings | null;
  /** Connections that wait to be accepted; null: as many as are usual. */
  readonly backlog: number | null;
  /** An IPv6 socket takes no IPv4 connections. */
  readonly v6only: boolean;
  /** For messages; null: it has none. */
  readonly name: string | null;
}

/** `idle-ping`, `idle-ping-timeout`: PING on quiet HTTP/2 connections. */
export interface IdlePing {
  /** Nothing read for so long: the peer is asked. null: never. */
  readonly afterMs: number | null;
  /** How long the answer may take. */
  readonly timeoutMs: number;
  /** Also without streams. */
  readonly always: boolean;
}

/** `max-connection-age`; graceMs null: what runs may go on for ever. */
export interface ConnectionAge {
  readonly ageMs: number;
  readonly graceMs: number | null;
}

export interface FrontendSettings {
  readonly name: string;
  readonly mode: Mode;
  readonly binds: readonly BindSettings[];
  readonly maxconn: number | null;
  readonly defaultBackend: string | null;
  /** `timeout client`: inactivity. null: none. */
  readonly clientTimeoutMs: number | null;
  /** `timeout http-request`: a whole request header section must have arrived. null: none. */
  readonly httpRequestTimeoutMs: number | null;
  /** `timeout http-keep-alive`: a connection without streams after its first; null: as `timeout http-request`. */
  readonly keepAliveTimeoutMs: number | null;
  /** `timeout client-fin`; null: as the timeout in force. */
  readonly clientFinTimeoutMs: number | null;
  readonly maxConnectionAge: ConnectionAge | null;
  /** `detect-timeout`: how long a silent client is waited for before it is taken for a server-speaks-first protocol. */
  readonly detectTimeoutMs: number;
  readonly logs: readonly LogTarget[];
  readonly logFormat: 'none' | 'tcp' | 'http';
  readonly dontLogNull: boolean;
  /** `option logasap`: the line does not wait for the end. */
  readonly logAsap: boolean;
  /** `option forwardfor`; null: off. */
  readonly forwardFor: ForwardForSettings | null;
  /** `option originalto`; null: off. */
  readonly originalTo: ForwardForSettings | null;
  /** `tune.bufsize`: how much of a request is held for rules, octets. */
  readonly bufferBytes: number;
  /** `timeout tarpit`; null: as `timeout connect`, else a minute. */
  readonly tarpitMs: number | null;
  /** null: there are none. In a `listen` section the same object is the backend's. */
  readonly rules: ProxyRules | null;
  readonly http: HttpSettings;
  readonly httpLimits: HttpLimits;
  readonly http2: Http2Tuning;
}

export interface BackendSettings {
  readonly name: string;
  readonly mode: Mode;
  readonly balance: Balance;
  /** `option allbackups`: all backup servers are used when no other is left, not only the first. */
  readonly allBackups: boolean;
  /** null: nothing keeps clients with servers. */
  readonly stickiness: StickinessSettings | null;
  readonly servers: readonly ServerSettings[];
  readonly connectTimeoutMs: number | null;
  readonly serverTimeoutMs: number | null;
  /** `timeout server-fin`; null: as the timeout in force. */
  readonly serverFinTimeoutMs: number | null;
  /** `timeout tunnel`: in place of `timeout client` and `timeout server` in raw TCP; null: they apply. */
  readonly tunnelTimeoutMs: number | null;
  /** null: as `timeout connect`. */
  readonly queueTimeoutMs: number | null;
  readonly checkTimeoutMs: number | null;
  readonly retries: number;
  /** `option redispatch [n]`: 0 never; n every n-th retry may leave the server that it belongs to; -n the n-th from the last. */
  readonly redispatch: number;
  readonly retryOn: RetryOn;
  /** null: no limit. */
  readonly retryBudget: RetryBudgetSettings | null;
  /** `tune.bufsize`: how much of a request is held for another try, octets. */
  readonly bufferBytes: number;
  /** `fullconn`; null: from the frontends' maxconn. */
  readonly fullconn: number | null;
  readonly checkSpread: CheckSpread;
  readonly grpcCheck: GrpcCheckSettings | null;
  readonly httpCheck: HttpCheckSettings | null;
  /** `option log-health-checks`; left out: off. */
  readonly logHealthChecks?: boolean;
  readonly forwardFor: ForwardForSettings | null;
  readonly originalTo: ForwardForSettings | null;
  /** `option forwarded`; null: off. */
  readonly forwarded: readonly ForwardedParameter[] | null;
  /** null: there are none. */
  readonly rules: ProxyRules | null;
  readonly http: HttpSettings;
  readonly httpLimits: HttpLimits;
  readonly http2: Http2Tuning;
}

/** `retry-on`, by what went wrong with a stream of whose response the client has seen nothing. */
export interface RetryOn {
  readonly connFailure: boolean;
  readonly emptyResponse: boolean;
  readonly junkResponse: boolean;
  readonly responseTimeout: boolean;
  readonly httpStatuses: readonly number[];
  readonly grpcStatuses: readonly number[];
}

/** `retry-budget`, of the streams of the last ten seconds; `minPerSecond` in any case. */
export interface RetryBudgetSettings {
  readonly percent: number;
  readonly minPerSecond: number;
}

/** `option grpc-check [service NAME] [watch|check]` */
export interface GrpcCheckSettings {
  /** Empty: the server as a whole. */
  readonly service: string;
  /** `auto`: Watch, and Check where the server answers UNIMPLEMENTED. */
  readonly method: 'auto' | 'watch' | 'check';
}

export type ServerAddress =
  /** IP literal or host name; empty: the address that the client connected to (`0.0.0.0`, `*`, `::`; HAProxy manual 5.2 "server"). */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: ServerPort }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'abstract'; readonly name: string };

/** A fixed port, or the port that the client connected to, plus `offset` (0: the same; HAProxy manual 5.2 "server"). */
export type ServerPort = { readonly kind: 'fixed'; readonly port: number } | { readonly kind: 'mapped'; readonly offset: number };

export interface ServerSettings {
  readonly name: string;
  readonly address: ServerAddress;
  /** 0–256; 0 takes no new streams. */
  readonly weight: number;
  readonly check: boolean;
  readonly interMs: number;
  /** `fastinter`, `downinter`: the same while a change of state is being confirmed, and while the server is down; null: `inter`. */
  readonly fastInterMs: number | null;
  readonly downInterMs: number | null;
  /** `slowstart`; 0: all at once. */
  readonly slowStartMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly backup: boolean;
  /** What the backend's cookie says of a client of this server; null: nothing. */
  readonly cookie: string | null;
  readonly disabled: boolean;
  /** Streams at once; 0: no limit. */
  readonly maxconn: number;
  /** Streams at once while the backend has few (`fullconn`); 0: maxconn is fixed. */
  readonly minconn: number;
  /** Streams that may wait on this server's account; 0: no limit of its own. */
  readonly maxqueue: number;
  readonly idlePing: IdlePing;
  /** `proto h2`, `proto h1`: stated, else null (then the mode decides). */
  readonly proto: 'h1' | 'h2' | null;
  /** null: cleartext. */
  readonly tls: ServerTlsSettings | null;
  /** TLS of its checks. */
  readonly checkTls: ServerTlsSettings | null;
  readonly sendProxy: SendProxy | null;
  readonly checkSendProxy: SendProxy | null;
  /** `port`, `addr`: where checks connect to; null: to the server itself. */
  readonly checkPort: number | null;
  readonly checkAddr: string | null;
  /** `resolvers NAME`: who is asked for the host name; null, or a name that no section has: the system. */
  readonly resolvers: string | null;
  /** `init-addr` has `libc`: the first question is for the system. */
  readonly initLibc: boolean;
  /** `resolve-prefer ipv6` */
  readonly preferIpv6: boolean;
  /** `pool-max-conn`: idle HTTP/1 connections that are kept; null: no limit of its own. */
  readonly poolMaxConn: number | null;
  /** `pool-purge-delay`; 0: none is kept. */
  readonly poolPurgeMs: number;
  /**
   * Where the address comes from: `static`, or `dns` when every A/AAAA record of the host is a server of its own
   * (`server-template`, `--to dns:host:port`): then `name` is the prefix, and the servers are named `name` + number, from
   * `first` (1 unless the template says `a-b`) to at most `first + slots - 1`.
   */
  readonly discovery: { readonly kind: 'static' } | { readonly kind: 'dns'; readonly slots: number; readonly first: number };
}
