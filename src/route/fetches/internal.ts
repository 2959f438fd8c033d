/** Fetches that look at no traffic (HAProxy manual 7.3.2). */
import { randomInt, randomUUID } from 'node:crypto';
import { parseVariable } from '../arguments.ts';
import { ArgumentError, fetch } from '../declare.ts';
import { asText, fromConfiguration, octetsOf } from '../value.ts';
import { parseAddress } from '../address.ts';
import type { Fetch } from '../declare.ts';

const constant = <T>(value: T) => (): T => value;

export const INTERNAL_FETCHES: readonly Fetch[] = [
  fetch('always_false', 'bool', 'Always false.', {}, () => constant(false)),
  fetch('always_true', 'bool', 'Always true.', {}, () => constant(true)),
  fetch('bin', 'bin', 'The octets that the hexadecimal digits stand for.', { args: 'hex:text' }, (args) => {
    if (!/^([0-9a-f]{2})*$/i.test(args.text(0))) throw new ArgumentError(`'${args.text(0)}' is not an even number of hexadecimal digits`);
    return constant(Buffer.from(args.text(0), 'hex'));
  }),
  fetch('bool', 'bool', 'The constant: true, false, 1 or 0.', { args: 'value:text' }, (args) => {
    const text = args.text(0);
    if (!/^(true|false|1|0)$/.test(text)) throw new ArgumentError(`'${text}' is neither true nor false`);
    return constant(/^(true|1)$/.test(text));
  }),
  fetch('date', 'int', 'Seconds since 1970 (unit s), or ms or us; offset in seconds is added.', { args: '[offset:int] [unit:text]' }, (args) => {
    const offset = args.int(0, 0);
    const unit = args.text(1) === '' ? 's' : args.text(1);
    if (unit !== 's' && unit !== 'ms' && unit !== 'us') throw new ArgumentError(`the unit of 'date' is s, ms or us, not '${unit}'`);
    if (unit === 's') return () => Math.floor(Date.now() / 1000) + offset;
    return unit === 'ms' ? () => Date.now() + offset * 1000 : () => (Date.now() + offset * 1000) * 1000;
  }),
  fetch('date_us', 'int', 'The microseconds of the present second.', {}, () => () => (Date.now() % 1000) * 1000),
  fetch('env', 'str', 'A variable of the environment, as it was at start.', { args: 'name:text' }, (args, { env }) => {
    const value = env[args.text(0)];
    return constant(value === undefined ? null : fromConfiguration(value));
  }),
  fetch('hostname', 'str', 'The name of this machine.', { needs: 'connection' }, () => ({ session }) => session.directory.hostname),
  fetch('int', 'int', 'The constant.', { args: 'value:int' }, (args) => constant(args.int(0, 0))),
  fetch('ipv4', 'ipv4', 'The constant.', { args: 'address:text' }, (args) => constant(address(args.text(0), 4))),
  fetch('ipv6', 'ipv6', 'The constant.', { args: 'address:text' }, (args) => constant(address(args.text(0), 6))),
  fetch('last_rule_file', 'str', 'The file of the rule that ended the evaluation.', {}, () => (context) => context.lastRule?.file ?? null),
  fetch('last_rule_line', 'int', 'The line of the rule that ended the evaluation.', {}, () => (context) => context.lastRule?.line ?? null),
  fetch('meth', 'meth', 'The constant, as a method.', { args: 'name:text' }, (args) => constant(args.text(0))),
  fetch('nbproc', 'int', 'How many processes serve: 1.', {}, () => constant(1)),
  fetch('nbthread', 'int', 'How many event loops serve: 1.', {}, () => constant(1)),
  fetch('pid', 'int', 'The process id.', { needs: 'connection' }, () => ({ session }) => session.directory.pid),
  fetch('proc', 'int', "The process's number: 1.", {}, () => constant(1)),
  fetch('rand', 'int', 'A random number from 0 to range - 1 (2^32 without).', { args: '[range:int]' }, (args) => {
    const range = args.int(0, 2 ** 32);
    if (range < 1 || range > 2 ** 32) throw new ArgumentError(`the range of 'rand' lies between 1 and 2^32`);
    return () => randomInt(range);
  }),
  fetch('str', 'str', 'The constant.', { args: 'text:text' }, (args) => constant(args.text(0))),
  fetch('thread', 'int', "The event loop's number: 1.", {}, () => constant(1)),
  fetch('uptime', 'int', 'Seconds since the process started.', {}, () => () => Math.floor(performance.now() / 1000)),
  fetch('uuid', 'str', 'A random UUID (RFC 9562, version 4).', { args: '[version:int]' }, (args) => {
    if (args.int(0, 4) !== 4) throw new ArgumentError("only version 4 of 'uuid' is supported");
    return () => randomUUID();
  }),
  fetch('unique-id', 'str', "What unique-id-format makes of this stream.", { needs: 'connection' }, () => (context) => context.uniqueId),
  fetch('var', 'any', 'A variable (proc., sess., txn., req., res.); the default where it is not set.', { args: 'name:var [default:text]' }, (args) => {
    const { scope, name } = parseVariable(args.text(0));
    const fallback = args.count > 1 ? args.text(1) : null;
    return (context) => context.getVariable(scope, name) ?? fallback;
  }),
];

function address(text: string, version: 4 | 6): NonNullable<ReturnType<typeof parseAddress>> {
  const parsed = parseAddress(text);
  if (parsed === null || parsed.version !== version) throw new ArgumentError(`'${text}' is not an IPv${version} address`);
  return parsed;
}

/** For converters that take a constant or the name of a variable: its text now, or null. */
export function variableText(text: string): (context: Parameters<ReturnType<Fetch['compile']>>[0]) => string | null {
  if (text === '') return constant('');
  const { scope, name } = parseVariable(text);
  return (context) => {
    const value = context.getVariable(scope, name);
    return value === null ? null : value instanceof Uint8Array ? octetsOf(value) : asText(value);
  };
}
