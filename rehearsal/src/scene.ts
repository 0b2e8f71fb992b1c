import type { Book } from './book.ts';
import type { Client } from './client.ts';
import type { Stack } from './stack.ts';
import type { Takings, Tills } from './tills.ts';

/** A stack that is up, who sells at it, and what it must show. */
export interface Scene {
  stack: Stack;
  client: Client;
  tills: Tills;
  book: Book;
}

/** The services of ours, and the stores. */
export const OURS = ['pos-api', 'relay', 'reconciler', 'dashboard'] as const;
export const STORES = ['postgres', 'redpanda', 'clickhouse'] as const;

export const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1);

export const told = ({ answered, failed, retries, p50, p99, worst }: Takings): string =>
  `${answered} sold, ${failed} failed, ${retries} retries, p50 ${p50}, p99 ${p99}, worst ${worst} ms`;

/** Throws when a till was left without an answer. */
export const requireAll = ({ failed, answered }: Takings): void => {
  if (failed > 0 || answered === 0) throw new Error(`${failed} sales were never answered, ${answered} were`);
};
