import { z } from 'zod';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import { parts, partsSql } from './parts.ts';

/** A version of a purchase, and the block of inserts that brought it. */
export type Arrived = z.output<typeof arrived>;

const arrived = z
  .tuple([
    z.tuple([z.string(), z.string(), z.string(), z.int()]),
    z.tuple([
      z.enum(['recorded', 'voided']),
      z.string(),
      z.string(),
      z.int(),
      z.int(),
      z.int(),
      z.array(z.tuple([z.string(), z.int(), z.int()])),
    ]),
    z.tuple([z.string(), z.string(), z.int()]),
  ])
  .transform(([identity, sale, source]) => {
    const [slot, branch_id, purchase_id, version] = identity;
    const [status, recorded_at, sold_at, total_minor, units, customer_number, basket] = sale;
    const [partition, part, block] = source;
    return {
      purchase: `${slot} ${branch_id} ${purchase_id}`,
      ...{ branch_id, version, counts: status === 'recorded' },
      /** When its slot began, and it was recorded and sold, ms since 1970. */
      slot: Date.parse(slot),
      recorded: Date.parse(recorded_at),
      sold: Date.parse(sold_at),
      ...{ total_minor, units, customer_number, basket },
      /** All that it says, to be compared. */
      content: JSON.stringify(sale),
      ...{ partition, part, block },
    };
  });

const COLUMNS = `(
    (slot, branch_id, purchase_id, version),
    (status, recorded_at, sold_at, total_minor, units, customer_number, arrayZip(product_ids, quantities, unit_prices_minor)),
    (_partition_id, _part, _block_number))`;

/** A row each of what arrived, what is in new parts where that was asked for, and of the parts there are afterwards. */
export const arrivedRow = z.object({
  facts: z.array(arrived),
  /** Of each part how many rows it has, and how many of them are of blocks that are known. */
  fresh: z.array(z.tuple([z.string(), z.int(), z.int()])),
  found: parts,
});

/** SQL that is true for rows of blocks that are known: those from {first} to {last} of the partition at the same place. */
const IS_KNOWN = `arrayExists((partition, first, last) -> partition = _partition_id AND _block_number >= first AND _block_number <= last,
  {partitions:Array(String)}, {firsts:Array(Int64)}, {lasts:Array(Int64)})`;

const AFTERWARDS = `UNION ALL SELECT [], [], found FROM (${partsSql('purchases')})
    ${ONE_SNAPSHOT}, ${ONE_THREAD}`;

/** SQL ({@link arrivedRow}) of all versions of those purchases that have a row in one of {parts}; and of the parts there are at a later moment. */
export const ARRIVED_IN_PARTS = `
    SELECT groupArray(${COLUMNS}) AS facts, [] AS fresh, [] AS found
    FROM silver.purchases
    WHERE (slot, branch_id, purchase_id) IN (SELECT slot, branch_id, purchase_id FROM silver.purchases WHERE _part IN {parts:Array(String)})
    ${AFTERWARDS}`;

/**
 * SQL ({@link arrivedRow}) of all versions of those purchases that have a row of a block that is not known, at most {most} such rows; of the
 * parts that are not those of {old}, at the same moment; and of the parts there are at a later one.
 */
export const ARRIVED = `
    SELECT groupArray(${COLUMNS}) AS facts, [] AS fresh, [] AS found
    FROM silver.purchases
    WHERE (slot, branch_id, purchase_id) IN (
      SELECT slot, branch_id, purchase_id FROM silver.purchases
      WHERE _part NOT IN {old:Array(String)} AND NOT ${IS_KNOWN} LIMIT {most:UInt32})
    UNION ALL SELECT [], groupArray((part, part_rows, known_rows)), []
    FROM (SELECT _part AS part, count() AS part_rows, countIf(${IS_KNOWN}) AS known_rows
          FROM silver.purchases WHERE _part NOT IN {old:Array(String)} GROUP BY part)
    ${AFTERWARDS}`;
