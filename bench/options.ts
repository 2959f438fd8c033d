/** The command line of the bench. */
import { parseArgs } from 'node:util';

/** c connections with m concurrent streams each. */
export interface Case {
  readonly name: string;
  readonly connections: number;
  readonly streams: number;
}

export interface Options {
  readonly cases: readonly Case[];
  readonly h1: boolean;
  readonly tls: boolean;
  readonly tcp: boolean;
  readonly latency: boolean;
  readonly streaming: boolean;
  readonly memory: boolean;
  readonly start: boolean;
  readonly rounds: number;
  /** How long one gRPC measurement of one proxy should take. */
  readonly seconds: number;
  /** Bytes of one TCP measurement. */
  readonly tcpBytes: number;
  /** Bytes of one measurement of streams, and how often each is made. */
  readonly streamBytes: number;
  readonly streamRounds: number;
  /** Cold starts of each proxy. */
  readonly starts: number;
  /** Commands to measure instead of the build of this checkout. */
  readonly pillions: readonly string[];
  /** Names of the proxies to compare; all when empty. */
  readonly peers: readonly string[];
  readonly json: string | undefined;
}

/** What can be measured beside the cases. */
const otherParts = ['h1', 'tls', 'latency', 'tcp', 'streaming', 'memory', 'start'];
const cases = [caseOf(10, 100), caseOf(100, 10), caseOf(100, 1), caseOf(1, 1)];

export const usage: string = `npm run bench -- [--quick] [--rounds N] [--only PARTS] [--peers NAMES] [--pillion [NAME=]COMMAND]... [--json FILE]
  --quick    about a minute and a half: 2 short rounds instead of 5
  --rounds   how often every proxy is measured in every case
  --only     of ${cases.map((each) => each.name).join(',')},${otherParts.join(',')}
  --peers    of pillion,haproxy,haproxy-splice,nginx,envoy,raw-relay
  --pillion  another checkout or build, measured instead of this one; several are compared: it is given -f FILE
  --json     writes every single measurement to FILE`;

/** Throws with what is wrong when an argument is not understood. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
      pillion: { type: 'string', multiple: true },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) throw new Error(usage);
  const parts = [...cases.map((each) => each.name), ...otherParts];
  const only = values.only?.split(',') ?? parts;
  for (const part of only) if (!parts.includes(part)) throw new Error(`--only: '${part}' is none of ${parts.join(', ')}`);
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new Error('--rounds takes a whole number from 1 to 100');
  return {
    cases: cases.filter((each) => only.includes(each.name)),
    h1: only.includes('h1'),
    tls: only.includes('tls'),
    tcp: only.includes('tcp'),
    latency: only.includes('latency'),
    streaming: only.includes('streaming'),
    memory: only.includes('memory'),
    start: only.includes('start'),
    rounds,
    seconds: values.quick ? 0.5 : 1.5,
    tcpBytes: values.quick ? 500e6 : 1500e6,
    streamBytes: values.quick ? 250e6 : 2 ** 30,
    streamRounds: Math.min(rounds, 3),
    starts: values.quick ? 3 : 7,
    pillions: values.pillion ?? [],
    peers: values.peers?.split(',') ?? [],
    json: values.json,
  };
}

export function caseOf(connections: number, streams: number): Case {
  return { name: `${connections}x${streams}`, connections, streams };
}
