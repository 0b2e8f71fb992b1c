import { expect, test } from 'vitest';
import { PURCHASES } from './arrived-purchases.ts';
import { openChangeFeed } from './change-feed.ts';
import type { Look } from './looks.ts';

const clickhouse = { rows: () => Promise.reject(new Error('nothing is to be read')) };
const part = {
  ...{ name: '2025_1_1_0', partition: '2025', first: 1, last: 1, version: 1, rows: 1 },
  path: '/store/abc/2025_1_1_0/',
};
const NOTHING: Look = { purchases: [part], customers: [], customer_branches: [], products: [], branches: [] };

test('what was before the first look is not known, and while nothing comes there are no changes', async () => {
  const feed = openChangeFeed({ clickhouse, table: PURCHASES, looks: async () => NOTHING });
  const { position, look } = await feed.now();
  expect(look).toBe(NOTHING);
  expect(feed.since(position - 1)).toBeUndefined();
  expect((await feed.now()).position).toBe(position);
  expect(feed.since(position)).toEqual([]);
});

test('a look that failed, or found what could not be read, does not keep the next one away', async () => {
  const found: (Look | undefined)[] = [NOTHING, undefined, { ...NOTHING, purchases: [part, grown(2)] }, NOTHING];
  const looks = async () => {
    const next = found.shift();
    if (next === undefined) throw new Error('gone');
    return next;
  };
  const feed = openChangeFeed({ clickhouse, table: PURCHASES, looks });
  const { position } = await feed.now();
  await expect(feed.now()).rejects.toThrow('gone');
  await expect(feed.now()).rejects.toThrow('nothing is to be read');
  await expect(feed.now()).resolves.toMatchObject({ position });
});

const grown = (block: number) => ({
  ...{ name: `2025_${block}_${block}_0`, partition: '2025', first: block, last: block, version: block, rows: 1 },
  path: `/store/abc/2025_${block}_${block}_0/`,
});
