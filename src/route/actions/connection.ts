/** Actions on the addresses by which rules, logs and servers know the client. */
import { asAddress, asInt } from '../value.ts';
import { done } from './headers.ts';
import type { Action, ActionInput, Apply, RuleSet } from './action.ts';
import type { Evaluation } from '../context.ts';

const SETS: readonly RuleSet[] = ['http-request', 'tcp-request connection', 'tcp-request session', 'tcp-request content'];

type Addresses = Pick<Evaluation, 'source' | 'destination' | 'sourcePort' | 'destinationPort'>;

/** On a connection the change is for all its streams, on a request for that one. The connection's own rules change what fc_src and its kin say. */
function assign(input: ActionInput, change: (target: Addresses, value: NonNullable<ReturnType<typeof asAddress>>) => void): Apply | null {
  const expression = input.expression();
  if (expression === null || !done(input)) return null;
  const { set } = input;
  return (context) => {
    const value = expression.get(context);
    const address = value === null ? null : asAddress(value);
    if (address === null) return null;
    mark(context, (target) => change(target, address), set);
    return null;
  };
}

function mark(context: Evaluation, change: (target: Addresses) => void, set: RuleSet): void {
  change(context);
  context.readdressed = true;
  if (set === 'http-request') return;
  change(context.session);
  if (set === 'tcp-request connection') change(context.session.peer);
  context.session.readdressed = true;
}

function assignPort(input: ActionInput, change: (target: Addresses, port: number) => void): Apply | null {
  const expression = input.expression();
  if (expression === null || !done(input)) return null;
  const { set } = input;
  return (context) => {
    const value = expression.get(context);
    const port = value === null ? null : asInt(value);
    if (port === null || port < 0 || port > 65_535) return null;
    mark(context, (target) => change(target, port), set);
    return null;
  };
}

export const CONNECTION_ACTIONS: readonly Action[] = [
  {
    name: 'set-dst', parameter: null, usage: 'set-dst <expression>', sets: SETS, summary: 'Another address for `dst`, as rules, logs and servers see it.',
    compile: (input) => assign(input, (target, value) => { target.destination = value; }),
  },
  {
    name: 'set-dst-port', parameter: null, usage: 'set-dst-port <expression>', sets: SETS, summary: 'Another port for `dst_port`, as rules, logs and servers see it.',
    compile: (input) => assignPort(input, (target, port) => { target.destinationPort = port; }),
  },
  {
    name: 'set-src', parameter: null, usage: 'set-src <expression>', sets: SETS, summary: 'Another address for `src`, as rules, logs and servers see it.',
    compile: (input) => assign(input, (target, value) => { target.source = value; }),
  },
  {
    name: 'set-src-port', parameter: null, usage: 'set-src-port <expression>', sets: SETS, summary: 'Another port for `src_port`, as rules, logs and servers see it.',
    compile: (input) => assignPort(input, (target, port) => { target.sourcePort = port; }),
  },
];
