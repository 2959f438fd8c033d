/** What a test opens is closed after it, last first, whether it passed or not. */
export function cleanUpAfterEach(): (cleanup: () => unknown) => void {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    while (cleanups.length > 0) await cleanups.pop()?.();
  });
  return (cleanup) => void cleanups.push(cleanup);
}
