/** HAProxy's words, the most used first, as configurations that people write use them: in this order docs list those that are missing. */

const DIRECTIVES = `
  thread-groups|option log-health-checks|use_backend|tune.ssl.default-dh-param|option logasap|stats socket|acl|option httpchk|
  tune.ssl.capture-buffer-size|crt-base|http-reuse|log-format|stick-table|stick|http-request|http-response|tcp-request|http-check|redirect|option http-buffer-request|use-server|errorfile|
  option tcp-check|unique-id-format|option httpslog|tune.ssl.cachesize|option httpclose|capture|set-var|option smtpchk|
  option accept-unsafe-violations-in-http-request|option forwardfor|option socket-stats|stats enable|stats uri|force-be-switch|error-log-format|
  hash-preserve-affinity|hash-type|external-check|option external-check|monitor-uri|option ldap-check|option mysql-check|option pgsql-check|
  option redis-check|option ssl-hello-chk|ssl-default-bind-options|unique-id-header|cookie|http-error|errorfiles|option http-keep-alive|
  option abortonclose|declare|option originalto|option forwarded|http-fail-codes|http-err-codes|timeout tarpit|tune.maxrewrite|
  option http-server-close|log-steps|log-profile|log-tag|id|set-var-fmt|ssl-server-verify|ca-base|option log-separate-errors|http-after-response|
  guid|stats-file|disabled|be-unpublished|stats admin|stats refresh|tcp-check|filter|compression|monitor|email-alert|source|
  option contstats|option allbackups|persist|description|spread-checks|max-spread-checks|server-state-file|lua-load`;

const SECTIONS = 'http-errors|healthcheck|log-profile|resolvers|peers|cache|ring|userlist|program|fcgi-app|mailers|log-forward|crt-store|traces|acme';

const BIND_KEYWORDS = 'crt-ignore-err|curves|crl-file|name|ecdhe|ca-verify-file|guid-prefix|maxconn|tfo|interface|id|backlog|level|thread|shards';

const SERVER_KEYWORDS = `
  sni|check-ssl|pool-max-conn|check-sni|track|agent-send|agent-check|agent-port|agent-inter|agent-addr|healthcheck|check-proto|check-alpn|
  check-via-socks4|socks4|port|addr|pool-low-conn|pool-conn-name|set-proxy-v2-tlv-fmt|cookie|ws|name|from|no-ssl-reuse|no-sni-auto|
  no-check-sni-auto|guid|observe|error-limit|on-error|on-marked-down|on-marked-up|init-state|source|id`;

function rank(list: string): ReadonlyMap<string, number> {
  return new Map(list.split('|').map((name, index) => [name.trim(), index]));
}

export const DIRECTIVE_RANK: ReadonlyMap<string, number> = rank(DIRECTIVES);
export const SECTION_RANK: ReadonlyMap<string, number> = rank(SECTIONS);
export const BIND_KEYWORD_RANK: ReadonlyMap<string, number> = rank(BIND_KEYWORDS);
export const SERVER_KEYWORD_RANK: ReadonlyMap<string, number> = rank(SERVER_KEYWORDS);

/** The most used first, then the others by the alphabet. */
export function byImportance(names: Iterable<string>, ranks: ReadonlyMap<string, number>): readonly string[] {
  const place = (name: string): number => ranks.get(name) ?? ranks.size;
  return [...names].toSorted((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}
