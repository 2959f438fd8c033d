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
  alone('-c'), alone('-V'), alone('-d'), alone('-q'), alone('-db'), alone('-D'), alone('-dW'),
  alone('-v'), alone('-vv'), alone('-h'), alone('--help'), alone('--version'), alone('--print-config'),
  valued('--listen', 'ADDRESS', 'PILLION_LISTEN'),
  valued('--to', 'SERVERS', 'PILLION_TO'),
  valued('--balance', 'ALGORITHM', 'PILLION_BALANCE'),
  valued('--grpc-service', 'NAME', 'PILLION_GRPC_SERVICE'),
  valued('--otlp', 'URL', 'PILLION_OTLP'),
  valued('--admin', 'ADDRESS', 'PILLION_ADMIN'),
];

/** HAProxy's flags that Pillion does not have, with why (management guide 3). */
export const OTHER_FLAGS: ReadonlyMap<string, string> = new Map([
  ...['-W', '-Ws', '-S'].map((name) => [name, 'Pillion is one process without a master: leave it out'] as const),
  ...['-sf', '-st', '-x'].map((name) => [name, 'start the new process, then send SIGUSR1 to the old one'] as const),
  ...['-de', '-dp', '-dS', '-dG', '-dR', '-dt', '-dM', '-dF', '-dZ', '-m']
    .map((name) => [name, "it tunes HAProxy's own engine: leave it out"] as const),
  ...['-L', '-N', '-cc', '-dC', '-dD', '-dI', '-dK', '-dL', '-dV', '-dr', '-4'].map((name) => [name, 'leave it out'] as const),
]);
