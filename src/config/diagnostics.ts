/** What is wrong with a configuration, where, and what was probably meant. */

export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** How many characters of the line are meant; at least 1. */
  readonly length: number;
  /** The whole line as it stands in the file. */
  readonly source: string;
}

export interface Diagnostic {
  /** `notice`: what makes no difference to those who use the proxy, and does not count for -dW; `diag`: shown by -dD only. */
  readonly severity: 'error' | 'warning' | 'notice' | 'diag';
  readonly message: string;
  /** null: no single place in a file, such as an unreadable file. */
  readonly position: Position | null;
  /** What to write instead. */
  readonly hint: string | null;
}

/** Where parsers and builders report; they go on afterwards, so that all errors are seen at once. */
export interface Reporter {
  error(message: string, position: Position | null, hint?: string | null): void;
  warning(message: string, position: Position | null, hint?: string | null): void;
  remark(severity: 'notice' | 'diag', message: string, position: Position | null, hint?: string | null): void;
  /** More errors than are shown: no use in looking for further ones. */
  readonly full: boolean;
}

/** A file of garbage must not become a screen of garbage a thousand times over. */
const MAX_DIAGNOSTICS = 200;

/** Lines longer than this are shown as a window around the column. */
const MAX_SHOWN = 160;

export interface Diagnostics extends Reporter {
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
  readonly remarks: readonly Diagnostic[];
}

export function collectDiagnostics(): Diagnostics {
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const remarks: Diagnostic[] = [];
  const said = new Set<string>();
  const add = (list: Diagnostic[], diagnostic: Diagnostic): void => {
    // A line in defaults may be wrong for each of the proxies that inherit it; it is wrong once.
    const key = `${diagnostic.position?.file}:${diagnostic.position?.line}:${diagnostic.position?.column}:${diagnostic.message}`;
    if (said.has(key)) return;
    if (list.length <= MAX_DIAGNOSTICS) said.add(key);
    if (list.length < MAX_DIAGNOSTICS) list.push(diagnostic);
    else if (list.length === MAX_DIAGNOSTICS) {
      const message = `more than ${MAX_DIAGNOSTICS} ${diagnostic.severity}s: the rest is not shown`;
      list.push({ severity: diagnostic.severity, message, position: null, hint: null });
    }
  };
  return {
    errors,
    warnings,
    remarks,
    get full(): boolean {
      return errors.length > MAX_DIAGNOSTICS;
    },
    error: (message, position, hint = null) => add(errors, { severity: 'error', message, position, hint }),
    warning: (message, position, hint = null) => add(warnings, { severity: 'warning', message, position, hint }),
    remark: (severity, message, position, hint = null) => add(remarks, { severity, message, position, hint }),
  };
}

/**
 * `file:line:column: error: text`, the line itself, a caret under what is meant, and the hint. No colours; no newline at the end.
 * Control characters of the file never reach the terminal.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, message, position, hint } = diagnostic;
  const lines: string[] = [];
  if (position === null) lines.push(`${severity}: ${printable(message)}`);
  else {
    lines.push(`${printable(position.file)}:${position.line}:${position.column}: ${severity}: ${printable(message)}`);
    const { text, offset } = window(position);
    if (text.trim() !== '') {
      // Tabs stay tabs in front of the caret, so that it stands where the terminal puts the character.
      const lead = text.slice(0, offset).replace(/[^\t]/g, ' ');
      const width = Math.max(1, Math.min(position.length, text.length - offset));
      lines.push(`  ${printable(text)}`, `  ${lead}${'^'.repeat(width)}`);
    }
  }
  if (hint !== null) lines.push(`  hint: ${printable(hint)}`);
  return lines.join('\n');
}

function window(position: Position): { text: string; offset: number } {
  const { source, column } = position;
  if (source.length <= MAX_SHOWN) return { text: source, offset: column - 1 };
  const start = Math.max(0, Math.min(column - 1 - MAX_SHOWN / 4, source.length - MAX_SHOWN));
  return { text: source.slice(start, start + MAX_SHOWN), offset: column - 1 - start };
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => (char === '\t' ? char : '?'));
}
