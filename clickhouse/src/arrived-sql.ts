import { z } from 'zod';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import type { Version } from './known-blocks.ts';
import { parts, partsSql, type SilverTable } from './parts.ts';

/** A table of silver whose changes are told: it keeps the highest version of each key, and its rows the number of their block of inserts. */
export interface FedTable<Row extends Version> {
  name: SilverTable;
  /** Its key, as SQL without brackets. */
  key: string;
  /** SQL of what `row` is made of. */
  columns: string;
  row: z.ZodType<Row>;
}

/** What a row says of where it is: {@link source}. */
export const SOURCE = '(_partition_id, _part, _block_number)';
export const source = z
  .tuple([z.string(), z.string(), z.int()])
  .transform(([partition, part, block]) => ({ partition, part, block }));

/** SQL that is true for rows of blocks that are known: those from {first} to {last} of the partition at the same place. */
const IS_KNOWN = `arrayExists((partition, first, last) -> partition = _partition_id AND _block_number >= first AND _block_number <= last,
  {partitions:Array(String)}, {firsts:Array(Int64)}, {lasts:Array(Int64)})`;

/**
 * SQL of all versions of those keys that have a row of a block that is not known, at most {most} such rows; {old}: parts that have none. `only`: a
 * condition on keys.
 */
export const ofNewBlocks = <Row extends Version>({ name, key }: FedTable<Row>, only = '1'): string =>
  `${versionsOf(name, key, `${only} AND _part NOT IN {old:Array(String)} AND NOT ${IS_KNOWN} LIMIT {most:UInt32}`)} AND ${only}`;

const versionsOf = (name: SilverTable, key: string, where: string): string =>
  `FROM silver.${name} WHERE (${key}) IN (SELECT ${key} FROM silver.${name} WHERE ${where})`;

/**
 * What has arrived in a table. `inParts`: all versions of those keys that have a row in one of {parts}. `ofBlocks`: of those that have a row of a block that
 * is not known, at most {most} such rows; and of the parts that are not those of {old}, at the same moment, how many rows are known. Both: the parts there are at a later moment.
 */
export const arrivedSql = <Row extends Version>(table: FedTable<Row>) => {
  const { name, key, columns, row } = table;
  const arrived = `SELECT groupArray(${columns}) AS rows, [] AS fresh, [] AS found`;
  const afterwards = `UNION ALL SELECT [], [], found FROM (${partsSql(name)})
    ${ONE_SNAPSHOT}, ${ONE_THREAD}`;
  return {
    inParts: `${arrived} ${versionsOf(name, key, '_part IN {parts:Array(String)}')}
    ${afterwards}`,
    ofBlocks: `${arrived} ${ofNewBlocks(table)}
    UNION ALL SELECT [], groupArray((part, part_rows, known_rows)), []
    FROM (SELECT _part AS part, count() AS part_rows, countIf(${IS_KNOWN}) AS known_rows
          FROM silver.${name} WHERE _part NOT IN {old:Array(String)} GROUP BY part)
    ${afterwards}`,
    row: z.object({
      rows: z.array(row),
      /** Of each part how many rows it has, and how many of them are of blocks that are known. */
      fresh: z.array(z.tuple([z.string(), z.int(), z.int()])),
      found: parts,
    }),
  };
};
