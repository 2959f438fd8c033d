/** A command line, and the environment behind it, into a command. Pure. */
import { parseBindAddresses, parseServerAddress } from '../config/address.ts';
import { BALANCE_ALGORITHMS } from '../config/tables/balance.ts';
import { nearest } from '../config/nearest.ts';
import { parseOtlpUrl } from '../config/tables/global.ts';
import { parseExplain } from './explain.ts';
import { FLAGS, HAPROXY_FLAGS, OTHER_FLAGS } from './flags.ts';
import type { Environment } from '../config/lexer.ts';
import type { Command, Destination, Origin, ProxyFlags, RunOptions } from './command.ts';

const FLAG_NAMES = new Map(FLAGS.map((flag) => [flag.name, flag]));
const VARIABLES = FLAGS.filter((flag) => flag.variable !== null);

/** `argv` without node and script. Wrong words are all named, not the first only. */
export function parseArguments(argv: readonly string[], env: Environment): Command {
  if (argv[0] === 'help') return { kind: 'help', topic: argv.slice(1) };
  if (argv[0] === 'migrate') return migrate(argv.slice(1));
  if (argv[0] === 'explain') {
    const parsed = parseExplain(argv.slice(1));
    return parsed.ok ? { kind: 'explain', question: parsed.question } : { kind: 'invalid', messages: parsed.messages };
  }
  const words = readWords(argv);
  const { messages, given } = words;
  const has = (name: string): boolean => given.has(name);
  if (has('-h') || has('--help')) return { kind: 'help', topic: [] };
  if (has('-v') || has('-vv') || has('--version')) return { kind: 'version', verbose: has('-vv') };

  if (has('-dK') && messages.length === 0) return { kind: 'keywords' };
  const condition = given.get('-cc');
  if (condition !== undefined && messages.length === 0) return { kind: 'condition', text: condition };

  const options = runOptions(words, messages);
  const origin = originOf(words, env, messages);
  const printConfig = has('--print-config');
  if (printConfig && origin?.kind === 'files') {
    messages.push('--print-config shows what --listen and --to mean; a file is its own text');
  }
  if (messages.length > 0) return { kind: 'invalid', messages };
  if (origin === null) {
    return printConfig ? { kind: 'invalid', messages: ['--print-config needs --listen and --to'] } : { kind: 'nothing' };
  }
  return { kind: printConfig ? 'print-config' : has('-c') ? 'check' : 'run', origin, options };
}

function migrate(paths: readonly string[]): Command {
  const [path, extra] = paths;
  if (path !== undefined && extra === undefined) return { kind: 'migrate', path };
  return { kind: 'invalid', messages: [path === undefined ? "'migrate' needs a file: pillion migrate FILE" : "'migrate' takes one file"] };
}

interface Words {
  /** Values by flag; a flag without value has ''. */
  readonly given: Map<string, string>;
  readonly paths: string[];
  readonly messages: string[];
  readonly pids: number[];
  /** HAProxy's other flags, by name. */
  readonly haproxy: Set<string>;
}

function readWords(argv: readonly string[]): Words {
  const words: Words = { given: new Map(), paths: [], messages: [], pids: [], haproxy: new Set() };
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') {
      words.paths.push(...argv.slice(index + 1));
      break;
    }
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    const flag = FLAG_NAMES.get(name);
    if (flag === undefined) {
      index += takeHaproxyFlag(words, word, argv[index + 1]);
      continue;
    }
    if (name === '-sf' || name === '-st') {
      words.given.set(name, '');
      for (let next = argv[index + 1]; next !== undefined && /^\s*\d[\d\s]*$/.test(next); next = argv[index + 1]) {
        words.pids.push(...next.trim().split(/\s+/).map(Number));
        index++;
      }
      continue;
    }
    let value = equals < 0 ? '' : word.slice(equals + 1);
    if (flag.value === null) {
      if (equals >= 0) words.messages.push(`${name} takes no value`);
    } else if (equals < 0) {
      const next = argv[index + 1];
      if (next === undefined || FLAG_NAMES.has(next)) {
        words.messages.push(`${name} needs a value: ${name} ${flag.value}`);
        continue;
      }
      value = next;
      index++;
    }
    if (name === '-f') words.paths.push(value);
    else words.given.set(name, value);
  }
  return words;
}

/** How many words behind it were taken. */
function takeHaproxyFlag(words: Words, word: string, next: string | undefined): number {
  if (word.startsWith('-dK')) {
    words.given.set('-dK', word.slice(3));
    return 0;
  }
  const flag = HAPROXY_FLAGS.find(({ name, attached }) => word === name || (attached && word.startsWith(name) && /^-d.[\w,0-9=:-]*$/.test(word)));
  if (flag === undefined) words.messages.push(unknownWord(word.startsWith('--') ? (word.split('=')[0] ?? word) : word));
  else if (flag.value !== null && next === undefined) words.messages.push(`${flag.name} needs a value: ${flag.name} ${flag.value}`);
  else {
    words.haproxy.add(flag.name);
    return flag.value === null ? 0 : 1;
  }
  return 0;
}

function unknownWord(word: string): string {
  const other = OTHER_FLAGS.get(word);
  if (other !== undefined) return `${word} is HAProxy's and not supported by Pillion: ${other}`;
  if (!word.startsWith('-')) return `unexpected word '${word}': files are given by -f, or behind --`;
  const near = nearest(word, FLAG_NAMES.keys());
  return `unknown flag '${word}'${near === null ? '' : `; did you mean '${near}'?`}`;
}

