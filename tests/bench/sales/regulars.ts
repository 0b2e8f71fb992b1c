import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

interface Totals {
  revision: number;
  purchases: number;
  spent: number;
  /** Moments of the first purchase and of the one that made them loyal, ms since 1970. */
  first: number;
  loyal: number;
}

/** A customer who has long been loyal in a branch, and so in the chain: what they buy now moves no milestone. */
export interface Regular {
  number: number;
  snapshot(of: 'chain' | 'branch'): Totals;
  /** Buys once more (1), or voids a purchase (-1). */
  count(by: 1 | -1): void;
}

/** Customers of one branch: more would make the sets of the sales that come in no larger in practice. */
const MOST = 500;
/** What each of their purchases costs, in minor units. */
export const PRICE = 350;

const totals = z.object({
  branch: z.string(),
  number: z.int(),
  revision: z.int(),
  purchases: z.int(),
  spent: z.int(),
  first: z.int(),
  loyal: z.int(),
});

/** Customers who became loyal in a branch before a moment (ms), by branch. */
export const readRegulars = async (
  clickhouse: ClickHouse,
  before: number,
): Promise<ReadonlyMap<string, readonly Regular[]>> => {
  const read = (branch: string, table: string, where: string) =>
    clickhouse.rows({
      name: 'regulars',
      sql: `SELECT ${branch} AS branch, number, revision, purchases, spent_minor AS spent,
              toUnixTimestamp64Milli(assumeNotNull(first_sold_at)) AS first, toUnixTimestamp64Milli(assumeNotNull(loyal_since)) AS loyal
            FROM silver.${table} FINAL WHERE ${where}`,
      params: { before },
      row: totals,
      timeoutSeconds: 300,
    });
  const inBranches = await read(
    'toString(branch_id)',
    'customer_branches',
    `loyal_since < fromUnixTimestamp64Milli({before:Int64}, 'UTC') LIMIT ${MOST} BY branch_id`,
  );
  const numbers = [...new Set(inBranches.map(({ number }) => number))];
  const everywhere = numbers.length === 0 ? [] : await read("''", 'customers', `number IN (${numbers.join(', ')})`);
  const ofChain = new Map(everywhere.map((row) => [row.number, row]));

  const regulars = new Map<string, Regular[]>();
  for (const here of inBranches) {
    const everywhere = ofChain.get(here.number);
    if (everywhere === undefined) continue;
    regulars.set(here.branch, [...(regulars.get(here.branch) ?? []), regular(here, everywhere)]);
  }
  return regulars;
};

/** The totals of the chain are shared by all branches of a customer. */
const regular = (here: z.output<typeof totals>, everywhere: z.output<typeof totals>): Regular => ({
  number: here.number,
  snapshot: (of) => (of === 'branch' ? here : everywhere),
  count: (by) => {
    for (const told of [here, everywhere]) {
      told.revision++;
      told.purchases += by;
      told.spent += by * PRICE;
    }
  },
});
