/** `once` of the worker kit for the agents of a test: what effects have come to, kept in memory by dispatch. Its limits are the kit's to test. */
export type Once = <Result>(key: string, effect: () => Result | Promise<Result>) => Promise<Result>;

/** @returns the `once` of a dispatch, the same for all of its attempts */
export function createTestOnce(): (dispatchId: string) => Once {
  /** As JSON; what comes to nothing has none. */
  const kept = new Map<string, Promise<string | undefined>>();
  return (dispatchId) =>
    async <Result>(key: string, effect: () => Result | Promise<Result>): Promise<Result> => {
      const call = `${dispatchId} ${key}`;
      const called = kept.get(call) ?? Promise.try(effect).then((result) => JSON.stringify(result) as string | undefined);
      kept.set(call, called);
      try {
        const text = await called;
        return (text === undefined ? undefined : JSON.parse(text)) as Result;
      } catch (error) {
        kept.delete(call);
        throw error;
      }
    };
}
