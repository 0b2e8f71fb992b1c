import { expect, test } from 'vitest';
import { inTurns } from './in-turns.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** Work that goes on when it is told to. */
const opened = (gather?: () => Promise<unknown>) => {
  const begun: { goOn: () => void; fail: (error: Error) => void }[] = [];
  const ask = inTurns(
    () =>
      new Promise<number>((resolve, reject) => {
        const turn = begun.length + 1;
        begun.push({ goOn: () => resolve(turn), fail: reject });
      }),
    gather,
  );
  return { ask, begun };
};

test('who asks while work is under way waits for the next turn, which all who wait share', async () => {
  const { ask, begun } = opened();
  const first = ask();
  await tick();
  const others = [ask(), ask()];
  await tick();
  expect(begun).toHaveLength(1);
  begun[0]?.goOn();
  await tick();
  expect(begun).toHaveLength(2);
  begun[1]?.goOn();
  expect(await Promise.all([first, ...others])).toEqual([1, 2, 2]);
});

test('who asks before it begins shares it', async () => {
  const { ask, begun } = opened(tick);
  const first = ask();
  await Promise.resolve();
  const second = ask();
  await tick();
  await tick();
  begun[0]?.goOn();
  expect(await Promise.all([first, second])).toEqual([1, 1]);
  expect(begun).toHaveLength(1);
});

test('a turn that failed does not keep the next one away', async () => {
  const { ask, begun } = opened();
  const first = ask();
  await tick();
  const second = ask();
  begun[0]?.fail(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await tick();
  begun[1]?.goOn();
  expect(await second).toBe(2);
});
