import type { ClickHouse } from '@tillstream/clickhouse/client';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { sealContext } from '@tillstream/clickhouse/seal/context';
import { proofSteps } from '@tillstream/clickhouse/seal/proof';
import { sealAll } from '@tillstream/clickhouse/seal/sealer';
import { readState } from '@tillstream/clickhouse/seal/state';
import { z } from 'zod';
import { ALL, SHOP } from './world.ts';

const DAY = 86_400_000;
const LOYAL = 3;

interface Scope {
  from: number;
  to: number;
  branch?: string;
}

/**
 * At rest: seals everything, proves that no seal is left that is not true, and prints how many figures differ from the same of the facts
 * FINAL: the chain and a branch, all time, thirty days with odd borders and the day that runs.
 */
export const compareWithFacts = async (clickhouse: ClickHouse, now: number): Promise<void> => {
  await sealAll(clickhouse, { shop: SHOP, now, graceMs: 0 });
  let stale = 0;
  const context = sealContext(clickhouse, SHOP);
  for await (const { slots, days, milestones } of proofSteps(context, await readState(context)))
    stale += slots + days + milestones;

  const day = Math.floor(now / DAY) * DAY;
  const odd = { from: day - 29 * DAY + 7 * 60_000, to: now - 5 * 3_600_000 - 8 * 60_000 };
  const today = { from: day, to: day + DAY };
  const scopes: Scope[] = [ALL, { ...ALL, branch: 'SMKT001' }, odd, { ...odd, branch: 'SMKT002' }, today];
  const gold = openGold(clickhouse, SHOP);
  let [wrong, asked] = [0, 0];
  for (const scope of scopes) {
    const ours = await readKpis(gold, scope, LOYAL);
    const { loyal_customers, ...facts } = await factsOf(clickhouse, scope);
    // Loyal ones became so before the end of a scope, whenever that was: the facts of a scope tell of them only from the beginning on.
    const truth: Record<string, number> = scope.from === 0 ? { ...facts, loyal_customers } : facts;
    for (const [figure, value] of Object.entries(truth)) {
      asked++;
      if (ours[figure as keyof typeof ours] !== value) wrong++;
    }
  }
  console.log(
    `  against the facts: ${wrong} of ${asked} figures wrong; a proof of everything found ${stale} seals stale`,
  );
};

const factsOf = (clickhouse: ClickHouse, { from, to, branch }: Scope) =>
  clickhouse.row({
    name: 'facts',
    sql: `SELECT sum(bought) AS purchases, sum(items) AS items, sum(revenue) AS revenue_minor, countIf(number != 0) AS unique_customers,
            countIf(number != 0 AND bought >= ${LOYAL}) AS loyal_customers
          FROM (
            SELECT customer_number AS number, count() AS bought, sum(units) AS items, sum(total_minor) AS revenue FROM gold.purchases
            WHERE slot >= toStartOfFifteenMinutes(toDateTime(intDiv({from:Int64}, 1000), 'UTC')) AND sold_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
              AND sold_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC') ${branch === undefined ? '' : 'AND branch_id = {branch:String}'}
            GROUP BY number
          )`,
    // To the millisecond, as the questions are asked: at a sale a second the rest of a second holds one.
    params: { from, to, branch: branch ?? '' },
    row: z.object({
      purchases: z.int(),
      items: z.int(),
      revenue_minor: z.int(),
      unique_customers: z.int(),
      loyal_customers: z.int(),
    }),
    timeoutSeconds: 300,
  });
