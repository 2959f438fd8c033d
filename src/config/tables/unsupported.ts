/**
 * HAProxy's words that Pillion does not know to do yet (manual 3, 4.1 and 2.4). They are errors, and other errors than
 * unknown words: nobody should look for a typing mistake in a word that is right. Supporting one means a row, and its line here gone.
 */

export interface UnsupportedWord {
  /** What to do meanwhile; null: nothing comes near. */
  readonly hint: string | null;
}

function table(...groups: readonly (readonly [names: string, hint: string | null])[]): ReadonlyMap<string, UnsupportedWord> {
  return new Map(groups.flatMap(([names, hint]) => names.split('|').map((name) => [name, { hint }])));
}

/** `prefix a b c` as names `prefix a | prefix b | prefix c`. */
function under(prefix: string, names: string): string {
  return names.trim().split(/\s+/).map((name) => `${prefix} ${name}`).join('|');
}

function list(names: string): string {
  return names.trim().split(/\s+/).join('|');
}

const USER = 'the container runtime sets the user: runAsUser in Kubernetes, USER in the Dockerfile';
const TLS = 'TLS is not supported by this version: terminate it in front, or use mode tcp, which passes it through';
const ADMIN = "'admin <address>' in the global section serves metrics and probes";
const CHECKS = "plain 'check' connects, 'option grpc-check' asks the gRPC health service";

export const UNSUPPORTED_SECTIONS: ReadonlyMap<string, UnsupportedWord> = table(
  ['resolvers', "names are resolved by the system's resolver; remove the section and 'resolvers' of the servers"],
  ['userlist|peers|mailers|cache|ring|log-forward|http-errors|fcgi-app|crt-store|traces|acme|log-profile|healthcheck|program', null],
);

export const UNSUPPORTED_GLOBAL: ReadonlyMap<string, UnsupportedWord> = table(
  [list('chroot uid gid user group setcap'), USER],
  [list('ulimit-n fd-hard-limit strict-limits'), "'ulimit -n' of the container or service"],
  [list(`ca-base crt-base issuers-chain-path ssl-default-bind-ciphers ssl-default-bind-ciphersuites ssl-default-bind-curves
    ssl-default-bind-options ssl-default-bind-sigalgs ssl-default-bind-client-sigalgs ssl-default-server-ciphers
    ssl-default-server-ciphersuites ssl-default-server-curves ssl-default-server-options ssl-default-server-sigalgs
    ssl-default-server-client-sigalgs ssl-dh-param-file ssl-engine ssl-load-extra-del-ext ssl-load-extra-files ssl-mode-async
    ssl-passphrase-cmd ssl-propquery ssl-provider ssl-provider-path ssl-security-level ssl-server-verify ssl-skip-self-issued-ca
    maxsslconn maxsslrate key-base ocsp-update.disable ocsp-update.httpproxy ocsp-update.maxdelay ocsp-update.mindelay
    ocsp-update.mode acme.scheduler`), TLS],
  [list('thread-group thread-groups cpu-map cpu-policy cpu-set numa-cpu-mapping'), 'this version runs one event loop; use more pods'],
  [list('log-send-hostname log-tag'), null],
  ['master-worker', 'Pillion is one process: remove the line'],
  [list('setenv presetenv resetenv unsetenv'), 'set the variables in the environment that Pillion is started in'],
  [list('set-var set-var-fmt lua-load lua-load-per-thread lua-prepend-path'), null],
  [list('server-state-base server-state-file load-server-state-from-file stats-file spread-checks max-spread-checks'), null],
  [list(`51degrees-allow-unmatched 51degrees-cache-size 51degrees-data-file 51degrees-difference 51degrees-drift
    51degrees-property-name-list 51degrees-property-separator 51degrees-use-performance-graph 51degrees-use-predictive-graph
    anonkey busy-polling close-spread-time cluster-secret default-path description deviceatlas-json-file deviceatlas-log-level
    deviceatlas-properties-cookie deviceatlas-separator dns-accept-family dns-static-hosts expose-deprecated-directives
    expose-experimental-directives external-check force-cfg-parser-pause force-be-switch h1-accept-payload-with-any-method
    h1-case-adjust h1-case-adjust-file h1-do-not-close-on-insecure-transfer-encoding h2-workaround-bogus-websocket-clients
    harden.reject-privileged-ports.tcp harden.reject-privileged-ports.quic http-err-codes http-fail-codes
    httpclient.resolvers.disabled httpclient.resolvers.id httpclient.resolvers.prefer httpclient.retries httpclient.ssl.ca-file
    httpclient.ssl.verify httpclient.timeout.connect insecure-fork-wanted insecure-setuid-wanted limited-quic localpeer
    maxcompcpuusage maxcomprate maxconnrate maxpipes maxsessrate maxzlibmem mworker-max-reloads mworker-prealloc
    no-memory-trimming no-quic node noepoll noevports nogetaddrinfo nokqueue nopoll noreuseport nosplice pp2-never-send-local
    prealloc-fd profiling.memory profiling.tasks quiet set-dumpable shm-stats-file shm-stats-file-max-objects unix-bind
    warn-blocked-traffic-after wurfl-cache-size wurfl-data-file wurfl-information-list wurfl-information-list-separator
    wurfl-patch-file zero-warning`), null],
  [under('stats', 'admin auth enable hide-version realm refresh scope show-desc show-legends show-modules show-node uri'), ADMIN],
);

