import { expect, test } from 'vitest';
import { openChangeFeed } from './change-feed.ts';
import type { ClickHouse, NamedQuery } from './client.ts';

/** ClickHouse as far as a feed asks it: each look waits until it is let go on. */
const opened = () => {
  const looks: { withPlaces: boolean; goOn: (rows?: number) => void }[] = [];
  const part = (rows: number) => ['2025_1_1_0', '2025', 1, 1, 1, rows, '/store/abc/2025_1_1_0/'];
  const clickhouse = {
    row: async <Row>({ sql, row }: NamedQuery<Row>) => {
      const withPlaces = sql.includes('AS places');
      await new Promise<void>((resolve) => {
        looks.push({ withPlaces, goOn: () => resolve() });
      });
      const places = withPlaces ? { branches: ['SMKT001'], countries: ['Austria'], places: '42' } : {};
      return row.parse({ found: [part(1)], ...places });
    },
  } as unknown as ClickHouse;
  return { feed: openChangeFeed(clickhouse), looks };
};

const turn = () => new Promise((resolve) => setTimeout(resolve));

test('who asks while a look is under way waits for the next one, which all who wait share', async () => {
  const { feed, looks } = opened();
  const done: string[] = [];
  const ask = (name: string, places = false) =>
    feed.now({ places }).then((moment) => done.push(`${name} ${moment.places}`));
  const asked = [ask('first'), ask('second'), ask('third', true)];
  await turn();
  expect(looks).toHaveLength(1);
  looks[0]?.goOn();
  await turn();
  expect(done).toEqual(['first ']);
  // It looks for what any of those who wait needs.
  expect(looks.map(({ withPlaces }) => withPlaces)).toEqual([false, true]);
  looks[1]?.goOn();
  await Promise.all(asked);
  expect(done).toEqual(['first ', 'second 42', 'third 42']);
});

test('what was before the first look is not known, and while nothing comes there are no changes', async () => {
  const { feed, looks } = opened();
  const look = async () => {
    const moment = feed.now();
    await turn();
    looks.at(-1)?.goOn();
    return (await moment).position;
  };
  const first = await look();
  expect(feed.since(first - 1)).toBeUndefined();
  expect(await look()).toBe(first);
  expect(feed.since(first)).toEqual([]);
});

test('a look that failed does not keep the next one away', async () => {
  let fails = true;
  const clickhouse = {
    row: async <Row>({ row }: NamedQuery<Row>) => {
      if (fails) throw new Error('gone');
      return row.parse({ found: [] });
    },
  } as unknown as ClickHouse;
  const feed = openChangeFeed(clickhouse);
  const both = [feed.now(), feed.now()];
  await expect(both[0]).rejects.toThrow('gone');
  await expect(both[1]).rejects.toThrow('gone');
  fails = false;
  await expect(feed.now()).resolves.toMatchObject({ places: '' });
});