function runOptions({ given, pids, haproxy }: Words, messages: string[]): RunOptions {
  const count = (name: string): number | null => {
    const text = given.get(name);
    if (text === undefined) return null;
    if (!/^[1-9]\d{0,8}$/.test(text)) messages.push(`${name}: '${text}' is not a number of connections`);
    return Number(text);
  };
  const maxconn = count('-n');
  if (given.has('-D') && (given.has('-db') || given.has('-d'))) messages.push('-D contradicts -db and -d');
  const debug = given.has('-d');
  return {
    verbose: given.has('-V') || debug,
    debug,
    quiet: given.has('-q'),
    daemon: given.has('-D') ? true : given.has('-db') || debug ? false : null,
    pidfile: given.get('-p') ?? null,
    maxconn,
    proxyMaxconn: count('-N'),
    failOnWarning: given.has('-dW'),
    diagnose: given.has('-dD'),
    localPeer: given.get('-L') ?? null,
    worker: haproxy.has('-W') || haproxy.has('-Ws'),
    trustServers: given.has('-dV'),
    replaces: { pids, finish: !given.has('-st') },
    notes: HAPROXY_FLAGS.flatMap(({ name, word }) => (word !== null && haproxy.has(name) ? [`${name}: ${word}`] : [])),
    directory: given.get('-C') ?? null,
  };
}

/** Files win over the environment's PILLION_*, so that a pod's variables cannot turn a given file into an error. */
function originOf(words: Words, env: Environment, messages: string[]): Origin | null {
  const { given, paths } = words;
  const named = VARIABLES.filter((flag) => given.has(flag.name));
  if (paths.length > 0) {
    if (named.length > 0) messages.push(`${named[0]?.name} is for running without a file: put it into the file, or leave out -f`);
    return { kind: 'files', paths };
  }
  const value = (name: string): { text: string; source: string } | null => {
    const text = given.get(name);
    if (text !== undefined) return { text, source: name };
    const variable = FLAG_NAMES.get(name)?.variable ?? '';
    const fromEnv = env[variable];
    return fromEnv === undefined || fromEnv === '' ? null : { text: fromEnv, source: variable };
  };
  const listen = value('--listen');
  const to = value('--to');
  if (listen === null && to === null) {
    if (named.length > 0) messages.push(`${named[0]?.name} needs --listen and --to`);
    return null;
  }
  if (listen === null || to === null) {
    if (listen === null) messages.push('--to needs --listen: where clients connect, such as :8080');
    else messages.push('--listen needs --to: where to send them');
    return null;
  }
  const others = { balance: value('--balance'), service: value('--grpc-service'), otlp: value('--otlp'), admin: value('--admin') };
  return { kind: 'flags', flags: proxyFlags({ listen, to, ...others }, messages) };
}

interface Valued {
  readonly text: string;
  /** The flag or variable, for messages. */
  readonly source: string;
}

function proxyFlags(
  values: { listen: Valued; to: Valued; balance: Valued | null; service: Valued | null; otlp: Valued | null; admin: Valued | null },
  messages: string[],
): ProxyFlags {
  const { listen, to, balance, service, otlp, admin } = values;
  const listening = parseBindAddresses(listen.text);
  if (!listening.ok) messages.push(`${listen.source}: ${listening.message}`);
  if (balance !== null && !BALANCE_ALGORITHMS.some((name) => name === balance.text)) {
    const near = nearest(balance.text, BALANCE_ALGORITHMS);
    const hint = near === null ? '' : `; did you mean '${near}'?`;
    messages.push(`${balance.source}: '${balance.text}' is none of ${BALANCE_ALGORITHMS.join(', ')}${hint}`);
  }
  if (service !== null && !/^[\w.]+$/.test(service.text)) {
    messages.push(`${service.source}: '${service.text}' is not the name of a gRPC service`);
  }
  const url = otlp === null ? null : parseOtlpUrl(otlp.text);
  if (otlp !== null && url !== null && !url.ok) messages.push(`${otlp.source}: ${url.message}`);
  const adminAddress = admin === null ? null : parseBindAddresses(admin.text);
  if (admin !== null && adminAddress !== null) {
    if (!adminAddress.ok) messages.push(`${admin.source}: ${adminAddress.message}`);
    else if (adminAddress.value.length !== 1) messages.push(`${admin.source}: '${admin.text}' is more than one address`);
  }
  const [address] = adminAddress?.ok === true ? adminAddress.value : [];
  return {
    listen: listen.text,
    to: destinations(to, messages),
    balance: balance?.text ?? 'leastconn',
    grpcService: service?.text ?? null,
    otlp: otlp?.text ?? null,
    admin: admin === null || address === undefined ? null : { text: admin.text, address },
  };
}

function destinations(to: Valued, messages: string[]): Destination[] {
  return to.text.split(',').map((entry) => {
    const dns = entry.startsWith('dns:');
    const address = dns ? entry.slice('dns:'.length) : entry;
    const parsed = parseServerAddress(address);
    if (!parsed.ok) messages.push(`${to.source}: ${parsed.message}`);
    else if (dns && (parsed.value.kind !== 'tcp' || parsed.value.port.kind !== 'fixed' || /^(_|$)/.test(parsed.value.host))) {
      messages.push(`${to.source}: '${entry}' needs a host name and a port: dns:greeter:50051`);
    } else if (parsed.value.kind === 'tcp' && parsed.value.port.kind === 'mapped') {
      messages.push(`${to.source}: '${entry}' needs a port: host:port`);
    }
    return { dns, address };
  });
}
