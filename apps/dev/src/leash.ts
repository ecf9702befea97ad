/**
 * Loaded into every app that ./dev starts (`node --import`): when the pipe from ./dev ends, ./dev is gone, even by SIGKILL,
 * and the app ends too. It never keeps an app alive.
 */
/** Longer than the app's own grace time (BATON_GRACE_MS, 15 s). */
const shutdownMs = 20_000;

process.stdin.once('close', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), shutdownMs).unref();
});
process.stdin.resume();
if ('unref' in process.stdin) process.stdin.unref();
