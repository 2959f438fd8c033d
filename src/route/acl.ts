/** ACLs: a fetch, a way to match, patterns (HAProxy manual 7.1). */
import { compileCalls, type Expression } from './expression.ts';
import { FETCHES } from './fetches/all.ts';
import { readEntries } from './files.ts';
import { METHODS, patternSet, type Method, type PatternSet } from './matching.ts';
import { nearest } from '../config/nearest.ts';
import { fromConfiguration } from './value.ts';
import { scanCalls, within, type Call, type Word } from './syntax.ts';
import type { Position } from '../config/diagnostics.ts';
import { FAIL, PASS, UNKNOWN } from './scope.ts';
import type { RuleScope, Test } from './scope.ts';
import type { Type, Value } from './value.ts';

const DEFAULT_METHOD: Readonly<Record<Type, Method | null>> = {
  any: null, bool: 'bool', int: 'int', addr: 'ip', ipv4: 'ip', ipv6: 'ip', str: 'str', bin: 'bin', meth: 'str',
};

/** Suffixes of ACL keywords: `path_beg` is `path -m beg`. */
const DERIVED: readonly Method[] = ['beg', 'dir', 'dom', 'end', 'len', 'reg', 'sub', 'ip', 'int', 'bin'];

/** Compiles `criterion [flags] [operator] [patterns]`; null: reported. */
export function compileTest(words: readonly Word[], scope: RuleScope, owner: Position): Test | null {
  const [head, ...rest] = words;
  if (head === undefined) {
    scope.report.error('an ACL needs a criterion, such as path_beg', owner);
    return null;
  }
  const criterion = compileCriterion(head, scope);
  if (criterion === null) return null;
  const options = parseFlags(rest, head, criterion.method, scope);
  return options === null ? null : assemble(criterion.expression, options, head, scope);
}

/** `path_beg`, `hdr_dom(host)`, `src`, `req.hdr(host),lower`. */
function compileCriterion({ text, position }: Word, scope: RuleScope): { expression: Expression; method: Method | null } | null {
  const scanned = scanCalls(text, 0, null);
  if (!scanned.ok) {
    scope.report.error(`ACL criterion '${text}': ${scanned.message}`, within(position, text, scanned.at, 1));
    return null;
  }
  const [first, ...rest] = scanned.calls;
  const derived = first === undefined || FETCHES.has(first.name) ? null : derivation(first);
  const calls = derived === null ? scanned.calls : [derived.call, ...rest];
  const expression = compileCalls(calls, text, position, scope);
  if (expression === null) return null;
  if (derived !== null && rest.length > 0) {
    const hint = `'${derived.call.name}' with '-m ${derived.method}' behind the converters`;
    scope.report.error(`'${first?.name ?? ''}' is a criterion with a match of its own: no converter may follow it`, position, hint);
    return null;
  }
  if (derived !== null) return { expression, method: derived.method };
  if (/^req[._]ssl_ver$/.test(expression.name)) return { expression, method: 'version' };
  return { expression, method: DEFAULT_METHOD[expression.type] };
}

function derivation(call: Call): { call: Call; method: Method } | null {
  const split = /^(.+)_([a-z]{2,3})$/.exec(call.name);
  const method = DERIVED.find((one) => one === split?.[2]);
  const base = split?.[1] ?? '';
  const fetch = FETCHES.get(base);
  if (fetch === undefined || method === undefined || !['str', 'bin', 'meth'].includes(fetch.type)) return null;
  return { call: { ...call, name: base }, method };
}

interface Options {
  readonly method: Method;
  readonly ignoreCase: boolean;
  readonly patterns: readonly Word[];
  readonly files: readonly Word[];
  /** `-M`: files are maps, of which only the keys count. */
  readonly maps: boolean;
}

