/**
 * The shape of a row in the tables of directives. A row says everything that is known of a directive: where it may stand,
 * its arguments with their types, its documentation and what it compiles to. Parser, error texts, help and docs read rows.
 */
import type { Position, Reporter } from './diagnostics.ts';
import type { GlobalDraft, ProxyDraft, ProxySection, SectionKind } from './draft.ts';
import type { Token } from './lexer.ts';

/** The words behind a directive's name, taken from left to right. */
export class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** The words that the next arguments belong to, for "missing argument". */
  head: Position;

  constructor(tokens: readonly Token[], head: Position) {
    this.#tokens = tokens.slice(0, tokens.findLastIndex((token) => token.vanishing !== true) + 1);
    this.head = head;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++];
  }
}

/** Where arguments are parsed: they report what is wrong and are told what they belong to. */
export interface ArgumentContext {
  readonly report: Reporter;
  /** The directive as written, such as `timeout connect`. */
  readonly directive: string;
}

/** One argument: how it is written, and how it is taken from the line. undefined: it was wrong, and that was reported. */
export interface Argument<T> {
  /** As it stands in the usage line: `<time>`, `[<n>]`, `roundrobin|leastconn`. */
  readonly usage: string;
  /** One line for help: type, unit, range. */
  readonly describe: string;
  readonly take: (cursor: Cursor, context: ArgumentContext) => T | undefined;
}

export type ValuesOf<A extends readonly Argument<unknown>[]> = { [K in keyof A]: A[K] extends Argument<infer T> ? T : never };

/** What stands in every row, whatever it compiles to. */
export interface Documentation {
  /** One sentence. */
  readonly summary: string;
  /** More, where there is more to know. */
  readonly details?: string;
  readonly example: string;
  /** What holds without the directive. */
  readonly default: string;
  /** `pillion`: not in HAProxy's language. */
  readonly origin: 'haproxy' | 'pillion';
}

export interface ApplyContext {
  readonly report: Reporter;
  /** The directive's words. */
  readonly position: Position;
  /** A file that the line names, by 'default-path'. */
  readonly path: (file: string) => string;
}

/** A row, its argument types hidden. `D` is the draft of the section that it belongs to. */
export interface Directive<D> extends Documentation {
  /** `timeout connect`: one to three words. */
  readonly name: string;
  readonly sections: readonly SectionKind[];
  readonly usage: string;
  readonly arguments: readonly { readonly usage: string; readonly describe: string }[];
  /** `no NAME` undoes it. */
  readonly negatable: boolean;
  /** What HAProxy says of it in a proxy that cannot use it: an error, or a warning that it is ignored. In `defaults`: an error. */
  readonly misplaced: 'error' | 'warning';
  /** In `defaults` it is for the proxies that begin with that section: read once more for each of them, in front of its own lines. */
  readonly replayed: boolean;
  /** Takes the arguments and applies them; false when something was wrong, and reported. */
  readonly compile: (draft: D, cursor: Cursor, context: ArgumentContext & ApplyContext) => boolean;
  readonly undo: (draft: D) => void;
  /** `default NAME`: what holds in HAProxy without any line. */
  readonly reset: (draft: D) => void;
}

interface Row<D, A extends readonly Argument<unknown>[], S extends SectionKind> extends Documentation {
  readonly name: string;
  readonly sections: readonly S[];
  readonly arguments: A;
  readonly misplaced?: 'error' | 'warning';
  readonly replayed?: true;
  /** Present: `no NAME` is allowed and does this. */
  readonly undo?: (draft: D) => void;
  /** Present: `default NAME` does this, and not what `undo` does. */
  readonly reset?: (draft: D) => void;
  readonly apply: (draft: D, values: ValuesOf<A>, context: ApplyContext) => void;
}

/** A row of the global section. */
export function globalDirective<const A extends readonly Argument<unknown>[]>(
  row: Omit<Row<GlobalDraft, A, 'global'>, 'sections'>,
): Directive<GlobalDraft> {
  return hideArguments({ ...row, sections: ['global'] });
}

/** A row of `defaults`, `frontend`, `backend` or `listen`. */
export function proxyDirective<const A extends readonly Argument<unknown>[]>(
  row: Row<ProxyDraft, A, ProxySection>,
): Directive<ProxyDraft> {
  return hideArguments(row);
}

type SectionRow<D> = <const A extends readonly Argument<unknown>[]>(row: Omit<Row<D, A, SectionKind>, 'sections'>) => Directive<D>;

/** Rows of a section that is neither `global` nor a proxy. */
export function sectionDirective<D>(section: SectionKind): SectionRow<D> {
  return (row) => hideArguments({ ...row, sections: [section] });
}

function hideArguments<D, A extends readonly Argument<unknown>[]>(row: Row<D, A, SectionKind>): Directive<D> {
  const { apply, undo, reset, ...rest } = row;
  return {
    ...rest,
    usage: [row.name, ...row.arguments.map((argument) => argument.usage)].join(' ').trimEnd(),
    negatable: undo !== undefined,
    misplaced: row.misplaced ?? 'warning',
    replayed: row.replayed === true,
    undo: (draft) => undo?.(draft),
    reset: (draft) => (reset ?? undo)?.(draft),
    compile: (draft, cursor, context) => {
      const values = takeAll(row.arguments, cursor, context);
      if (values === undefined) return false;
      apply(draft, values, context);
      return true;
    },
  };
}

/** All arguments of a row, and nothing behind them; undefined when something was wrong, and reported. */
export function takeAll<A extends readonly Argument<unknown>[]>(
  args: A, cursor: Cursor, context: ArgumentContext,
): ValuesOf<A> | undefined {
  const values: unknown[] = [];
  for (const argument of args) {
    const value = argument.take(cursor, context);
    if (value === undefined) return undefined;
    values.push(value);
  }
  const extra = cursor.peek();
  if (extra !== undefined) {
    const expected = args.length === 0 ? 'takes no argument' : 'takes no further argument';
    const hint = extra.text.startsWith('//') ? "a comment begins with '#'" : null;
    context.report.error(`'${context.directive}' ${expected}: unexpected '${extra.text}'`, extra.position, hint);
    return undefined;
  }
  // Each value came from the argument at its own index, which is what the mapped type says.
  return values as ValuesOf<A>;
}