/** Whole families by their prefix: `tune.…`. */
export const UNSUPPORTED_GLOBAL_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['tune.', "HAProxy's tuning has no counterpart here: remove the line"],
]);

export const UNSUPPORTED_PROXY: ReadonlyMap<string, UnsupportedWord> = table(
  [under('stats', `admin auth bind-process enable hide-version http-request realm refresh scope show-desc show-legends
    show-modules show-node uri`), ADMIN],
  ['use_backend', "'default_backend' names the only backend of a frontend for now; one frontend per port"],
  [list(`acl http-request http-response http-after-response tcp-request tcp-response redirect use-server monitor capture declare
    filter compression errorloc errorloc302 errorloc303 errorfile errorfiles http-error unique-id-format unique-id-header
    log-format log-format-sd error-log-format log-steps log-tag monitor-uri rate-limit use-fcgi-app quic-initial`), null],
  [list('transparent dispatch'), "use 'server'"],
  ['option transparent', null],
  [list('http-check tcp-check external-check email-alert'), CHECKS],
  [list('cookie persist stick stick-table force-persist ignore-persist hash-type hash-balance-factor hash-preserve-affinity'), null],
  ['http-reuse', 'HTTP/2 connections to servers are always shared: remove the line'],
  [list(`backlog clitcpka-cnt clitcpka-idle clitcpka-intvl srvtcpka-cnt srvtcpka-idle srvtcpka-intvl description disabled enabled
    force-be-switch guid http-send-name-header id load-server-state-from-file max-keep-alive-queue max-session-srv-conns
    server-state-file-name source dgram-bind be-unpublished`), null],
  [under('timeout', 'client-hs tarpit'), null],
  [under('option', `httpchk tcp-check smtpchk mysql-check pgsql-check redis-check ldap-check ssl-hello-chk external-check
    spop-check`), CHECKS],
  [under('option', 'httpslog'), "'option httplog'"],
  ['option forwardfor', 'the trace and the log line name the client'],
  [under('option', `httpclose http-server-close http-keep-alive http-pretend-keepalive http-no-delay nolinger splice-auto
    splice-request splice-response tcp-smart-accept tcp-smart-connect prefer-last-server independent-streams`),
  'it tunes what Pillion does in its own way: remove the line'],
  [under('option', `abortonclose accept-invalid-http-request accept-invalid-http-response accept-unsafe-violations-in-http-request
    accept-unsafe-violations-in-http-response allbackups checkcache clitcpka contstats disable-h2-upgrade dontlog-normal forwarded
    h1-case-adjust-bogus-client h1-case-adjust-bogus-server http-buffer-request http-drop-request-trailers
    http-drop-response-trailers http-ignore-probes http-restrict-req-hdr-names http-use-proxy-header idle-close-on-response
    log-health-checks log-separate-errors logasap originalto persist socket-stats srvtcpka tcpka use-small-buffers`), null],
);

/** Conditional blocks and messages of manual 2.4. */
export const UNSUPPORTED_PREPROCESSOR: readonly string[] = ['.if', '.elif', '.else', '.endif', '.notice', '.warning', '.alert', '.diag'];
