/** `npm start`: arguments, signals, exit code. What the demo does is in demo.ts. */
import { Demo } from './demo.ts';
import { HELP, parseOptions } from './options.ts';
import type { DemoOptions } from './options.ts';

function options(): DemoOptions {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

const parsed = options();
if (parsed.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const demo = new Demo(parsed, process.stdout);
let asked = false;
function stop(): void {
  if (asked) process.exit(130);
  asked = true;
  demo.end();
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
// Nobody reads any more, e.g. `npm start | head`.
process.stdout.on('error', () => demo.end());
// However this process ends, its children do not outlive it.
process.on('exit', () => demo.kill());

try {
  process.exitCode = await demo.run();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
process.exit();
