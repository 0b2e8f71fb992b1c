import { setTimeout as sleep } from 'node:timers/promises';
import { distribution, line } from '../statistics.ts';

const PAUSE_MS = 500;

/** Asks for figures that may not change, again and again until some work is done; prints what that took and how many were wrong. */
export const readWhile = async (
  what: string,
  figures: () => Promise<unknown>,
  work: Promise<unknown>,
): Promise<void> => {
  const told = async () => JSON.stringify(await figures());
  const truth = await told();
  const took: number[] = [];
  let wrong = 0;
  let working = true;
  const reading = (async () => {
    while (working) {
      const began = performance.now();
      if ((await told()) !== truth) wrong++;
      took.push(performance.now() - began);
      await sleep(PAUSE_MS);
    }
  })();
  await work.finally(() => {
    working = false;
  });
  await reading;
  console.log(distribution(`  ${what}`, took));
  line('of these wrong', String(wrong));
};
