/** What commands print, and their exit codes. Pure: main.ts writes it. */
import { collectDiagnostics, formatDiagnostic } from '../config/diagnostics.ts';
import { describeTopic } from '../config/describe.ts';
import { listens, loadConfiguration } from '../config/load.ts';
import { migrate } from '../config/migrate.ts';
import { evaluateCondition } from '../config/conditions.ts';
import { keywordList } from '../config/keyword-list.ts';
import { lex } from '../config/lexer.ts';
import { hasFeature } from '../config/tables/features.ts';
import { explainRequest, type Question } from './explain.ts';
import { HELP, versionText } from './help.ts';
import type { Environment, Source } from '../config/lexer.ts';
import type { Diagnostic } from '../config/diagnostics.ts';
import type { LoadedConfiguration } from '../config/load.ts';
import type { Command, Output, RunOptions } from './command.ts';
import type { VersionInfo } from './help.ts';

/** Commands that need no configuration. */
export type Saying = Exclude<Command, { kind: 'run' | 'check' | 'print-config' | 'migrate' | 'explain' }>;

export function say(command: Saying, info: VersionInfo, env: Environment = {}): Output {
  switch (command.kind) {
    case 'version': return { stdout: versionText(info, command.verbose), stderr: '', exitCode: 0 };
    case 'keywords': return { stdout: keywordList(), stderr: '', exitCode: 0 };
    case 'condition': {
      const report = collectDiagnostics();
      // As a line of a file: quotes and variables first.
      const [words = []] = lex({ path: '-cc', text: command.text }, env, report, () => '');
      const result = evaluateCondition(words.map(({ text }) => text).join(' '), { env, feature: hasFeature });
      const failure = report.errors[0]?.message ?? (result.ok ? null : result.message);
      if (failure !== null || !result.ok) return { stdout: '', stderr: `pillion: -cc: ${failure}\n`, exitCode: 2 };
      return { stdout: '', stderr: '', exitCode: result.value ? 0 : 1 };
    }
    case 'nothing': return { stdout: '', stderr: HELP, exitCode: 1 };
    case 'invalid': {
      const lines = command.messages.map((message) => `pillion: ${message}\n`);
      return { stdout: '', stderr: `${lines.join('')}'pillion --help' shows the flags.\n`, exitCode: 1 };
    }
    case 'help': {
      if (command.topic.length === 0) return { stdout: HELP, stderr: '', exitCode: 0 };
      const { found, text } = describeTopic(command.topic);
      return found ? { stdout: text, stderr: '', exitCode: 0 } : { stdout: '', stderr: text, exitCode: 1 };
    }
  }
}

/** `pillion explain`: an error where the configuration has some, or where no frontend is there to ask. */
export function explained(loaded: LoadedConfiguration, unreadable: readonly Diagnostic[], question: Question): Output {
  const errors = [...unreadable, ...loaded.errors];
  if (errors.length > 0 || loaded.configuration === null) {
    return { stdout: '', stderr: errors.map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join(''), exitCode: 1 };
  }
  const text = explainRequest(loaded.configuration, question);
  if (text !== null) return { stdout: text, stderr: '', exitCode: 0 };
  const what = question.frontend === null ? "no frontend has a 'bind'" : `there is no frontend named '${question.frontend}'`;
  return { stdout: '', stderr: `pillion: ${what}\n`, exitCode: 1 };
}

/**
 * What there is to say of a configuration, before it runs or instead of it (`-c`). `exitCode` 0: it may run; 1: errors, or warnings
 * with -dW, or nothing would listen. -q is silent, errors included, as in HAProxy. `errors` of reading come first.
 */
export function report(
  loaded: LoadedConfiguration, unreadable: readonly Diagnostic[], options: RunOptions, check: boolean,
): Output {
  const errors = [...unreadable, ...loaded.errors];
  const notes = options.notes.map((note) => `pillion: ${note}\n`);
  const remarks = loaded.remarks.filter(({ severity }) => severity === 'notice' || options.diagnose);
  const shown = [...errors, ...loaded.warnings, ...remarks].map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`);
  const end = (message: string | null, exitCode: number): Output => {
    const stderr = options.quiet ? '' : `${notes.join('')}${shown.join('')}${message === null ? '' : `${message}\n`}`;
    const valid = check && exitCode === 0 && options.verbose && !options.quiet;
    return { stdout: valid ? 'Configuration file is valid\n' : '', stderr, exitCode };
  };
  if (errors.length > 0 || loaded.configuration === null) {
    return end(errors.length === 1 ? 'One error in the configuration.' : `${errors.length} errors in the configuration.`, 1);
  }
  if ((options.failOnWarning || loaded.zeroWarning) && loaded.warnings.length > 0) {
    return end(`Warnings count as errors (${options.failOnWarning ? '-dW' : 'zero-warning'}).`, 1);
  }
  if (!listens(loaded.configuration)) {
    // As HAProxy: a check ends with 2, a start with 1.
    return end("Nothing to listen on: no frontend has a 'bind'.", check ? 2 : 1);
  }
  return end(null, 0);
}

/** `pillion migrate`: the file on stdout; on stderr what it still has errors and warnings of. `exitCode` 1: errors. */
export function migrated(
  { sources, errors }: { readonly sources: readonly Source[]; readonly errors: readonly Diagnostic[] }, env: Environment,
): Output {
  const rewritten = sources.map((source) => ({ ...source, text: migrate(source) }));
  const loaded = loadConfiguration(rewritten, env);
  const said = errors.length > 0 ? errors : [...loaded.errors, ...loaded.warnings];
  return {
    stdout: rewritten.map(({ text }) => text).join(''),
    stderr: said.map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join(''),
    exitCode: errors.length + loaded.errors.length > 0 ? 1 : 0,
  };
}
