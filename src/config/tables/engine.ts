/**
 * Words that tune HAProxy's own engine, or that Node.js cannot follow: files that have them load. What would be missed has a warning that
 * says what to use instead, what is of the engine alone a notice; what is so in any case has neither (HAProxy manual 3.1, 3.2, 4.2).
 */
import { globalDirective, proxyDirective } from '../directive.ts';
import type { Argument, Directive } from '../directive.ts';
import type { GlobalDraft, ProxyDraft, ProxySection } from '../draft.ts';

const unseen: Argument<null> = {
  usage: '[<argument>...]',
  describe: '<argument>: not looked at',
  take: (cursor) => {
    while (cursor.next() !== undefined) { /* whatever it is */ }
    return null;
  },
};

/** `hint`: what to use instead. `missed`: somebody may rely on it, so that it is a warning; else a notice, which HAProxy would not even give. */
function withoutEffect(name: string, summary: string, hint: string, example = name, missed = false): Directive<GlobalDraft> {
  return globalDirective({
    name, arguments: [unseen], origin: 'haproxy', default: 'none', example, summary, details: `No effect here, and a ${missed ? 'warning' : 'notice'} says so: ${hint}.`,
    apply: (_global, _values, { report, position }) => {
      if (missed) report.warning(`'${name}' has no effect`, position, hint);
      else report.remark('notice', `'${name}' has no effect`, position, hint);
    },
    undo: () => {},
  });
}

/** True in any case, so that nobody misses it. */
function given(name: string, summary: string, details: string, example = name): Directive<GlobalDraft> {
  return globalDirective({ name, arguments: [unseen], origin: 'haproxy', default: 'as if it were there', example, summary, details, apply: () => {}, undo: () => {} });
}

const POLLER = "HAProxy's choice of how to wait for sockets.";
const OWN_WAY = 'Node.js has its own way: remove the line';
const THREADS = 'Pillion runs one event loop: for more cores, run more pods or processes';
const MEMORY = 'buffers are counted by windows and timeouts here: remove the line';

function tuning(names: string, hint: string): Directive<GlobalDraft>[] {
  return names.trim().split(/\s+/).map((name) => withoutEffect(`tune.${name}`, "Tunes HAProxy's engine.", hint, `tune.${name} 1`));
}

