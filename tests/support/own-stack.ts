import { randomUUID } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchBrowser } from './browser/browser.ts';
import { eventually } from './eventually.ts';
import { newPlace, type Place, removePlace, type Stack, startStack } from './stack.ts';

/** What the tests of a file share: a running stack of their own and a browser. */
export interface OwnStack {
  place: Place;
  /** A test that stops it puts the next one here. */
  stack: Stack;
  browser: Browser;
  /** Posts to the POS API as a till does and gives its answer; throws unless that is 201. */
  post: (address: string, body: unknown) => Promise<unknown>;
}

/** Nothing sealed for so long: what was loaded is in every fold. */
const QUIET_MS = 5_000;
const SEALED = `SELECT toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(max(at)) FROM sealed.state WHERE name = 'changed'`;

/** Waits until the history that the start loaded has been summed at all levels; new sales are in the figures without that. */
const untilSealed = ({ clickhouse }: Stack): Promise<void> =>
  eventually(async () => {
    const answer = await fetch(`${clickhouse}/?user=analyst`, { method: 'POST', body: SEALED });
    if (!answer.ok || Number(await answer.text()) < QUIET_MS) throw new Error('the sealer is still at work');
  }, 120_000);

/**
 * Starts a stack and a browser before the file's first test and stops them after its last.
 *
 * @param argsOf arguments of `npm start`; may write files into the place's folder and add to its environment
 */
export const ownStack = (argsOf: (place: Place) => string[] = () => ['--no-tills']): OwnStack => {
  const own = {
    post: async (address, body) => {
      const response = await fetch(`${own.stack.posApi}${address}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
        body: JSON.stringify(body),
      });
      if (response.status !== 201) throw new Error(`${address}: ${response.status} ${await response.text()}`);
      return response.json();
    },
  } as OwnStack;
  beforeAll(async () => {
    [own.place, own.browser] = await Promise.all([newPlace(), launchBrowser()]);
    own.stack = await startStack(own.place, argsOf(own.place));
    await untilSealed(own.stack);
  });
  afterAll(async () => {
    await Promise.all([own.stack?.stop(), own.browser?.close()]);
    if (own.place !== undefined) removePlace(own.place);
  });
  return own;
};
