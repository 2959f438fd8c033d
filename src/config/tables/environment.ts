/** Variables, paths, names and identity of the process: directives of `global` (HAProxy manual 2.3, 3.1). */
import path from 'node:path';
import { integer, parseName, parsed, required, time, word } from '../arguments.ts';
import { globalDirective } from '../directive.ts';
import type { Argument, ApplyContext, Directive } from '../directive.ts';
import type { DefaultPath, GlobalDraft } from '../draft.ts';
import type { Position } from '../diagnostics.ts';
import type { Parsed } from '../units.ts';

const NAME = /^[A-Za-z_]\w*$/;

function parseVariable(text: string): Parsed<string> {
  return NAME.test(text) ? { ok: true, value: text } : { ok: false, message: `'${text}' is not the name of a variable: letters, digits and '_', not beginning with a digit` };
}

const variable = parsed('name', 'the name of a variable', parseVariable);

/** A value may be empty, `"${OTHER}"` of an unset variable for one. */
const value: Argument<string> = {
  usage: '<value>',
  describe: '<value>: any text; in double quotes it may have variables itself',
  take: (cursor) => cursor.next()?.text ?? '',
};

function variables(least: number): Argument<readonly string[]> {
  return {
    usage: least > 0 ? '<name>...' : '[<name>...]',
    describe: '<name>: the name of a variable',
    take: (cursor, context) => {
      const names: string[] = [];
      for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
        const name = parseVariable(token.text);
        if (!name.ok) {
          context.report.error(name.message, token.position);
          return undefined;
        }
        names.push(name.value);
      }
      if (names.length >= least) return names;
      context.report.error(`'${context.directive}' needs the name of a variable`, cursor.head);
      return undefined;
    },
  };
}

/** All words of the rest of the line, as one text. */
export const text: Argument<string> = {
  usage: '<text>...',
  describe: '<text>: the rest of the line',
  take: (cursor, context) => {
    const words: string[] = [];
    for (let token = cursor.next(); token !== undefined; token = cursor.next()) words.push(token.text);
    if (words.length > 0) return words.join(' ');
    context.report.error(`'${context.directive}' needs a text`, cursor.head);
    return undefined;
  },
};

const defaultPath: Argument<DefaultPath> = {
  usage: 'current|config|parent|origin <directory>',
  describe: 'current: the directory in which Pillion was started, or of -C; config: that of the file; parent: the one above that',
  take: (cursor, context) => {
    const kind = required(cursor, context, 'one of current, config, parent, origin');
    if (kind === undefined) return undefined;
    if (kind.text === 'current' || kind.text === 'config' || kind.text === 'parent') return { kind: kind.text };
    if (kind.text !== 'origin') {
      context.report.error(`unknown 'default-path' '${kind.text}'`, kind.position, 'expected one of current, config, parent, origin');
      return undefined;
    }
    cursor.head = kind.position;
    const directory = required(cursor, { ...context, directive: 'origin' }, 'a directory');
    return directory && { kind: 'origin', path: directory.text };
  },
};

/** Where `file`, named in a line at `position`, is. Absolute paths are what they are. */
export function pathBy(rule: DefaultPath, position: Position, file: string): string {
  if (file === '' || path.isAbsolute(file)) return file;
  const beside = path.dirname(position.file);
  switch (rule.kind) {
    case 'current': return file;
    case 'config': return path.join(beside, file);
    case 'parent': return path.join(beside, '..', file);
    case 'origin': return path.join(rule.path, file);
  }
}

function identity(what: 'user' | 'group', name: string, number: boolean): Directive<GlobalDraft> {
  const argument: Argument<string | number> = number
    ? parsed('number', `the number of a ${what}`, (given) =>
      (/^\d{1,9}$/.test(given) ? { ok: true, value: Number(given) } : { ok: false, message: `'${given}' is not a number; '${what}' takes a name` }))
    : word('name', `the name of a ${what} of the system`);
  return globalDirective({
    name, arguments: [argument], origin: 'haproxy', default: `the ${what} that starts Pillion`, example: `${name} ${number ? 1000 : 'haproxy'}`,
    summary: `The ${what} that the process becomes once it listens.`,
    details: "Only root can become somebody else: started by others, a warning says so and the line has no effect. Files that are read later "
      + 'must be readable for it. In a container, leave it out and let the runtime set the user.',
    apply: (global, [whom], { report, position }: ApplyContext) => {
      if (global[what] !== null) report.warning(`the ${what} is given again: this one counts`, position);
      global[what] = whom;
    },
  });
}

