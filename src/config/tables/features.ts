/** What `feature(NAME)` holds for: HAProxy's build options whose work Pillion does (HAProxy manual 2.4, `haproxy -vv`). */
import { BIND_KEYWORDS } from './proxy.ts';

const ALWAYS = new Set(['EPOLL', 'GETADDRINFO', 'POLL', 'RT', 'THREAD_DUMP', 'SYSTEMD', 'ACCEPT4', 'BACKTRACE']);

export function hasFeature(name: string): boolean {
  if (name === 'OPENSSL') return BIND_KEYWORDS.some((row) => row.name === 'ssl');
  return ALWAYS.has(name);
}
