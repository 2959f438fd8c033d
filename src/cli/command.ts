/** What a command line asks for. */
import type { Question } from './explain.ts';
import type { BindAddress } from '../config/model.ts';

/** Where the configuration comes from: files, or flags that stand for one. */
export type Origin =
  | { readonly kind: 'files'; /** Files and directories, in order. */ readonly paths: readonly string[] }
  | { readonly kind: 'flags'; readonly flags: ProxyFlags };

/** `--listen … --to …`, checked; each may come from its PILLION_* variable. */
export interface ProxyFlags {
  /** As written: one or more addresses, comma-separated. */
  readonly listen: string;
  readonly to: readonly Destination[];
  readonly balance: string;
  /** null: the server as a whole. */
  readonly grpcService: string | null;
  readonly otlp: string | null;
  readonly admin: { readonly text: string; readonly address: BindAddress } | null;
}

/** One entry of `--to`; `dns`: every address of the host is a server. `address` as `server` takes it. */
export interface Destination {
  readonly dns: boolean;
  readonly address: string;
}

export interface RunOptions {
  /** -V or -d. */
  readonly verbose: boolean;
  /** -d: stays in the foreground and says what it does. */
  readonly debug: boolean;
  /** -q: no messages, errors neither. */
  readonly quiet: boolean;
  /** -D true, -db or -d false, else as `daemon` in the configuration says: null. */
  readonly daemon: boolean | null;
  /** -p, over `pidfile`. */
  readonly pidfile: string | null;
  /** -n, over `maxconn`. */
  readonly maxconn: number | null;
  /** -dW: warnings are failures. */
  readonly failOnWarning: boolean;
  /** -dD: `.diag` messages are shown. */
  readonly diagnose: boolean;
  /** -N: for frontends without `maxconn`. */
  readonly proxyMaxconn: number | null;
  /** -L: the value of HAPROXY_LOCALPEER. */
  readonly localPeer: string | null;
  /** -W, -Ws. */
  readonly worker: boolean;
  /** -dV: servers' certificates are not verified. */
  readonly trustServers: boolean;
  /** -sf and -st: processes to end once this one listens; `finish` lets them drain. */
  readonly replaces: { readonly pids: readonly number[]; readonly finish: boolean };
  /** What is to be said of flags. */
  readonly notes: readonly string[];
  /** -C: the directory to change to before files are read. */
  readonly directory: string | null;
}

export type Command =
  | { readonly kind: 'run' | 'check' | 'print-config'; readonly origin: Origin; readonly options: RunOptions }
  | { readonly kind: 'version'; readonly verbose: boolean }
  /** -cc. */
  | { readonly kind: 'condition'; readonly text: string }
  /** -dK…: the words that are known; `classes` empty: all. */
  | { readonly kind: 'keywords' }
  /** `pillion migrate FILE`. */
  | { readonly kind: 'migrate'; readonly path: string }
  /** `pillion explain …`. */
  | { readonly kind: 'explain'; readonly question: Question }
  /** `topic`: the words behind `help`; empty: the command line itself. */
  | { readonly kind: 'help'; readonly topic: readonly string[] }
  /** Nothing was asked for. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'invalid'; readonly messages: readonly string[] };

/** What to print and how to end. Texts are complete, with their last line feed. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}
