import { z } from 'zod';
import { type FedTable, SOURCE, source } from './arrived-sql.ts';

/** A snapshot of a customer in a branch, and the block of inserts that brought it. */
export type ArrivedInBranch = z.output<typeof arrived>;

const arrived = z
  .tuple([z.tuple([z.string(), z.string(), z.int()]), z.int().nullable(), source])
  .transform(([[branch_id, customer_id, version], loyal, source]) => ({
    key: `${branch_id} ${customer_id}`,
    ...{ branch_id, version, loyal },
    content: String(loyal),
    ...source,
  }));

/** `loyal`: when the customer became loyal there, ms since 1970; none without a purchase that is not void. */
export const CUSTOMER_BRANCHES: FedTable<ArrivedInBranch> = {
  name: 'customer_branches',
  key: 'branch_id, customer_id',
  columns: `((branch_id, customer_id, revision), if(purchases > 0, toUnixTimestamp64Milli(loyal_since), NULL), ${SOURCE})`,
  row: arrived,
};
