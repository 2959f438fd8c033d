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
const TLS = "TLS works without it: remove the line, or see 'bind' for what there is";
const CHECKS = "plain 'check' connects, 'option grpc-check' asks the gRPC health service";

export const UNSUPPORTED_SECTIONS: ReadonlyMap<string, UnsupportedWord> = table(
  ['peers', "stick tables belong to one process here: remove the section, and 'peers' of the stick tables"],
  ['mailers', "'admin' of the global section serves metrics: let what watches them send the mails"],
  ['program', 'let the container runtime, or systemd, start the other program'],
  ['cache', 'put a caching proxy such as Varnish between Pillion and the servers'],
  ['ring|log-forward', "'log' writes to stdout, or to a syslog server, which can store and forward"],
  ['fcgi-app', 'put a web server that speaks FastCGI, nginx or Apache, between Pillion and the application'],
  ['log-profile', "lines are JSON: what reads them can choose the fields"],
  ['healthcheck', 'write the check into the backend'],
  ['crt-store', "name the files on the lines that use them: 'bind … ssl crt FILE'"],
  ['acme', 'let certbot or cert-manager fetch the certificates'],
  ['traces', "'otlp' in the global section exports traces"],
);

export const UNSUPPORTED_GLOBAL: ReadonlyMap<string, UnsupportedWord> = table(
  ['setcap', USER],
  [list(`issuers-chain-path ssl-default-bind-client-sigalgs ssl-default-server-client-sigalgs ssl-dh-param-file ssl-engine
    ssl-mode-async ssl-passphrase-cmd ssl-propquery ssl-provider
    ssl-provider-path ssl-security-level ssl-skip-self-issued-ca maxsslconn maxsslrate key-base ocsp-update.disable
    ocsp-update.httpproxy ocsp-update.maxdelay ocsp-update.mindelay ocsp-update.mode acme.scheduler`), TLS],
  [list('log-send-hostname log-tag'), null],
  [list('lua-load lua-load-per-thread lua-prepend-path'), null],
  [list('server-state-base server-state-file load-server-state-from-file stats-file'), null],
  [list(`51degrees-allow-unmatched 51degrees-cache-size 51degrees-data-file 51degrees-difference 51degrees-drift
    51degrees-property-name-list 51degrees-property-separator 51degrees-use-performance-graph 51degrees-use-predictive-graph
    anonkey close-spread-time cluster-secret deviceatlas-json-file deviceatlas-log-level
    deviceatlas-properties-cookie deviceatlas-separator dns-accept-family dns-static-hosts 
    external-check force-cfg-parser-pause force-be-switch h1-accept-payload-with-any-method
    h1-case-adjust h1-case-adjust-file h1-do-not-close-on-insecure-transfer-encoding h2-workaround-bogus-websocket-clients
    harden.reject-privileged-ports.tcp harden.reject-privileged-ports.quic http-err-codes http-fail-codes
    httpclient.resolvers.disabled httpclient.resolvers.id httpclient.resolvers.prefer httpclient.retries httpclient.ssl.ca-file
    httpclient.ssl.verify httpclient.timeout.connect limited-quic 
    maxcompcpuusage maxcomprate maxconnrate maxsessrate maxzlibmem mworker-prealloc
    pp2-never-send-local
    quiet shm-stats-file shm-stats-file-max-objects     wurfl-cache-size wurfl-data-file wurfl-information-list wurfl-information-list-separator
    wurfl-patch-file `), null],
  [under('stats', 'admin auth enable hide-version realm refresh scope show-desc show-legends show-modules show-node uri'), "it belongs to a 'listen', 'frontend' or 'backend' section"],
);

/** Whole families by their prefix: `tune.…`. */
export const UNSUPPORTED_GLOBAL_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['tune.', "HAProxy's tuning has no counterpart here: remove the line"],
]);

export const UNSUPPORTED_PROXY: ReadonlyMap<string, UnsupportedWord> = table(
  [under('stats', 'show-modules'), 'remove the line'],
  [list(`monitor
    filter compression errorloc errorloc302 errorloc303 http-error log-format-sd error-log-format log-steps log-tag rate-limit use-fcgi-app quic-initial`), null],
  ['capture cookie', "'http-request capture req.cook(<name>) len <length>'"],
  [under('http-check', 'connect comment set-var set-var-fmt unset-var'), "'http-check send' and 'http-check expect' are there"],
  [list('tcp-check external-check email-alert'), CHECKS],
  [list('persist force-persist ignore-persist hash-preserve-affinity'), null],
  [list(`backlog clitcpka-cnt clitcpka-idle clitcpka-intvl srvtcpka-cnt srvtcpka-idle srvtcpka-intvl description 
    force-be-switch guid id load-server-state-from-file max-keep-alive-queue max-session-srv-conns
    server-state-file-name source dgram-bind be-unpublished`), null],
  [under('timeout', 'client-hs'), null],
  [under('option', `tcp-check smtpchk mysql-check pgsql-check redis-check ldap-check ssl-hello-chk external-check
    spop-check`), CHECKS],
  [under('option', `nolinger prefer-last-server`),
  'it tunes what Pillion does in its own way: remove the line'],
  [under('option', `accept-invalid-http-request accept-invalid-http-response accept-unsafe-violations-in-http-request
    accept-unsafe-violations-in-http-response checkcache clitcpka disable-h2-upgrade dontlog-normal
    h1-case-adjust-bogus-client h1-case-adjust-bogus-server http-drop-request-trailers
    http-drop-response-trailers http-ignore-probes http-use-proxy-header idle-close-on-response
    log-separate-errors  persist socket-stats srvtcpka tcpka use-small-buffers`), null],
);