export const ENVIRONMENT_DIRECTIVES: readonly Directive<GlobalDraft>[] = [
  globalDirective({
    name: 'setenv', arguments: [variable, value], origin: 'haproxy', default: 'none', example: 'setenv REGION eu-1',
    summary: 'Set a variable of the environment, for the lines that follow and for the process.',
    apply: ({ environment }, [name, given]) => { environment[name] = given; },
  }),
  globalDirective({
    name: 'presetenv', arguments: [variable, value], origin: 'haproxy', default: 'none', example: 'presetenv REGION eu-1',
    summary: 'Set a variable of the environment unless it is set.',
    apply: ({ environment }, [name, given]) => { environment[name] ??= given; },
  }),
  globalDirective({
    name: 'unsetenv', arguments: [variables(1)], origin: 'haproxy', default: 'none', example: 'unsetenv http_proxy https_proxy',
    summary: 'Remove variables from the environment.',
    apply: ({ environment }, [names]) => { for (const name of names) delete environment[name]; },
  }),
  globalDirective({
    name: 'resetenv', arguments: [variables(0)], origin: 'haproxy', default: 'none', example: 'resetenv PATH HOME',
    summary: 'Remove all variables from the environment but these.',
    apply: ({ environment }, [kept]) => {
      for (const name of Object.keys(environment)) if (!kept.includes(name)) delete environment[name];
    },
  }),
  globalDirective({
    name: 'default-path', arguments: [defaultPath], origin: 'haproxy', default: 'current', example: 'default-path config',
    summary: 'Where relative paths of files begin, in the lines that follow.',
    apply: (global, [rule]) => { global.defaultPath = rule; },
  }),
  globalDirective({
    name: 'description', arguments: [text], origin: 'haproxy', default: 'none', example: 'description the edge of eu-1',
    summary: 'A text about this instance, for people.',
    apply: (global, [words]) => { global.description = words; },
  }),
  globalDirective({
    name: 'node', arguments: [parsed('name', 'a name of letters, digits, dots, hyphens and underscores', parseName)], origin: 'haproxy',
    summary: 'The name of this instance.', default: "the machine's name", example: 'node edge-1',
    apply: (global, [name]) => { global.node = name; },
  }),
  globalDirective({
    name: 'spread-checks', arguments: [integer('percent', 0, 50)], origin: 'haproxy', default: '0', example: 'spread-checks 5',
    summary: 'By how much of their interval checks come earlier or later, by chance, so that those of many servers do not come together.',
    apply: (global, [percent]) => { global.checkSpread = { ...global.checkSpread, percent }; },
  }),
  globalDirective({
    name: 'max-spread-checks', arguments: [time('time', { min: 1 })], origin: 'haproxy', default: '500ms', example: 'max-spread-checks 2s',
    summary: 'The time over which the first checks are spread; less where the interval is shorter.',
    apply: (global, [firstWithinMs]) => { global.checkSpread = { ...global.checkSpread, firstWithinMs }; },
  }),
  globalDirective({
    name: 'localpeer', arguments: [parsed('name', 'a name', parseName)], origin: 'haproxy', default: "the machine's name", example: 'localpeer edge-1',
    summary: 'The name of this instance among its peers: the value of HAPROXY_LOCALPEER in the lines that follow.',
    details: "The command line's -L does the same for the whole file.",
    apply: ({ environment }, [name]) => { environment['HAPROXY_LOCALPEER'] = name; },
  }),
  globalDirective({
    name: 'zero-warning', arguments: [], origin: 'haproxy', default: 'off', example: 'zero-warning',
    summary: 'Do not start with a warning, as with -dW.',
    apply: (global) => { global.zeroWarning = true; },
  }),
  identity('user', 'user', false),
  identity('group', 'group', false),
  identity('user', 'uid', true),
  identity('group', 'gid', true),
];
