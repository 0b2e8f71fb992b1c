import { arrivedSql, type FedTable } from './arrived-sql.ts';
import type { ClickHouse } from './client.ts';
import type { ArrivedRows, KnownBlocks, Version } from './known-blocks.ts';
import { blocksOf, type Part } from './parts.ts';

/** Reads what parts have brought that are new, or new in part; more rows than `most` may be left out, but for one. */
export type ReadArrived<Row extends Version> = (
  known: KnownBlocks<Row>,
  fresh: readonly Part[],
  most: number,
) => Promise<ArrivedRows<Row>>;

/** Opens the reading of one table. */
export const readArrivedOf = <Row extends Version>(
  clickhouse: Pick<ClickHouse, 'rows'>,
  table: FedTable<Row>,
): ReadArrived<Row> => {
  const { inParts, ofBlocks, row } = arrivedSql(table);

  const ask = async (sql: string, params: Record<string, unknown>) => {
    const answers = await clickhouse.rows({ name: `arrived_${table.name}`, sql, params, row });
    return {
      rows: answers.flatMap(({ rows }) => rows),
      fresh: answers.flatMap(({ fresh }) => fresh),
      found: answers.flatMap(({ found }) => found),
    };
  };

  /** Where no known row is in them. Undefined when merges have come between: then it is not told here what they have dropped. */
  const ofNewParts = async (known: KnownBlocks<Row>, fresh: readonly Part[]): Promise<ArrivedRows<Row> | undefined> => {
    const left = new Map(fresh.map(({ name, rows }) => [name, rows]));
    const { rows, found } = await ask(inParts, { parts: [...left.keys()] });
    const old = new Set(known.params().old);
    for (const { part } of rows) {
      const more = left.get(part);
      if (more !== undefined) left.set(part, more - 1);
      else if (!old.has(part)) return undefined;
    }
    if ([...left.values()].some((more) => more !== 0)) return undefined;
    return { rows, fresh: fresh.map((part) => ({ ...part, knownRows: 0 })), found };
  };

  const ofNewBlocks = async (known: KnownBlocks<Row>, most: number): Promise<ArrivedRows<Row>> => {
    const { rows, fresh, found } = await ask(ofBlocks, { ...known.params(), most: most + 1 });
    return {
      rows,
      fresh: fresh.map(([name, rows, knownRows]) => ({ name, ...blocksOf(name), rows, knownRows })),
      found,
    };
  };

  return async (known, fresh, most) =>
    (fresh.every(known.isNew) ? await ofNewParts(known, fresh) : undefined) ?? ofNewBlocks(known, most);
};
