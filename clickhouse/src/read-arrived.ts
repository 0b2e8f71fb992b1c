import { ARRIVED, ARRIVED_IN_PARTS, arrivedRow } from './change-feed-sql.ts';
import type { ClickHouse } from './client.ts';
import type { ArrivedRows, KnownBlocks } from './known-blocks.ts';
import { blocksOf, type Part } from './parts.ts';

type Asked = Pick<ClickHouse, 'rows'>;

/** Reads what parts have brought that are new, or new in part; more rows than `most` may be left out, but for one. */
export const readArrived = async (
  clickhouse: Asked,
  known: KnownBlocks,
  fresh: readonly Part[],
  most: number,
): Promise<ArrivedRows> =>
  (fresh.every(known.isNew) ? await readNewParts(clickhouse, known, fresh) : undefined) ??
  readNewBlocks(clickhouse, known, most);

/** Where no known row is in them. Undefined when merges have come between: then it is not told here what they have dropped. */
const readNewParts = async (
  clickhouse: Asked,
  known: KnownBlocks,
  fresh: readonly Part[],
): Promise<ArrivedRows | undefined> => {
  const left = new Map(fresh.map(({ name, rows }) => [name, rows]));
  const params = { parts: [...left.keys()] };
  const answers = await clickhouse.rows({ name: 'arrived_purchases', sql: ARRIVED_IN_PARTS, params, row: arrivedRow });
  const rows = answers.flatMap(({ facts }) => facts);
  const old = new Set(known.params().old);
  for (const { part } of rows) {
    const more = left.get(part);
    if (more !== undefined) left.set(part, more - 1);
    else if (!old.has(part)) return undefined;
  }
  if ([...left.values()].some((more) => more !== 0)) return undefined;
  return {
    rows,
    fresh: fresh.map((part) => ({ ...part, knownRows: 0 })),
    found: answers.flatMap(({ found }) => found),
  };
};

const readNewBlocks = async (clickhouse: Asked, known: KnownBlocks, most: number): Promise<ArrivedRows> => {
  const params = { ...known.params(), most: most + 1 };
  const answers = await clickhouse.rows({ name: 'arrived_purchases', sql: ARRIVED, params, row: arrivedRow });
  return {
    rows: answers.flatMap(({ facts }) => facts),
    fresh: answers
      .flatMap(({ fresh }) => fresh)
      .map(([name, rows, knownRows]) => ({ name, ...blocksOf(name), rows, knownRows })),
    found: answers.flatMap(({ found }) => found),
  };
};