function parseFlags(words: readonly Word[], head: Word, criterionMethod: Method | null, scope: RuleScope): Options | null {
  let method = criterionMethod;
  let explicit = false;
  let ignoreCase = false;
  let maps = false;
  const files: Word[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const flag = words[at] as Word;
    const value = words[at + 1];
    if (flag.text === '--') {
      at++;
      break;
    }
    if (!/^-[A-Za-z]$/.test(flag.text)) break;
    if (flag.text === '-i') ignoreCase = true;
    else if (flag.text === '-M') maps = true;
    // -n: names are never resolved here; -u: an id for the command socket, which needs none.
    else if (flag.text === '-n') continue;
    else if ('-f-m-u'.includes(flag.text)) {
      if (value === undefined) {
        scope.report.error(`'${flag.text}' needs ${flag.text === '-f' ? 'a file' : flag.text === '-m' ? `one of ${METHODS.join(', ')}` : 'a number'}`, flag.position);
        return null;
      }
      at++;
      if (flag.text === '-f') files.push(value);
      if (flag.text === '-m') {
        const found = METHODS.find((one) => one === value.text);
        if (found === undefined) {
          const near = nearest(value.text, METHODS);
          scope.report.error(`unknown matching method '${value.text}'`, value.position, near === null ? `expected one of ${METHODS.join(', ')}` : `did you mean '${near}'?`);
          return null;
        }
        if (criterionMethod !== null && found !== criterionMethod && DERIVED.includes(criterionMethod) && head.text.includes(`_${criterionMethod}`)) {
          scope.report.warning(`'-m ${found}' replaces the match of '${head.text}'`, value.position);
        }
        method = found;
        explicit = true;
      }
    } else {
      scope.report.error(`unknown flag '${flag.text}' of an ACL`, flag.position, "flags are -i, -f, -m, -n, -M and -u; '--' ends them");
      return null;
    }
  }
  if (method === null) {
    scope.report.error(`'${head.text}' needs '-m' and a matching method: what type it has is known at run time only`, head.position, `one of ${METHODS.join(', ')}`);
    return null;
  }
  const patterns = words.slice(at);
  if (patterns.length === 0 && files.length === 0 && method !== 'bool' && method !== 'found') {
    const hint = explicit ? null : "to ask whether it is there: '-m found'";
    scope.report.warning(`'${head.text}' has no pattern to match: it is never true`, head.position, hint);
  }
  return { method, ignoreCase, patterns, files, maps };
}

function assemble(expression: Expression, options: Options, head: Word, scope: RuleScope): Test | null {
  const { method, ignoreCase, patterns, files, maps } = options;
  const set = patternSet<true>(method, ignoreCase);
  let fine = true;
  if (method === 'bool' || method === 'found') set.add('', true);
  else for (const { text, position } of patterns) fine = add(set, text, position, scope) && fine;
  for (const file of files) fine = load(set, file, maps, scope) && fine;
  if (!fine) return null;
  if (set.warning !== null) scope.report.warning(set.warning, head.position);
  const { get, all } = expression;
  const found = method === 'found';
  return {
    name: head.text,
    needs: expression.needs,
    evaluate(context) {
      context.undecided = false;
      if (all === null) {
        const value = get(context);
        if (value !== null && (found || matches(set, value))) return PASS;
      } else {
        for (const value of all(context)) if (found || matches(set, value)) return PASS;
      }
      return context.undecided && !context.final ? UNKNOWN : FAIL;
    },
  };
}

function matches(set: PatternSet<true>, value: Value): boolean {
  return set.find(value) === true;
}

function add(set: PatternSet<true>, text: string, position: Position, scope: RuleScope): boolean {
  const wrong = set.add(fromConfiguration(text), true);
  if (wrong !== null) scope.report.error(wrong, position);
  return wrong === null;
}

function load(set: PatternSet<true>, { text, position }: Word, maps: boolean, scope: RuleScope): boolean {
  try {
    for (const { key, line } of readEntries(scope.path(text), maps)) {
      const wrong = set.add(key, true);
      if (wrong === null) continue;
      scope.report.error(`${text}:${line}: ${wrong}`, position);
      return false;
    }
    return true;
  } catch (error) {
    scope.report.error(error instanceof Error ? error.message : String(error), position);
    return false;
  }
}
