/** The flags, declared once: the parser and "did you mean" read this table. */

/** `value`: what the next word is called in messages; null: the flag stands alone. */
export interface Flag {
  readonly name: string;
  readonly value: string | null;
  /** The variable that stands in for it. */
  readonly variable: string | null;
}

const alone = (name: string): Flag => ({ name, value: null, variable: null });
const valued = (name: string, value: string, variable: string | null = null): Flag => ({ name, value, variable });

export const FLAGS: readonly Flag[] = [
  valued('-f', 'FILE'), valued('-p', 'PIDFILE'), valued('-n', 'MAXCONN'), valued('-C', 'DIR'),
  valued('-N', 'MAXCONN'), valued('-L', 'NAME'), valued('-cc', 'CONDITION'), alone('-sf'), alone('-st'), alone('-dD'), alone('-dV'), alone('-dK'),
  alone('-c'), alone('-V'), alone('-d'), alone('-q'), alone('-db'), alone('-D'), alone('-dW'),
  alone('-v'), alone('-vv'), alone('-h'), alone('--help'), alone('--version'), alone('--print-config'),
  valued('--listen', 'ADDRESS', 'PILLION_LISTEN'),
  valued('--to', 'SERVERS', 'PILLION_TO'),
  valued('--balance', 'ALGORITHM', 'PILLION_BALANCE'),
  valued('--grpc-service', 'NAME', 'PILLION_GRPC_SERVICE'),
  valued('--otlp', 'URL', 'PILLION_OTLP'),
  valued('--admin', 'ADDRESS', 'PILLION_ADMIN'),
];

/**
 * HAProxy's other flags (management guide 3). `value`: the next word belongs to it; `attached`: more may follow in the same word, as in
 * `-dMno-merge`. `word`: what is said of it on stderr; null: it asks for nothing that is missing here.
 */
export interface HaproxyFlag {
  readonly name: string;
  readonly value: string | null;
  readonly attached: boolean;
  readonly word: string | null;
}

const ENGINE = ['-dM', '-dI', '-de', '-dp', '-dS', '-dG', '-dR', '-dt', '-dF', '-dZ', '-dL', '-dr', '-W', '-Ws', '-dA'];

export const HAPROXY_FLAGS: readonly HaproxyFlag[] = [
  ...ENGINE.map((name) => ({ name, value: null, attached: !name.startsWith('-W'), word: null })),
  { name: '-S', value: 'ADDRESS', attached: false, word: 'there is no master process, so nothing listens for its commands' },
  { name: '-x', value: 'SOCKET', attached: false, word: 'sockets are not taken over from the old process: they are bound anew' },
  { name: '-m', value: 'MEGABYTES', attached: false, word: "has no effect: limit the memory by the container, or systemd's MemoryMax=" },
];

/** HAProxy's flags that cannot be followed, with why. */
export const OTHER_FLAGS: ReadonlyMap<string, string> = new Map([
  ['-dC', "'pillion migrate FILE' prints a configuration"],
  ['-4', "the system's resolver decides on the family: see gai.conf(5)"],
]);
