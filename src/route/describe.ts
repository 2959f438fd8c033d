/** Words of rules as text for `pillion help WORD`. */
import { ACTIONS, UNSUPPORTED_ACTIONS } from './actions/all.ts';
import { CONVERTER_ROWS } from './converters/all.ts';
import { signature } from './declare.ts';
import { FETCH_ROWS } from './fetches/all.ts';
import { LOG_VARIABLES } from './log-variables.ts';
import { PREDEFINED } from './predefined.ts';

/** Everything that has this name: a fetch and a converter may share one. Empty: nothing has. */
export function describeRuleWord(name: string): string[] {
  const parts: string[] = [];
  const add = (head: string, summary: string, more: readonly string[]): void => {
    parts.push(`${[head, `    ${summary}`, '', ...more.map((line) => `    ${line}`)].join('\n')}\n`);
  };
  for (const { names, arguments: args, type, summary, origin } of FETCH_ROWS) {
    if (!names.includes(name)) continue;
    const others = names.filter((other) => other !== name);
    add(`${name}${signature(args)}`, summary, [`Sample fetch of type ${type}${origin === 'pillion' ? ", Pillion's own" : ''}`, ...(others.length > 0 ? [`Also: ${others.join(', ')}`] : [])]);
  }
  for (const { names, arguments: args, input, output, summary } of CONVERTER_ROWS) {
    if (names.includes(name)) add(`${name}${signature(args)}`, summary, [`Converter from ${input} to ${output}`]);
  }
  for (const { name: own, usage, summary, sets } of ACTIONS) {
    if (own === name || sets.some((set) => `${set} ${own}` === name)) add(usage, summary, [`Action of ${sets.join(', ')}`]);
  }
  const variable = LOG_VARIABLES.get(name.replace(/^%/, ''));
  if (name.startsWith('%') && variable !== undefined) add(name, `${variable.summary}.`, ['Variable of log-format']);
  const predefined = PREDEFINED.get(name);
  if (predefined !== undefined) add(name, predefined, ['Predefined ACL']);
  return parts;
}

/** For "did you mean". */
export const RULE_WORDS: readonly string[] = [
  ...FETCH_ROWS.flatMap(({ names }) => names), ...CONVERTER_ROWS.flatMap(({ names }) => names), ...ACTIONS.map(({ name }) => name), ...UNSUPPORTED_ACTIONS.keys(),
];
