/** The demo's command line. */
import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** How long to run, seconds; null: until interrupted. */
  readonly seconds: number | null;
  /** The port that Pillion listens on; null: a free one. */
  readonly port: number | null;
  readonly help: boolean;
}

export const HELP = `npm start -- [options]

Three gRPC replicas behind Pillion, restarted one after another while a client keeps calling.

  --seconds N   end after N seconds with a summary; exit code 1 if any call failed
  --port P      the port on 127.0.0.1 that Pillion listens on (a free one is chosen otherwise)
  --help        this text

Ctrl-C ends the demo: running calls finish first.
`;

/** @throws Error with a message for the user when an argument is unknown or malformed. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    strict: true,
  });
  return {
    seconds: wholeNumber('--seconds', values.seconds, 1, 86_400),
    port: wholeNumber('--port', values.port, 1, 65_535),
    help: values.help ?? false,
  };
}

function wholeNumber(name: string, text: string | undefined, least: number, most: number): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) throw new Error(`${name} takes a whole number from ${least} to ${most}, not '${text}'`);
  return value;
}