export const ENGINE_DIRECTIVES: readonly Directive<GlobalDraft>[] = [
  withoutEffect('chroot', 'Lock the process into a directory.', "a container, or systemd's RootDirectory=, does what Node.js cannot", 'chroot /var/lib/haproxy', true),
  withoutEffect('ulimit-n', 'How many files the process may have open.', "set it by 'ulimit -n', or systemd's LimitNOFILE=", 'ulimit-n 65536', true),
  withoutEffect('fd-hard-limit', 'The largest limit of open files to ask for.', "set it by 'ulimit -n', or systemd's LimitNOFILE=", 'fd-hard-limit 65536', true),
  withoutEffect('master-worker', 'A master process that supervises the worker.', 'Pillion is one process; what starts it supervises it'),
  withoutEffect('mworker-max-reloads', 'How many reloads a worker outlives.', 'Pillion is one process; what starts it supervises it', 'mworker-max-reloads 10'),
  ...['thread-groups', 'thread-group', 'cpu-map', 'cpu-policy', 'cpu-set', 'numa-cpu-mapping'].map((name) =>
    withoutEffect(name, 'Which threads run on which CPUs.', THREADS, name === 'cpu-map' ? 'cpu-map auto:1/1-4 0-3' : `${name} 1`)),
  ...['noepoll', 'nopoll', 'noevports', 'nokqueue'].map((name) => withoutEffect(name, POLLER, OWN_WAY)),
  ...['nosplice', 'busy-polling', 'noreuseport', 'nogetaddrinfo', 'no-memory-trimming', 'prealloc-fd', 'profiling.memory', 'profiling.tasks', 'maxpipes',
    'warn-blocked-traffic-after', 'strict-limits'].map((name) => withoutEffect(name, "Tunes HAProxy's engine.", OWN_WAY)),
  given('expose-experimental-directives', 'Allow directives that HAProxy calls experimental.', 'None is locked away here.'),
  given('expose-deprecated-directives', 'Allow directives that HAProxy is about to drop.', 'None is locked away here.'),
  given('insecure-fork-wanted', 'Allow new processes.', 'External checks may start them here without it.'),
  given('insecure-setuid-wanted', 'Allow set-user-ID programs.', 'Nothing forbids them here.'),
  given('no-quic', 'No QUIC.', 'There is none.'),
  given('set-dumpable', 'Allow core dumps.', 'Nothing forbids them here.'),
  ...tuning(`idle-pool.shared maxaccept maxpollevents pipesize recv_enough runqueue-depth sched.low-latency fd.edge-triggered
    listener.default-shards listener.multi-queue disable-fast-forward disable-zero-copy-forwarding epoll.mask-events
    applet.zero-copy-forwarding h1.zero-copy-fwd-recv h1.zero-copy-fwd-send h2.zero-copy-fwd-send pt.zero-copy-forwarding
    quic.zero-copy-fwd-send ring.queues renice.runtime renice.startup vars.global-max-size vars.proc-max-size vars.reqres-max-size
    vars.sess-max-size vars.txn-max-size stick-counters pattern.cache-size http.cookielen http.logurilen`, OWN_WAY),
  ...tuning('ssl.cachesize ssl.lifetime ssl.maxrecord ssl.hard-maxrecord ssl.ssl-ctx-cache-size ssl.force-private-cache', OWN_WAY),
  withoutEffect('tune.ssl.default-dh-param', 'The size of the group for old key exchanges.', 'OpenSSL chooses it by the size of the key', 'tune.ssl.default-dh-param 2048'),
  ...tuning('ssl.capture-buffer-size ssl.capture-cipherlist-size', 'Node.js does not tell what clients offer: what was agreed upon is known, see ssl_fc_cipher'),
  ...tuning(`buffers.limit buffers.reserve bufsize.large bufsize.small memory.hot-size pool-high-fd-ratio pool-low-fd-ratio rcvbuf.backend
    rcvbuf.client rcvbuf.frontend rcvbuf.server sndbuf.backend sndbuf.client sndbuf.frontend sndbuf.server notsent-lowat.client
    notsent-lowat.server`, MEMORY),
];

const FRONT: readonly ProxySection[] = ['defaults', 'frontend', 'listen'];
const BACK: readonly ProxySection[] = ['defaults', 'listen', 'backend'];
const ANY: readonly ProxySection[] = ['defaults', 'frontend', 'listen', 'backend'];

/** `hint` null: so in any case. */
function option(name: string, sections: readonly ProxySection[], summary: string, hint: string | null): Directive<ProxyDraft> {
  const full = `option ${name}`;
  return proxyDirective({
    name: full, sections, arguments: [], origin: 'haproxy', default: hint === null ? 'as if it were there' : 'off', example: full, summary,
    ...(hint === null ? {} : { details: `No effect here, and a notice says so: ${hint}.` }),
    apply: (_proxy, _values, { report, position }) => { if (hint !== null) report.remark('notice', `'${full}' has no effect`, position, hint); },
    undo: () => {},
  });
}

export const ENGINE_OPTIONS: readonly Directive<ProxyDraft>[] = [
  ...['splice-auto', 'splice-request', 'splice-response'].map((name) => option(name, ANY, 'Move data inside the kernel.', OWN_WAY)),
  option('tcp-smart-accept', FRONT, 'Save a TCP acknowledgement when a client connects.', OWN_WAY),
  option('tcp-smart-connect', BACK, 'Save a TCP acknowledgement when a server is connected to.', OWN_WAY),
  option('independent-streams', ANY, 'Timeouts of the two directions do not count for each other.', 'idle timers count both directions: remove the line'),
  option('contstats', FRONT, 'Count while streams run: counters always do here.', null),
];
