import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { asOf } from '../figures/totals.ts';
import { type Gold, READ } from '../gold.ts';
import { Parameters } from '../parameters.ts';
import type { RowsContext } from '../rows.ts';
import { compareText } from '../text-order.ts';
import { type BreakdownBy, type Broken, brokenDown, brokenOf, sums } from './breakdown-rows.ts';

const row = z.object({ key: z.string(), newest: z.int(), sums });

const sql = (context: RowsContext, scope: Scope, by: BreakdownBy): string => `
  SELECT key, sumForEach(part) AS sums, toUnixTimestamp64Milli(max(up_to)) AS newest
  FROM ${brokenDown(context, scope, by, { coarsest: 'year', keys: {} })}
  GROUP BY key
  ${READ}`;

/** The sales of a period by category, channel, tender or cashier. All keys together have the revenue of the period. */
export interface Breakdown {
  as_of: string | null;
  rows: ({ key: string } & Broken)[];
}

/** Every key under which something was sold or came back, the most revenue (by tender: the largest amount) first. */
export const readBreakdown = async (
  gold: Gold,
  scope: Scope,
  by: BreakdownBy,
  signal?: AbortSignal,
): Promise<Breakdown> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, by);
  const found = await gold.clickhouse.rows({
    name: `breakdown_by_${by}`,
    sql: text,
    params: parameters.values,
    row,
    signal,
  });
  const weight = ({ amount_minor, revenue_minor }: Broken) => amount_minor ?? revenue_minor;
  return {
    as_of: asOf(found.map(({ newest }) => newest)),
    rows: found
      .filter(({ sums }) => sums.some((sum) => sum !== 0))
      .map(({ key, sums }) => ({ key, ...brokenOf(by, sums) }))
      .sort((a, b) => weight(b) - weight(a) || compareText(a.key, b.key)),
  };
};
