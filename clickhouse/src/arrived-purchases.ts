import { z } from 'zod';
import { type FedTable, SOURCE, source } from './arrived-sql.ts';

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
    source,
  ])
  .transform(([identity, sale, source]) => {
    const [slot, branch_id, purchase_id, version] = identity;
    const [status, recorded_at, sold_at, total_minor, units, customer_number, basket] = sale;
    return {
      key: `${slot} ${branch_id} ${purchase_id}`,
      ...{ branch_id, version, counts: status === 'recorded' },
      /** When its slot began, and it was recorded and sold, ms since 1970. */
      slot: Date.parse(slot),
      recorded: Date.parse(recorded_at),
      sold: Date.parse(sold_at),
      ...{ total_minor, units, customer_number, basket },
      /** All that it says, to be compared. */
      content: JSON.stringify(sale),
      ...source,
    };
  });

export const PURCHASES: FedTable<Arrived> = {
  name: 'purchases',
  key: 'slot, branch_id, purchase_id',
  columns: `(
    (slot, branch_id, purchase_id, version),
    (status, recorded_at, sold_at, total_minor, units, customer_number, arrayZip(product_ids, quantities, unit_prices_minor)),
    ${SOURCE})`,
  row: arrived,
};
