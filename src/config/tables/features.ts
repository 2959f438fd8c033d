/** What `feature(NAME)` holds for: HAProxy's build options whose work Pillion does (HAProxy manual 2.4, `haproxy -vv`). */
import { BIND_KEYWORDS } from './proxy.ts';

const ALWAYS = new Set(['EPOLL', 'GETADDRINFO', 'POLL', 'RT', 'THREAD_DUMP', 'SYSTEMD', 'ACCEPT4', 'BACKTRACE']);

/** Others of HAProxy's that people ask for, which there are not. */
const NEVER = ['CPU_AFFINITY', 'KQUEUE', 'LINUX_SPLICE', 'LINUX_TPROXY', 'LUA', 'NS', 'OT', 'PCRE', 'PCRE2', 'PROMEX', 'QUIC', 'SLZ', 'TFO', 'THREAD', 'ZLIB'];

/** As `haproxy -vv` prints them. */
export function featureList(): string {
  return [...ALWAYS, 'OPENSSL', ...NEVER].toSorted().map((name) => `${hasFeature(name) ? '+' : '-'}${name}`).join(' ');
}

export function hasFeature(name: string): boolean {
  if (name === 'OPENSSL') return BIND_KEYWORDS.some((row) => row.name === 'ssl');
  return ALWAYS.has(name);
}
