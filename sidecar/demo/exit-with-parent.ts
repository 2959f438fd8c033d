/** Preloaded into every child of the demo: a child whose parent has gone, in whatever way, ends too. */

const HARD_STOP_MS = 6000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), HARD_STOP_MS).unref();
  process.kill(process.pid, 'SIGTERM');
});
// Waiting for that must not by itself keep the child alive.
process.channel?.unref();
