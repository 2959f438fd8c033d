/** What commands print, and their exit codes. Pure: main.ts writes it. */
import { formatDiagnostic } from '../config/diagnostics.ts';
import { describeTopic } from '../config/describe.ts';
import { listens } from '../config/load.ts';
import { HELP, versionText } from './help.ts';
import type { Diagnostic } from '../config/diagnostics.ts';
import type { LoadedConfiguration } from '../config/load.ts';
import type { Command, Output, RunOptions } from './command.ts';
import type { VersionInfo } from './help.ts';

/** Commands that need no configuration. */
export type Saying = Exclude<Command, { kind: 'run' | 'check' | 'print-config' }>;

export function say(command: Saying, info: VersionInfo): Output {
  switch (command.kind) {
    case 'version': return { stdout: versionText(info, command.verbose), stderr: '', exitCode: 0 };
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

/**
 * What there is to say of a configuration, before it runs or instead of it (`-c`). `exitCode` 0: it may run; 1: errors, or warnings
 * with -dW; 2: `-c`, and nothing would listen. -q is silent, errors included, as in HAProxy. `errors` of reading come first.
 */
export function report(
  loaded: LoadedConfiguration, unreadable: readonly Diagnostic[], options: RunOptions, check: boolean,
): Output {
  const errors = [...unreadable, ...loaded.errors];
  const shown = [...errors, ...loaded.warnings].map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`);
  const end = (message: string | null, exitCode: number): Output => {
    const stderr = options.quiet ? '' : `${shown.join('')}${message === null ? '' : `${message}\n`}`;
    const valid = check && exitCode === 0 && options.verbose && !options.quiet;
    return { stdout: valid ? 'Configuration file is valid\n' : '', stderr, exitCode };
  };
  if (errors.length > 0 || loaded.configuration === null) {
    return end(errors.length === 1 ? 'One error in the configuration.' : `${errors.length} errors in the configuration.`, 1);
  }
  if (options.failOnWarning && loaded.warnings.length > 0) return end('Warnings count as errors (-dW).', 1);
  if (!listens(loaded.configuration)) {
    return end("Nothing to listen on: no frontend has a 'bind'.", check ? 2 : 1);
  }
  return end(null, 0);
}
