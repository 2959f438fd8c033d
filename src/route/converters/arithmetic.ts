/** Converters of numbers and truth values (HAProxy manual 7.3.1). */
import { converter } from '../declare.ts';
import { parseVariable } from '../arguments.ts';
import { asInt } from '../value.ts';
import type { Arguments, Converter } from '../declare.ts';
import type { Evaluation } from '../context.ts';

/** The argument: a number, or a variable's value. */
function operand(args: Arguments): (context: Evaluation) => number | null {
  const text = args.text(0);
  if (/^[+-]?\d+$/.test(text)) {
    const value = Number(text);
    return () => value;
  }
  const { scope, name } = parseVariable(text);
  return (context) => {
    const value = context.getVariable(scope, name);
    return value === null ? null : asInt(value);
  };
}

/** HAProxy's 64-bit arithmetic ends at its limits instead of overflowing; beyond 2^53 digits are lost here. */
const LARGEST = Number.MAX_SAFE_INTEGER;

function clamp(value: number): number {
  return Math.max(-LARGEST, Math.min(LARGEST, value));
}

function binary(name: string, summary: string, compute: (a: number, b: number) => number): Converter {
  return converter(name, 'value:intvar', 'int', 'int', summary, (args) => {
    const other = operand(args);
    return (value, context) => {
      const right = other(context);
      const left = asInt(value);
      return right === null || left === null ? null : clamp(compute(left, right)) + 0;
    };
  });
}

/** On all 64 bits, negative numbers in two's complement. */
function bits(compute: (a: bigint, b: bigint) => bigint): (a: number, b: number) => number {
  return (a, b) => Number(BigInt.asIntN(64, compute(BigInt.asUintN(64, BigInt(a)), BigInt.asUintN(64, BigInt(b)))));
}

export const ARITHMETIC_CONVERTERS: readonly Converter[] = [
  binary('add', 'Adds a number or a variable.', (a, b) => a + b),
  binary('and', 'Bitwise AND with a number or a variable.', bits((a, b) => a & b)),
  converter('bool', '', 'int', 'bool', 'Whether it is not 0.', () => (value) => value !== 0),
  converter('cpl', '', 'int', 'int', 'All bits inverted.', () => (value) => -(asInt(value) ?? 0) - 1),
  binary('div', 'Divides by a number or a variable; by 0 gives the largest number.', (a, b) => (b === 0 ? LARGEST : Math.trunc(a / b))),
  converter('even', '', 'int', 'bool', 'Whether it is even.', () => (value) => (asInt(value) ?? 0) % 2 === 0),
  binary('mod', 'The rest of the division by a number or a variable; by 0 gives 0.', (a, b) => (b === 0 ? 0 : a % b)),
  binary('mul', 'Multiplies by a number or a variable.', (a, b) => a * b),
  converter('neg', '', 'int', 'int', 'With the opposite sign.', () => (value) => 0 - (asInt(value) ?? 0)),
  converter('not', '', 'int', 'bool', 'Whether it is 0.', () => (value) => value === 0),
  converter('odd', '', 'int', 'bool', 'Whether it is odd.', () => (value) => (asInt(value) ?? 0) % 2 !== 0),
  binary('or', 'Bitwise OR with a number or a variable.', bits((a, b) => a | b)),
  binary('sub', 'Subtracts a number or a variable.', (a, b) => a - b),
  binary('xor', 'Bitwise exclusive OR with a number or a variable.', bits((a, b) => a ^ b)),
];
