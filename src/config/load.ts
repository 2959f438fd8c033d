/** Text in, configuration or errors out. Pure: no files, no process. */
import { resolve } from './build/resolve.ts';
import { collectDiagnostics } from './diagnostics.ts';
import { parse } from './parser.ts';
import type { Diagnostic } from './diagnostics.ts';
import type { Environment, Source } from './lexer.ts';
import type { Configuration } from './model.ts';

export interface LoadedConfiguration {
  /** null when there are errors. */
  readonly configuration: Configuration | null;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
  /** Notices, and what `.diag` says. */
  readonly remarks: readonly Diagnostic[];
  /** `zero-warning`: not to be run with a warning. */
  readonly zeroWarning: boolean;
  /** The environment as the configuration left it: `setenv` and its kin. */
  readonly environment: Environment;
}

/** `env` is what `"${VAR}"` means. Never throws, whatever the text. */
export function loadConfiguration(sources: readonly Source[], env: Environment): LoadedConfiguration {
  const report = collectDiagnostics();
  const draft = parse(sources, env, report);
  const configuration = resolve(draft, report.errors.length === 0, report);
  const { errors, warnings, remarks } = report;
  return { configuration: errors.length === 0 ? configuration : null, errors, warnings, remarks, environment: draft.global.environment, zeroWarning: draft.global.zeroWarning };
}

/** Whether anything would be listened on; HAProxy's `-c` exits with 2 when not. */
export function listens(configuration: Configuration): boolean {
  return configuration.frontends.some((frontend) => frontend.binds.length > 0);
}
