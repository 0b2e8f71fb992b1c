/**
 * Work that is done once for all who ask before it begins: who asks while it is under way may need what it has passed already, and shares the
 * next turn with all who wait. `gather`: how long a turn waits for others who ask at the same time.
 */
export const inTurns = <Result>(
  work: () => Promise<Result>,
  gather: () => Promise<unknown> = async () => undefined,
): (() => Promise<Result>) => {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<Result> | undefined;
  const turn = async (): Promise<Result> => {
    await running.catch(() => undefined);
    await gather();
    next = undefined;
    const result = work();
    running = result;
    return result;
  };
  return () => {
    next ??= turn();
    return next;
  };
};
